package artifact_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

// setUp gives a registry with some versions in it, and a client.
func setUp(t *testing.T, opts artifact.Options, versions ...string) (*registrytest.Server, *artifact.Client) {
	t.Helper()
	server := registrytest.InProcess(t)
	client := newClient(t, server.URL, opts)
	for _, v := range versions {
		publish(t, client, v)
	}
	server.Forget()
	return server, client
}

func TestPullCostsTwoRequests(t *testing.T) {
	server, client := setUp(t, artifact.Options{}, "1.0.0", "1.1.0", "2.0.0-rc.1")
	byTag, err := client.Pull(t.Context(), catalog, version("1.0.0"))
	require.NoError(t, err)
	require.Equal(t, []string{"GET manifests", "GET blobs"}, methods(server))
	require.Equal(t, archive(t, "1.0.0"), byTag.Archive)
	require.Equal(t, "1.0.0", byTag.Version)
	require.Equal(t, "1.0.0", byTag.Tag)
	require.Equal(t, digest.FromBytes(byTag.Archive).String(), byTag.ArchiveDigest)
	require.Equal(t, "oci://registry.example/toolforge/image-config:1.0.0@"+byTag.Digest, byTag.Reference.String())
	require.Equal(t, "image-config", byTag.Metadata.Name)
	require.Equal(t, "1.1", byTag.Metadata.AppVersion, "as Helm reads an unquoted 1.10")
	require.Contains(t, string(byTag.Config), `"name":"image-config"`)
	require.Equal(t, "Names <images> & what they mean. ", byTag.Annotations[ocispec.AnnotationDescription])
	require.Nil(t, byTag.Provenance)
	require.Zero(t, byTag.Created)

	server.Forget()
	byDigest, err := client.Pull(t.Context(), catalog, artifact.Selection{Digest: byTag.Digest})
	require.NoError(t, err)
	require.Equal(t, []string{"GET manifests", "GET blobs"}, methods(server))
	byTag.Tag = ""
	require.Equal(t, byTag, byDigest)

	server.Forget()
	byConstraint, err := client.Pull(t.Context(), catalog, artifact.Selection{Constraint: "^1"})
	require.NoError(t, err)
	require.Equal(t, []string{"GET tags", "GET manifests", "GET blobs"}, methods(server))
	require.Equal(t, "1.1.0", byConstraint.Version)
}

func TestPullOfAVersionWithItsDigest(t *testing.T) {
	_, client := setUp(t, artifact.Options{}, "1.0.0", "1.1.0")
	first, err := client.Resolve(t.Context(), catalog, version("1.0.0"))
	require.NoError(t, err)

	both, err := client.Pull(t.Context(), catalog, artifact.Selection{Version: "1.0.0", Digest: first.Digest})
	require.NoError(t, err)
	require.Equal(t, "1.0.0", both.Version)

	_, err = client.Pull(t.Context(), catalog, artifact.Selection{Version: "1.1.0", Digest: first.Digest})
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	require.ErrorContains(t, err, "the tag says version 1.1.0, Chart.yaml 1.0.0")
}

func TestPullIfChanged(t *testing.T) {
	server, client := setUp(t, artifact.Options{}, "1.0.0")
	chart, changed, err := client.PullIfChanged(t.Context(), catalog, version("1.0.0"), "")
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, []string{"HEAD manifests", "GET manifests", "GET blobs"}, methods(server))
	require.Equal(t, "1.0.0", chart.Tag)
	require.Contains(t, server.Requests()[1].Path, chart.Digest, "by digest: the tag may have moved since the HEAD")

	server.Forget()
	unchanged, changed, err := client.PullIfChanged(t.Context(), catalog, version("1.0.0"), chart.Digest)
	require.NoError(t, err)
	require.False(t, changed)
	require.Nil(t, unchanged)
	require.Equal(t, []string{"HEAD manifests"}, methods(server))

	server.Forget()
	constraint := artifact.Selection{Constraint: ">=1"}
	_, changed, err = client.PullIfChanged(t.Context(), catalog, constraint, chart.Digest)
	require.NoError(t, err)
	require.False(t, changed)
	require.Equal(t, []string{"GET tags", "HEAD manifests"}, methods(server))

	publish(t, client, "1.0.1")
	next, changed, err := client.PullIfChanged(t.Context(), catalog, constraint, chart.Digest)
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, "1.0.1", next.Version)

	_, changed, err = client.PullIfChanged(t.Context(), catalog, version("9.9.9"), chart.Digest)
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	require.False(t, changed)
}

