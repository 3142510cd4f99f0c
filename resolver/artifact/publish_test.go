package artifact_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

func TestPublish(t *testing.T) {
	server, client := setUp(t, artifact.Options{})
	pkg := artifact.Package{
		Archive:     archive(t, "1.0.0+build.5"),
		Created:     time.Unix(1784679216, 0),
		Revision:    "ea583302",
		Annotations: map[string]string{"org.example.ticket": "T409726", ocispec.AnnotationTitle: "ignored"},
	}
	done, err := client.Publish(t.Context(), catalog, pkg)
	require.NoError(t, err)
	require.Equal(t, "1.0.0+build.5", done.Version)
	require.Equal(t, "1.0.0_build.5", done.Tag)
	require.Equal(t, digest.FromBytes(pkg.Archive).String(), done.ArchiveDigest)
	require.False(t, done.AlreadyPublished)
	require.Equal(t, "oci://registry.example/toolforge/image-config:1.0.0+build.5@"+done.Digest, done.Reference.String())
	require.Equal(t, []string{
		"HEAD manifests",                            // is the tag free?
		"HEAD blobs", "POST uploads", "PUT uploads", // config
		"HEAD blobs", "POST uploads", "PUT uploads", // chart
		"PUT manifests", "GET manifests", // the tag last, and read back
	}, methods(server))

	var manifest ocispec.Manifest
	require.NoError(t, json.Unmarshal(rawManifest(t, server, done.Tag), &manifest))
	require.Equal(t, artifact.ConfigMediaType, manifest.Config.MediaType)
	require.Len(t, manifest.Layers, 1)
	require.Equal(t, artifact.ArchiveMediaType, manifest.Layers[0].MediaType)
	require.Equal(t, map[string]string{
		ocispec.AnnotationTitle:       "image-config",
		ocispec.AnnotationVersion:     "1.0.0+build.5",
		ocispec.AnnotationDescription: "Names <images> & what they mean. ",
		ocispec.AnnotationURL:         "https://example.org/home",
		ocispec.AnnotationSource:      "https://example.org/source",
		ocispec.AnnotationAuthors:     "Ann (ann@example.org), Ben",
		ocispec.AnnotationCreated:     "2026-07-22T00:13:36Z",
		ocispec.AnnotationRevision:    "ea583302",
		"category":                    "infrastructure",
		"org.example.ticket":          "T409726",
	}, manifest.Annotations)
}

// The same package makes the same manifest in another registry.
func TestPublishIsReproducible(t *testing.T) {
	pkg := artifact.Package{Archive: archive(t, "1.0.0"), Provenance: []byte("signed"), Created: time.Unix(1784679216, 0), Revision: "abc"}
	_, one := setUp(t, artifact.Options{})
	first, err := one.Publish(t.Context(), catalog, pkg)
	require.NoError(t, err)
	pkg.Created = pkg.Created.In(time.FixedZone("", -3600)) // the same moment elsewhere
	_, two := setUp(t, artifact.Options{})
	second, err := two.Publish(t.Context(), catalog, pkg)
	require.NoError(t, err)
	require.Equal(t, first, second)
}

func TestPublishTwice(t *testing.T) {
	server, client := setUp(t, artifact.Options{})
	first := publish(t, client, "1.0.0")

	server.Forget()
	again := publish(t, client, "1.0.0")
	require.Equal(t, []string{"HEAD manifests"}, methods(server))
	require.True(t, again.AlreadyPublished)
	require.Equal(t, first.Digest, again.Digest)

	// Other annotations do not make it another catalog.
	server.Forget()
	same, err := client.Publish(t.Context(), catalog, artifact.Package{Archive: archive(t, "1.0.0"), Revision: "later"})
	require.NoError(t, err)
	require.Equal(t, []string{"HEAD manifests", "GET manifests"}, methods(server))
	require.True(t, same.AlreadyPublished)
	require.Equal(t, first.Digest, same.Digest)
}

