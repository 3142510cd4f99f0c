package server_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// While Harbor never answered, nobody can say whether an image is there: the
// spelling is taken as it stands.
func TestASpellingThatNobodyCouldBeAskedAbout(t *testing.T) {
	h, users := startHarbor(t, harbortest.StartOptions{})
	pushUser(t, h, "tool-c/web:latest")
	h.Fault(harbortest.Any, harbortest.Status(http.StatusServiceUnavailable))
	p := &platform{service: start(t, setup{values: spelled, users: users}), harbor: h, inventory: users}
	digest := digestOf("web")
	const web = "harbor.test/tool-c/web"
	for name, want := range map[string]struct {
		image api.Image
		match api.Match
	}{
		"tool-c/web:latest": {
			api.Image{ShortName: "tool-c/web:latest", Tool: "c", Path: "tool-c/web", Tag: "latest", Image: web + ":latest"},
			api.Match{ShortName: "tool-c/web:latest", Image: web + ":latest"},
		},
		"tool-c/web": {
			api.Image{ShortName: "tool-c/web", Tool: "c", Path: "tool-c/web", Image: web},
			api.Match{ShortName: "tool-c/web", Image: web},
		},
		"harbor.test/tool-c/web:v1@" + digest: {
			api.Image{
				ShortName: "tool-c/web:v1@" + digest, Tool: "c", Path: "tool-c/web", Tag: "v1", Image: web + ":v1",
				Aliases: api.List[string]{"tool-c/web:v1@" + digest}, Digest: digest, Pinned: web + ":v1@" + digest,
			},
			api.Match{ShortName: "tool-c/web:v1@" + digest, Digest: digest, Image: web + ":v1@" + digest},
		},
		"tool-other--one/app:v1": { // of another tool, and as people write it
			api.Image{
				ShortName: "tool-other-char.sep-one/app:v1", Tool: "other--one", Path: "tool-other-char.sep-one/app", Tag: "v1",
				Image: "harbor.test/tool-other-char.sep-one/app:v1",
			},
			api.Match{ShortName: "tool-other-char.sep-one/app:v1", Image: "harbor.test/tool-other-char.sep-one/app:v1"},
		},
	} {
		want.image.Type, want.image.State, want.image.Host, want.image.Stale = "buildservice", "stable", harborHost, true
		want.image.Variants = api.Map[api.Variant]{}
		if want.image.Aliases == nil {
			want.image.Aliases = api.List[string]{}
		}
		want.match.Rule = "unasked"
		got := into[api.ResolveAnswer](p.resolve(t, "c", []string{name}), http.StatusOK)
		require.Equal(t, want.image, got.Image, name)
		require.Equal(t, want.match, got.Match, name)
		require.Equal(t, []string{"harbor.test cannot be asked now: images that tools built are not known"}, got.Messages.Warning)
		batch := into[api.ResolutionsAnswer](p.resolve(t, "c", []string{name, "bookworm"}), http.StatusOK)
		require.Equal(t, got.Image, batch.Results[0].Image)
		require.Equal(t, http.StatusOK, batch.Results[0].Status)
		require.Equal(t, got.Messages, batch.Messages)
	}
	for _, name := range []string{
		"two.test/tool-c/web:latest",                                                               // on a host that holds no tool's images
		"tool-c/WEB:latest", "tool-c/web:v1@sha:123", "tool-C/web:latest", "tool-c/", "tool-c/a b", // what no registry can have
		"nope",
	} {
		require.False(t, *into[api.Error](p.resolve(t, "c", []string{name}), http.StatusNotFound).Image.Exists, name)
	}
	require.Equal(t, "bookworm", into[api.ResolveAnswer](p.resolve(t, "c", []string{"bookworm"}), http.StatusOK).Image.ShortName)
	explained := into[api.ResolveAnswer](p.resolveWith(t, "c", url.Values{"name": {"tool-c/web"}, "explain": {"true"}}), http.StatusOK)
	require.Equal(t, "nobody could be asked yet: it is taken as it stands", explained.Explain.Says)

	h.ClearFaults()
	p.round(t)
	got := into[api.ResolveAnswer](p.resolve(t, "c", []string{"tool-c/web"}), http.StatusOK)
	require.True(t, *got.Image.Exists)
	require.Empty(t, got.Messages)
	require.Equal(t, http.StatusNotFound, p.resolve(t, "c", []string{"tool-other--one/app:v1"}).status, "it was asked by now")
}