func TestResolve(t *testing.T) {
	server, client := setUp(t, artifact.Options{}, "1.0.0+build.5", "0.9.0")
	exact, err := client.Resolve(t.Context(), artifact.Reference{Host: host, Path: path, Version: "1.0.0+build.5"}, artifact.Selection{})
	require.NoError(t, err)
	require.Equal(t, []string{"HEAD manifests"}, methods(server))
	require.Equal(t, "1.0.0+build.5", exact.Version)
	require.Equal(t, "1.0.0_build.5", exact.Tag)
	require.Positive(t, exact.Size)

	server.Forget()
	chosen, err := client.Resolve(t.Context(), catalog, artifact.Selection{Constraint: "*"})
	require.NoError(t, err)
	require.Equal(t, []string{"GET tags", "HEAD manifests"}, methods(server))
	require.Equal(t, exact, chosen)

	byDigest, err := client.Resolve(t.Context(), catalog, artifact.Selection{Digest: exact.Digest})
	require.NoError(t, err)
	require.Equal(t, artifact.Descriptor{Digest: exact.Digest, Size: exact.Size}, byDigest)

	_, err = client.Resolve(t.Context(), catalog, version("3.0.0"))
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	require.EqualError(t, err, "resolve chart: oci://registry.example/toolforge/image-config:3.0.0: the registry does not have it")
	require.Contains(t, fault.HintOf(err), "`oras repo tags registry.example/toolforge/image-config`")
}

func TestPullProvenance(t *testing.T) {
	server, client := setUp(t, artifact.Options{Provenance: true}, "1.0.0")
	without, err := client.Pull(t.Context(), catalog, version("1.0.0"))
	require.NoError(t, err)
	require.Nil(t, without.Provenance)
	require.Len(t, server.Requests(), 2)

	signed := artifact.Package{Archive: archive(t, "1.0.1"), Provenance: []byte("-----BEGIN PGP SIGNED MESSAGE-----\n")}
	_, err = client.Publish(t.Context(), catalog, signed)
	require.NoError(t, err)
	server.Forget()
	chart, err := client.Pull(t.Context(), catalog, version("1.0.1"))
	require.NoError(t, err)
	require.Equal(t, signed.Provenance, chart.Provenance)
	require.Equal(t, []string{"GET manifests", "GET blobs", "GET blobs"}, methods(server))

	server.Forget()
	_, err = newClient(t, server.URL, artifact.Options{}).Pull(t.Context(), catalog, version("1.0.1"))
	require.NoError(t, err)
	require.Len(t, server.Requests(), 2, "not asked for, not fetched")
}

func TestPullCreated(t *testing.T) {
	_, client := setUp(t, artifact.Options{})
	at := time.Date(2026, 7, 22, 0, 13, 36, 0, time.FixedZone("", 7200))
	_, err := client.Publish(t.Context(), catalog, artifact.Package{Archive: archive(t, "1.0.0"), Created: at})
	require.NoError(t, err)
	chart, err := client.Pull(t.Context(), catalog, version("1.0.0"))
	require.NoError(t, err)
	require.Equal(t, at.UTC(), chart.Created)
}

// A tag that is no version may point to any version of the chart.
func TestPullMovingTag(t *testing.T) {
	server, client := setUp(t, artifact.Options{}, "1.0.0", "1.1.0")
	for _, v := range []string{"1.0.0", "1.1.0"} {
		data := rawManifest(t, server, v)
		putManifest(t, server, "stable", ocispec.MediaTypeImageManifest, data)
		chart, err := client.Pull(t.Context(), catalog, version("stable"))
		require.NoError(t, err)
		require.Equal(t, v, chart.Version)
		require.Equal(t, "stable", chart.Tag)
	}
	// One that is a version may not.
	putManifest(t, server, "1.2.0", ocispec.MediaTypeImageManifest, rawManifest(t, server, "1.1.0"))
	_, err := client.Pull(t.Context(), catalog, version("1.2.0"))
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	require.ErrorContains(t, err, "the tag says version 1.2.0, Chart.yaml 1.1.0")
}

// rawManifest reads a manifest as it lies in the registry.
func rawManifest(t *testing.T, server *registrytest.Server, tag string) []byte {
	t.Helper()
	recorder := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v2/"+path+"/manifests/"+tag, nil)
	server.ServeHTTP(recorder, request)
	require.Equal(t, http.StatusOK, recorder.Code)
	return recorder.Body.Bytes()
}

