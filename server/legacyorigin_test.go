package server_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
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

// deployed is an origin that has a legacy document, or an error.
type deployed struct {
	document string
	err      error
}

func (*deployed) Name() string { return "configmap://tf-public/image-config" }

func (d *deployed) Fetch(_ context.Context, last string) (*resolver.Offer, error) {
	source := chart.FromLegacy([]byte(d.document), chart.Legacy{Kind: string(resolver.OriginConfigMap), Path: d.Name(), Version: "0.0.28"})
	if d.err != nil || source.Digest() == last {
		return nil, d.err
	}
	return &resolver.Offer{Identity: source.Digest(), Kind: resolver.OriginConfigMap, Source: source, Reference: d.Name()}, nil
}

// The name of a ConfigMap is public, as that of a repository is.
func TestADeployedConfigMapIsNamed(t *testing.T) {
	origin := &deployed{document: "a: {state: stable, image: one.test/a}\n"}
	metrics := server.NewMetrics()
	r := resolver.New(origin, (&registries{}).live, resolver.Options{Observe: metrics.Round})
	t.Cleanup(r.Close)
	s, err := server.New(r, server.Options{Metrics: metrics})
	require.NoError(t, err)
	e := listen(t, s.Handler())
	require.NoError(t, r.Refresh(t.Context()))
	catalog := e.catalog(t)
	require.Equal(t, api.OriginConfigMap, catalog.Source)
	require.Equal(t, origin.Name(), catalog.Reference)
	require.Equal(t, "0.0.28", catalog.Version)
	require.Equal(t, origin.Name(), catalog.Sources[0].Name)
	require.Contains(t, string(e.get(t, "/v1/metrics").body), `source="configmap://tf-public/image-config"`)

	origin.document = "on: {state: stable, image: one.test/a}\n"
	require.NoError(t, r.Refresh(t.Context()))
	refused := e.catalog(t).Refused
	require.Equal(t, "invalid", refused.Code)
	require.Equal(t, `the catalog has 1 error: images.on: key on is read as a boolean by some readers: quote it ("on") (line 1)`, refused.Reason)

	origin.err = fault.New(fault.Denied, "read catalog", origin.Name(), "it answers 403 Forbidden")
	require.NoError(t, r.Refresh(t.Context()))
	catalog = e.catalog(t)
	require.Equal(t, &api.SourceError{Kind: "denied", Message: "read catalog: configmap://tf-public/image-config: it answers 403 Forbidden"}, catalog.Sources[0].Error)
	require.Equal(t, []string{"the catalog's origin cannot be asked: version 0.0.28 stays served"}, []string(catalog.Warnings))
}