func TestPublishNeverOverwrites(t *testing.T) {
	server, client := setUp(t, artifact.Options{})
	first := publish(t, client, "1.0.0")
	other := archiveOf(t, map[string]string{"image-config/Chart.yaml": chartYAML("image-config", "1.0.0")})
	server.Forget()
	_, err := client.Publish(t.Context(), catalog, artifact.Package{Archive: other})
	require.Equal(t, fault.Conflict, fault.KindOf(err))
	require.ErrorContains(t, err, first.ArchiveDigest+" there")
	require.ErrorContains(t, err, digest.FromBytes(other).String()+" here")
	require.Contains(t, fault.HintOf(err), "bump the version")
	for _, r := range server.Requests() {
		require.Contains(t, []string{http.MethodHead, http.MethodGet}, r.Method, "nothing may be written")
	}

	putManifest(t, server, "2.0.0", ocispec.MediaTypeImageIndex, []byte(`{"schemaVersion":2,"manifests":[]}`))
	_, err = client.Publish(t.Context(), catalog, artifact.Package{Archive: archive(t, "2.0.0")})
	require.Equal(t, fault.Conflict, fault.KindOf(err))
	require.ErrorContains(t, err, "the tag is taken: ")
	require.ErrorContains(t, err, "an index of several images")

	image := manifestOf(t, describe(ocispec.MediaTypeImageConfig, []byte("{}")))
	putManifest(t, server, "3.0.0", ocispec.MediaTypeImageManifest, image)
	_, err = client.Publish(t.Context(), catalog, artifact.Package{Archive: archive(t, "3.0.0")})
	require.Equal(t, fault.Conflict, fault.KindOf(err))
	require.ErrorContains(t, err, "the tag is taken: ")
	require.ErrorContains(t, err, "this is a container image, not a chart")
}

// What the registry has is not sent again.
func TestPublishSkipsBlobsThatExist(t *testing.T) {
	server, client := setUp(t, artifact.Options{})
	putBlob(t, server, artifact.ArchiveMediaType, archive(t, "1.0.0"))
	server.Forget()
	publish(t, client, "1.0.0")
	require.Equal(t, []string{
		"HEAD manifests", "HEAD blobs", "POST uploads", "PUT uploads", "HEAD blobs", "PUT manifests", "GET manifests",
	}, methods(server))
}

// Somebody else publishes the version between our look and our push.
func TestPublishLosesARace(t *testing.T) {
	server, client := setUp(t, artifact.Options{})
	other := archiveOf(t, map[string]string{"image-config/Chart.yaml": chartYAML("image-config", "1.0.0")})
	config := describe(artifact.ConfigMediaType, []byte("{}"))
	theirs := manifestOf(t, config, describe(artifact.ArchiveMediaType, other))
	server.Hook(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if r.Method == http.MethodGet && kindOf(r.URL.Path) == "manifests" {
			serve(ocispec.MediaTypeImageManifest, theirs)(w, r)
			return true
		}
		return false
	})
	_, err := client.Publish(t.Context(), catalog, artifact.Package{Archive: archive(t, "1.0.0")})
	require.Equal(t, fault.Conflict, fault.KindOf(err))
}

// A push that breaks begins its upload anew.
func TestPublishRetriesUploads(t *testing.T) {
	server, client := setUp(t, artifact.Options{})
	broken := false
	server.Hook(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if r.Method != http.MethodPut || broken {
			return false
		}
		broken = true
		w.WriteHeader(http.StatusBadGateway)
		return true
	})
	publish(t, client, "1.0.0")
	require.Equal(t, []string{"HEAD manifests", "HEAD blobs", "POST uploads", "PUT uploads", "HEAD blobs", "POST uploads", "PUT uploads"},
		methods(server)[:7])
}

func TestPublishRefusedByTheRegistry(t *testing.T) {
	for status, want := range map[int]fault.Kind{412: fault.Conflict, 413: fault.TooLarge, 403: fault.Denied, 405: fault.Unreachable} {
		server, client := setUp(t, artifact.Options{})
		server.Hook(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
			if r.Method != http.MethodPut || kindOf(r.URL.Path) != "manifests" {
				return false
			}
			w.WriteHeader(status)
			return true
		})
		_, err := client.Publish(t.Context(), catalog, artifact.Package{Archive: archive(t, "1.0.0")})
		require.Equal(t, want, fault.KindOf(err), "%d: %v", status, err)
	}
}