// The config blob is fetched only if it is not what Helm makes of Chart.yaml; then
// it has to say the same.
func TestPullComparesAnUnusualConfig(t *testing.T) {
	for name, c := range map[string]struct{ config, message string }{
		"fewer fields":         {`{"name":"image-config","version":"1.0.0"}`, ""},
		"other order, unknown": {`{"version": "1.0.0", "name": "image-config", "apiVersion": "v2", "new": [1]}`, ""},
		"empty fields":         {`{"name":"image-config","version":"1.0.0","icon":"","deprecated":false,"dependencies":[],"type":null}`, ""},
		"other version":        {`{"name":"image-config","version":"1.0.1"}`, "its config blob says version 1.0.1, Chart.yaml 1.0.0"},
		"other name":           {`{"name":"jobs-api","version":"1.0.0"}`, "its config blob says name jobs-api"},
		"no version":           {`{"name":"image-config"}`, "its config blob says version"},
		"version no string":    {`{"name":"image-config","version":["1.0.0"]}`, "its config blob says version"},
		"other description":    {`{"name":"image-config","version":"1.0.0","description":"x"}`, "different things about description"},
		"deprecated":           {`{"name":"image-config","version":"1.0.0","deprecated":true}`, "different things about deprecated"},
		"a key twice":          {`{"name":"image-config","version":"1.0.0","Version":"1.0.1"}`, "stands there twice"},
		"no object":            {`[]`, "config blob"},
		"null":                 {`null`, "its config blob says name"},
		"no JSON":              {`name: image-config`, "config blob"},
		"empty":                {``, "config blob"},
	} {
		t.Run(name, func(t *testing.T) {
			server, client := setUp(t, artifact.Options{})
			config := putBlob(t, server, artifact.ConfigMediaType, []byte(c.config))
			layer := putBlob(t, server, artifact.ArchiveMediaType, archive(t, "1.0.0"))
			putManifest(t, server, "1.0.0", ocispec.MediaTypeImageManifest, manifestOf(t, config, layer))
			server.Forget()
			chart, err := client.Pull(t.Context(), catalog, version("1.0.0"))
			require.Equal(t, []string{"GET manifests", "GET blobs", "GET blobs"}, methods(server))
			if c.message == "" {
				require.NoError(t, err)
				require.Equal(t, c.config, string(chart.Config))
				return
			}
			require.Equal(t, fault.Invalid, fault.KindOf(err), "%v", err)
			require.ErrorContains(t, err, c.message)
			require.Nil(t, chart)
		})
	}
}

// Two tags, one layer, and a manifest that is larger than a small answer: sizes
// that must not be mistaken for hostile.
func TestPullLargeButAllowed(t *testing.T) {
	server, client := setUp(t, artifact.Options{})
	noise := make([]byte, 900<<10)
	state := uint32(1)
	for i := range noise { // incompressible, and the same each time
		state = state*1664525 + 1013904223
		noise[i] = byte(state >> 24)
	}
	big := archiveOf(t, map[string]string{
		"image-config/Chart.yaml":  chartYAML("image-config", "1.0.0"),
		"image-config/values.yaml": string(noise),
	})
	require.Greater(t, len(big), 900<<10)
	_, err := client.Publish(t.Context(), catalog, artifact.Package{
		Archive: big, Annotations: map[string]string{"note": strings.Repeat("n", 900<<10)},
	})
	require.NoError(t, err)
	server.Forget()
	chart, err := client.Pull(t.Context(), catalog, version("1.0.0"))
	require.NoError(t, err)
	require.True(t, bytes.Equal(big, chart.Archive))
	require.Len(t, server.Requests(), 2)
}

// Another chart under our name is not our chart.
func TestPullAnotherChart(t *testing.T) {
	server, client := setUp(t, artifact.Options{})
	other := archiveOf(t, map[string]string{"jobs-api/Chart.yaml": "apiVersion: v2\nname: jobs-api\nversion: 1.0.0\n"})
	config := putBlob(t, server, artifact.ConfigMediaType, []byte(`{"name":"jobs-api","version":"1.0.0","apiVersion":"v2"}`))
	layer := putBlob(t, server, artifact.ArchiveMediaType, other)
	putManifest(t, server, "1.0.0", ocispec.MediaTypeImageManifest, manifestOf(t, config, layer))
	_, err := client.Pull(t.Context(), catalog, version("1.0.0"))
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	require.ErrorContains(t, err, `the repository is named "image-config", the chart in it "jobs-api"`)
}
