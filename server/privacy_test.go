package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// publicAnswers are what anyone, or another tool, can ask of a private image.
func (p *platform) publicAnswers(t *testing.T, name string) []answer {
	t.Helper()
	var answers []answer
	for _, path := range []string{
		"/v1/images", "/v1/images?tool=secret", "/v1/images?type=buildservice", "/v1/images?q=secret", "/v1/images?name=" + name,
		"/v1/images?sort=-short_name", "/v1/images?limit=1000", "/v1/images?limit=2&cursor=dG9vbC1z", "/v1/images?fields=tags",
		"/v1/images?tool=secret&sort=-short_name&limit=1", "/v1/image-config", "/v1/metrics",
	} {
		answers = append(answers, p.get(t, path))
	}
	for _, query := range []string{"", "?tool=secret", "?name=" + name, "?q=secret"} {
		answers = append(answers, p.toolList(t, "other", query))
	}
	return answers
}

func TestAPrivateImageIsForItsToolAlone(t *testing.T) {
	const name = "tool-secret/vault:v7"
	p := startPlatform(t, setup{}, "tool-other/app:latest", "tool-secrets/app:latest")
	public := p.get(t, "/v1/images").header.Get("ETag")
	digest := pushUser(t, p.harbor, "!"+name)
	p.round(t)

	for _, a := range p.publicAnswers(t, name) {
		require.Equal(t, http.StatusOK, a.status)
		for _, secret := range []string{"vault", "v7", digest, `"secret"`} {
			require.NotContains(t, string(a.body), secret)
		}
	}
	require.Equal(t, public, p.get(t, "/v1/images").header.Get("ETag"), "not even a change shows")
	for _, spelling := range []string{name, name + "@" + digest, "tool-secret/vault:v8", "tool-secret/vault"} {
		for _, header := range [][]string{nil, {"Cache-Control", "no-cache"}} {
			a := p.get(t, "/v1/images/"+spelling, header...)
			failure := into[api.Error](a, http.StatusNotFound)
			require.Equal(t, "image_not_found", failure.Code)
			require.Empty(t, failure.Suggestions)
			require.Empty(t, failure.Warning)
			unknown := into[api.Error](p.get(t, "/v1/images/tool-nobody/vault:v7", header...), http.StatusNotFound)
			require.Equal(t, unknown.Image.State, failure.Image.State, "as one that is not there")
			require.Equal(t, unknown.Image.Exists, failure.Image.Exists)
		}
	}
	near := into[api.Error](p.get(t, "/v1/images/tool-secret"), http.StatusNotFound)
	require.NotContains(t, near.Suggestions, name)

	own := into[api.ImagesAnswer](p.toolList(t, "secret", "?type=buildservice"), http.StatusOK)
	require.Len(t, own.Images, 1)
	require.Equal(t, name, own.Images[0].ShortName)
	require.Equal(t, digest, own.Images[0].Digest)
	require.Contains(t, p.toolNames(t, "secret", ""), name)
	require.Equal(t, http.StatusForbidden, p.get(t, "/v1/tool/secret/images", "X-Toolforge-Tool", "other").status)

	told := p.told(t)
	pushUser(t, p.harbor, "!tool-secret/vault:v9")
	p.round(t)
	require.Equal(t, public, p.get(t, "/v1/images").header.Get("ETag"))
	require.Equal(t, told, p.told(t), "nor that there was a push")
	require.Contains(t, p.toolNames(t, "secret", ""), "tool-secret/vault:v9")
}

// told is what anyone may know of the snapshot that is served.
func (p *platform) told(t *testing.T) api.Snapshot {
	t.Helper()
	s := into[api.CatalogAnswer](p.get(t, "/v1/catalog"), http.StatusOK).Catalog.Snapshot
	require.EqualValues(t, s.CreatedAt.Unix(), value(t, p.scrape(t), "bayplan_snapshot_created_timestamp_seconds"))
	return s
}

// What anyone may see counts, whatever it is.
func TestTheGenerationGrowsWithWhatChangesForAll(t *testing.T) {
	p := startPlatform(t, setup{}, "tool-other/app:latest", "!tool-secret/vault:v1")
	for _, c := range []struct {
		what   string
		change func()
	}{
		{"a push", func() { pushUser(t, p.harbor, "tool-other/app:v2") }},
		{"a standard image", func() { p.registries.push("bookworm", "another") }},
		{"the catalog", func() { p.write(t, "values.yaml", strings.Replace(toolSample, "state: stable", "state: beta", 1)) }},
		{"a project that is hidden", func() { require.NoError(t, p.harbor.SetVisibility("tool-other", harbortest.Private)) }},
	} {
		before := p.told(t).Generation
		c.change()
		p.refresh(t)
		p.round(t)
		require.Greater(t, p.told(t).Generation, before, c.what)
	}
}

func TestAProjectThatTurnsPrivateLeavesPublicAnswers(t *testing.T) {
	const name = "tool-secret/vault:v7"
	p := startPlatform(t, setup{}, "tool-other/app:latest", name)
	public := p.get(t, "/v1/images").header.Get("ETag")
	require.Contains(t, p.names(t, ""), name)
	require.Equal(t, http.StatusOK, p.get(t, "/v1/images/"+name).status)

	require.NoError(t, p.harbor.SetVisibility("tool-secret", harbortest.Private))
	p.round(t)
	for _, a := range p.publicAnswers(t, name) {
		require.NotContains(t, string(a.body), "vault")
	}
	require.Equal(t, http.StatusNotFound, p.get(t, "/v1/images/"+name).status)
	hidden := p.get(t, "/v1/images").header.Get("ETag")
	require.NotEqual(t, public, hidden)
	require.Contains(t, p.toolNames(t, "secret", ""), name)
}

// The catalog may have an image in a tool's project. That it is there is
// everybody's to know; what else a private one holds is not.
func TestWhatIsBesideTheCatalogsImageInAPrivateProject(t *testing.T) {
	guest := "images:\n  guest: {state: stable, image: harbor.test/tool-secret/vault}\n"
	p := startPlatform(t, setup{values: strings.Replace(toolSample, "images:\n", guest, 1)}, "tool-secret/vault:latest")
	tags := func() api.List[string] {
		listed := p.images(t, "?name=guest&fields=tags,exists")
		require.Len(t, listed, 1)
		require.True(t, *listed[0].Exists)
		one := into[api.ImageAnswer](p.get(t, "/v1/images/guest?fields=tags"), http.StatusOK).Image
		require.Equal(t, listed[0].Tags, one.Tags)
		return one.Tags
	}
	require.Equal(t, api.List[string]{"2026-07-01", "latest"}, tags())
	require.NoError(t, p.harbor.SetVisibility("tool-secret", harbortest.Private))
	p.round(t)
	require.Nil(t, tags())
	require.NoError(t, p.harbor.SetVisibility("tool-secret", harbortest.Public))
	p.round(t)
	require.NotNil(t, tags())
}