// Why a registry takes nothing decides what to do about it.
func TestPublishSaysWhatToDo(t *testing.T) {
	quota := `{"errors": [{"code": "DENIED", "message": "adding 3.0 KiB of storage resource, which when updated to current usage of 30.0 GiB will exceed the configured upper limit of 30.0 GiB."}]}`
	for name, c := range map[string]struct {
		status            int
		body              string
		kind              fault.Kind
		told, hint        string
		everybodySignedIn bool
	}{
		"in maintenance":   {http.StatusMethodNotAllowed, "", fault.Unreachable, "405", "maintenance", true},
		"a full disk":      {http.StatusInsufficientStorage, "", fault.Unreachable, "507", "there is no room", true},
		"a quota":          {http.StatusForbidden, quota, fault.Denied, "upper limit", "there is no room", true},
		"no right":         {http.StatusForbidden, "", fault.Denied, "403", "docker login", false},
		"a page of a site": {http.StatusOK, "<html>", fault.Unreachable, "it answered 200 OK, but not as a registry does", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			server, client := setUp(t, artifact.Options{})
			server.Hook(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
				if r.Method != http.MethodPost {
					return false
				}
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
				return true
			})
			_, err := client.Publish(t.Context(), catalog, artifact.Package{Archive: archive(t, "1.0.0")})
			require.Equal(t, c.kind, fault.KindOf(err), "%v", err)
			require.ErrorContains(t, err, c.told)
			require.Contains(t, fault.HintOf(err), c.hint)
			if c.everybodySignedIn {
				require.NotContains(t, fault.HintOf(err), "login")
			}
		})
	}
}

// What cannot be published is refused before the registry is asked.
func TestPublishRefuses(t *testing.T) {
	named := func(name, version string) []byte {
		return archiveOf(t, map[string]string{name + "/Chart.yaml": chartYAML(name, version)})
	}
	for name, c := range map[string]struct {
		ref     artifact.Reference
		pkg     artifact.Package
		kind    fault.Kind
		message string
	}{
		"two numbers":      {catalog, artifact.Package{Archive: named("image-config", "1.0")}, fault.Usage, "is no SemVer"},
		"a leading v":      {catalog, artifact.Package{Archive: named("image-config", "v1.0.0")}, fault.Usage, "no SemVer"},
		"a date":           {catalog, artifact.Package{Archive: named("image-config", "2026-07-22")}, fault.Usage, "no SemVer"},
		"another name":     {catalog, artifact.Package{Archive: named("jobs-api", "1.0.0")}, fault.Usage, `the repository is named "image-config", the chart "jobs-api"`},
		"another version":  {artifact.Reference{Host: host, Path: path, Version: "1.0.1"}, artifact.Package{Archive: archive(t, "1.0.0")}, fault.Usage, "says version 1.0.1, Chart.yaml 1.0.0"},
		"a digest":         {artifact.Reference{Host: host, Path: path, Digest: someDigest}, artifact.Package{Archive: archive(t, "1.0.0")}, fault.Usage, "not under a digest"},
		"nothing":          {catalog, artifact.Package{}, fault.Invalid, "not gzip"},
		"too large":        {catalog, artifact.Package{Archive: make([]byte, 5<<20)}, fault.TooLarge, "5242880 bytes"},
		"long annotations": {catalog, artifact.Package{Archive: archive(t, "1.0.0"), Annotations: map[string]string{"a": strings.Repeat("a", 1<<20)}}, fault.TooLarge, "manifest"},
		"long provenance":  {catalog, artifact.Package{Archive: archive(t, "1.0.0"), Provenance: make([]byte, 300<<10)}, fault.TooLarge, "provenance"},
	} {
		t.Run(name, func(t *testing.T) {
			server, client := setUp(t, artifact.Options{})
			_, err := client.Publish(t.Context(), c.ref, c.pkg)
			require.Equal(t, c.kind, fault.KindOf(err), "%v", err)
			require.ErrorContains(t, err, c.message)
			require.Empty(t, server.Requests())
		})
	}
}
