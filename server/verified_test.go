package server_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/provenance"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// The catalog says whether somebody vouches for it, and who.
func TestTheCatalogSaysWhoVouchesForIt(t *testing.T) {
	s := start(t, setup{values: toolSample})
	for name, c := range map[string]struct {
		signature  resolver.Signature
		verifiedBy string
		metric     string // "" if there is none
	}{
		"nobody looked": {resolver.Signature{}, "", ""},
		"nobody":        {resolver.Signature{Checked: true}, "", "0"},
		"somebody":      {resolver.Signature{Checked: true, By: &provenance.Signer{Identity: "maintainer"}}, "maintainer", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			vouched := view{
				follow: func(f func(*snapshot.Snapshot)) { f(s.resolver.Snapshot()) },
				status: func() resolver.Status {
					status := s.resolver.Status()
					served, offer := *status.Served, *status.Served.Offer
					offer.Signature, served.Offer = c.signature, &offer
					status.Served = &served
					return status
				},
			}
			other, err := server.New(vouched, server.Options{})
			require.NoError(t, err)
			e := listen(t, other.Handler())
			catalog := into[api.CatalogAnswer](e.get(t, "/v1/catalog"), http.StatusOK).Catalog
			require.Equal(t, c.verifiedBy != "", catalog.Verified)
			require.Equal(t, c.verifiedBy, catalog.VerifiedBy)
			shown := e.page(t, "/catalog", http.StatusOK)
			if c.verifiedBy != "" {
				require.Equal(t, "1.2.3 verified", shown.fact("Version"))
				require.Equal(t, "good, by "+c.verifiedBy, shown.fact("Signature"))
			} else {
				require.Equal(t, "1.2.3 not verified", shown.fact("Version"))
			}
			m := e.scrape(t)
			if c.metric == "" {
				require.NotContains(t, m, "bayplan_catalog_verified")
				return
			}
			require.Equal(t, c.metric == "1", value(t, m, "bayplan_catalog_verified") == 1)
		})
	}
}