// What Harbor said last stands while it does not answer: what was there and
// what was not, each with a warning.
func TestSpellingsWhileHarborDoesNotAnswer(t *testing.T) {
	p := startSpelled(t, setup{})
	p.harbor.Fault(harbortest.Any, harbortest.HTML(http.StatusBadGateway))
	p.round(t)
	got := into[api.ResolveAnswer](p.resolve(t, "c", []string{"tool-c/web"}), http.StatusOK)
	require.True(t, *got.Image.Exists)
	require.True(t, got.Image.Stale)
	const stale = "harbor.test cannot be asked now: images that tools built are as it last answered"
	require.Equal(t, []string{stale}, got.Messages.Warning)
	require.Equal(t, []string{stale}, into[api.Error](p.resolve(t, "c", []string{"tool-c/nope"}), http.StatusNotFound).Warning)
	require.Empty(t, into[api.ResolveAnswer](p.resolve(t, "c", []string{"bookworm"}), http.StatusOK).Messages.Warning)

	p.registries.fail("one.test", refused("one.test"))
	p.refresh(t)
	got = into[api.ResolveAnswer](p.resolve(t, "c", []string{"bookworm"}), http.StatusOK)
	require.True(t, got.Image.Stale)
	require.Len(t, got.Messages.Warning, 1)
	require.Contains(t, got.Messages.Warning[0], "one.test")
}

// A platform where nobody builds has no tools' images, whoever is asked.
func TestToolsSpellingsWhereNobodyBuilds(t *testing.T) {
	s := start(t, setup{values: spelled})
	require.Equal(t, http.StatusNotFound, s.resolve(t, "c", []string{"tool-c/web"}).status)
	require.Equal(t, http.StatusNotFound, s.resolve(t, "c", []string{"tool-c/web"}, "Cache-Control", noCache).status)
	require.Equal(t, http.StatusOK, s.resolve(t, "c", []string{"bookworm"}).status)
}

// A tool that Harbor lists and cannot answer about while it answers about others
// is not known, which is not the same as having nothing.
func TestSpellingsOfAToolThatWasNeverRead(t *testing.T) {
	h, users := startHarbor(t, harbortest.StartOptions{})
	for _, image := range []string{"tool-c/web:latest", "tool-big/app:latest", "!tool-hidden/vault:v7"} {
		pushUser(t, h, image)
	}
	h.Fault(harbortest.PathContains("/tool-big/"), harbortest.Status(http.StatusInternalServerError))
	h.Fault(harbortest.PathContains("/tool-hidden/"), harbortest.Status(http.StatusInternalServerError))
	p := &platform{service: start(t, setup{values: spelled, users: users}), harbor: h, inventory: users}

	got := into[api.ResolveAnswer](p.resolve(t, "c", []string{"tool-big/app"}), http.StatusOK)
	require.Equal(t, "unasked", got.Match.Rule)
	require.Nil(t, got.Image.Exists)
	require.True(t, got.Image.Stale)
	require.Equal(t, []string{"harbor.test could not be asked yet what tool big built"}, got.Messages.Warning)
	require.Equal(t, http.StatusNotFound, p.resolve(t, "c", []string{"tool-c/other"}).status, "what it answered about is known")
	require.Equal(t, http.StatusNotFound, p.resolve(t, "c", []string{"tool-nobody/app"}).status)
	require.Equal(t, http.StatusNotFound, p.resolve(t, "c", []string{"tool-hidden/vault"}).status, "that it is there is its own matter")
	require.Equal(t, "unasked", into[api.ResolveAnswer](p.resolve(t, "hidden", []string{"tool-hidden/vault"}), http.StatusOK).Match.Rule)
}
