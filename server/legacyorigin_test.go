package server_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// The legacy document alone does not say which version it is: absent means
// unknown. Where the file lies is nobody's business.
func TestALegacyFileIsServedWithoutAVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "private-place.yaml")
	require.NoError(t, os.WriteFile(path, []byte("a: {state: stable, image: one.test/a}\n"), 0o600))
	metrics := server.NewMetrics()
	r := resolver.New(resolver.FromLegacyFile(path), (&registries{}).live, resolver.Options{Observe: metrics.Round})
	t.Cleanup(r.Close)
	s, err := server.New(r, server.Options{Metrics: metrics})
	require.NoError(t, err)
	e := listen(t, s.Handler())
	require.NoError(t, r.Refresh(t.Context()))

	a := e.get(t, "/v1/catalog")
	require.NotContains(t, string(a.body), `"version"`)
	require.NotContains(t, string(a.body), "private-place")
	catalog := into[api.CatalogAnswer](a, http.StatusOK).Catalog
	require.Equal(t, api.OriginFile, catalog.Source)
	require.Equal(t, api.OriginFile, catalog.Reference)
	require.Equal(t, "1.0", catalog.FormatVersion)
	require.Equal(t, api.OriginFile, catalog.Sources[0].Name)
	require.Equal(t, []string{"a"}, e.names(t, ""))

	require.NoError(t, os.Remove(path))
	require.NoError(t, r.Refresh(t.Context()))
	a = e.get(t, "/v1/catalog")
	require.NotContains(t, string(a.body), "private-place")
	require.NotContains(t, string(e.get(t, "/v1/metrics").body), "private-place")
	catalog = into[api.CatalogAnswer](a, http.StatusOK).Catalog
	require.Equal(t, []string{"the catalog is no longer where it was published: it stays served"}, []string(catalog.Warnings))
	require.Equal(t, "not_found", catalog.Sources[0].Error.Kind)
	require.Equal(t, []string{"a"}, e.names(t, ""))
}
