package server_test

import (
	"net/http"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	hosts "gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registry"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// The hosts that the bundled catalog names.
const (
	oldHost = "docker-registry.tools.wmflabs.org"
	newHost = "docker-registry.svc.toolforge.org"
)

// push puts a new image into a registry and gives its digest.
func push(t *testing.T, r *registrytest.Server, repository, tag string) string {
	t.Helper()
	image, err := random.Image(64, 1)
	require.NoError(t, err)
	target, err := name.ParseReference(r.Host + "/" + repository + ":" + tag)
	require.NoError(t, err)
	require.NoError(t, remote.Write(target, image))
	digest, err := image.Digest()
	require.NoError(t, err)
	return digest.String()
}

// From the bundled catalog and two registries to what a client reads, with
// nothing made up in between.
func TestFromRegistriesToAnswers(t *testing.T) {
	before, after := registrytest.InProcess(t), registrytest.InProcess(t)
	directory, err := hosts.New(map[string]hosts.Config{
		oldHost: {URL: before.URL, PlainHTTP: true}, newHost: {URL: after.URL, PlainHTTP: true},
	}, hosts.Options{})
	require.NoError(t, err)
	t.Cleanup(directory.CloseIdle)
	bookworm := push(t, before, "toolforge-bookworm-sssd", "latest")
	web := push(t, before, "toolforge-bookworm-web-sssd", "latest")
	trixie := push(t, after, "toolforge-trixie-sssd", "latest")
	push(t, after, "toolforge-trixie-sssd", "2026-08-01")

	follower := resolver.New(resolver.FromBundled(), func(host string) resolver.Live {
		return registry.New(directory.For(host), registry.Options{})
	}, resolver.Options{})
	t.Cleanup(follower.Close)
	s, err := server.New(follower, server.Options{})
	require.NoError(t, err)
	e := listen(t, s.Handler())
	refresh := func() { require.NoError(t, follower.Refresh(t.Context())) }
	one := func(path string) api.Image { return into[api.ImageAnswer](e.get(t, path), http.StatusOK).Image }
	refresh()

	require.Len(t, e.images(t, ""), 41)
	require.Equal(t, []string{"bookworm", "trixie"}, e.names(t, "?exists=true"), "what was pushed, and nothing else")
	require.Len(t, e.names(t, "?exists=false"), 39)
	image := one("/v1/images/bookworm")
	require.Equal(t, bookworm, image.Digest)
	require.Equal(t, oldHost+"/toolforge-bookworm-sssd:latest@"+bookworm, image.Pinned)
	require.Equal(t, web, image.Variants["webservice"].Digest)
	require.Equal(t, oldHost, image.Sources["live"], "the catalog's name, not where it is reached")
	require.Equal(t, []string{"2026-08-01", "latest"}, []string(one("/v1/images/trixie?fields=tags").Tags))
	require.Equal(t, "bundled", into[api.CatalogAnswer](e.get(t, "/v1/catalog"), http.StatusOK).Catalog.Reference)

	tag := e.get(t, "/v1/images").header.Get("ETag")
	refresh()
	require.Equal(t, http.StatusNotModified, e.get(t, "/v1/images", "If-None-Match", tag).status, "nothing changed")

	rebuilt := push(t, before, "toolforge-bookworm-sssd", "latest")
	refresh()
	require.Equal(t, rebuilt, one("/v1/images/bookworm").Digest)
	require.Equal(t, http.StatusOK, e.get(t, "/v1/images", "If-None-Match", tag).status)

	before.Hook(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
		http.Error(w, "secret-of-the-registry", http.StatusUnauthorized)
		return true
	})
	push(t, after, "toolforge-python313-sssd-base", "latest")
	refresh()
	stale := one("/v1/images/bookworm")
	require.Equal(t, rebuilt, stale.Digest, "the last good answer")
	require.True(t, stale.Stale)
	require.Equal(t, trixie, one("/v1/images/trixie").Digest)
	require.True(t, *one("/v1/images/python3.13").Exists, "the other host is up to date")
	list := e.get(t, "/v1/images")
	require.Contains(t, into[api.ImagesAnswer](list, http.StatusOK).Messages.Warning[0], oldHost)
	for _, path := range []string{"/v1/images", "/v1/catalog", "/v1/metrics"} {
		require.NotContains(t, string(e.get(t, path).body), "secret-of-the-registry")
		require.NotContains(t, string(e.get(t, path).body), before.Host, "where a registry is really reached is nobody's business")
	}
}
