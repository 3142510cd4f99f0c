package standin_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/cmd/bayplan/standin"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
)

const values = `formatVersion: "1.0"
images:
  here: {state: stable, image: one.test/here}
  other: {state: stable, image: one.test/here:v2, variants: {webservice: {image: two.test/web}}}
  gone: {state: stable, image: one.test/gone, variants: {webservice: {image: two.test/gone}}}
  built: {state: stable, image: harbor.test/pre-built/x}
  pinned: {state: stable, image: one.test/p@sha256:4bcff63911fcb4448bd4fdacec207030997caf25e9bea4045fa6c8c44de311d1}
`

func plan(t *testing.T, values string) standin.Plan {
	t.Helper()
	loaded, err := chart.FromValues([]byte(values)).Load()
	require.NoError(t, err)
	return standin.Plan{Catalog: loaded.Catalog, HarborHost: "harbor.test", Where: "a test"}
}

func startPlan(t *testing.T, p standin.Plan) *standin.Platform {
	t.Helper()
	platform, err := standin.Start(t.Context(), p)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, platform.Close()) })
	return platform
}

func digest(p *standin.Platform, host, image string) (string, error) {
	return crane.Digest(strings.TrimPrefix(p.Address(host), "http://")+"/"+image, crane.Insecure)
}

// Each host of the catalog has the images that it names, the same each time, and
// nothing of what is left out.
func TestHostsHaveTheirImages(t *testing.T) {
	p := plan(t, values)
	p.Without = map[string]bool{}
	standin.Repositories(p.Without, p.Catalog.Images["gone"], chart.VariantWebservice)
	require.Equal(t, map[string]bool{"two.test/gone": true}, p.Without, "one variant")
	standin.Repositories(p.Without, p.Catalog.Images["gone"], "")
	require.Equal(t, map[string]bool{"two.test/gone": true, "one.test/gone": true}, p.Without)
	one, two := startPlan(t, p), startPlan(t, p)
	digests := map[string]bool{}
	for image, host := range map[string]string{"here:latest": "one.test", "here:v2": "one.test", "web:latest": "two.test", "pre-built/x:latest": "harbor.test"} {
		found, err := digest(one, host, image)
		require.NoError(t, err, image)
		again, err := digest(two, host, image)
		require.NoError(t, err, image)
		require.Equal(t, found, again, image)
		digests[found] = true
	}
	require.Len(t, digests, 4, "each image is another one")
	for image, host := range map[string]string{"gone:latest": "one.test", "p:latest": "one.test"} {
		_, err := digest(one, host, image)
		require.ErrorContains(t, err, "UNKNOWN", image)
	}
	require.Equal(t, endpoint.Harbor, one.Registries["harbor.test"].Kind)
	account, err := one.Credentials(t.Context(), strings.TrimPrefix(one.Address("harbor.test"), "http://"))
	require.NoError(t, err)
	require.NotEmpty(t, account.Username)
	account, err = one.Credentials(t.Context(), "elsewhere.test")
	require.NoError(t, err)
	require.Empty(t, account, "an account is for its own host")
}

func TestFrontStandsBeforeEachHost(t *testing.T) {
	p := plan(t, values)
	var spoilt atomic.Value
	spoilt.Store("")
	p.Front = func(host string, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if spoilt.Load() == host {
				w.WriteHeader(http.StatusTeapot)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	platform := startPlan(t, p)
	for _, host := range []string{"one.test", "two.test", "harbor.test"} {
		spoilt.Store(host)
		for _, other := range []string{"one.test", "two.test", "harbor.test"} {
			response, err := http.Get(platform.Address(other) + "/v2/")
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, other == host, response.StatusCode == http.StatusTeapot, "%s, while %s", other, host)
		}
	}
}

func TestStartFailsWhole(t *testing.T) {
	_, err := standin.Start(t.Context(), plan(t, "formatVersion: \"1.0\"\nimages: {a: {state: stable, image: harbor.test/a}}\n"))
	require.ErrorContains(t, err, "has no project")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = standin.Start(ctx, plan(t, values))
	require.ErrorIs(t, err, context.Canceled)
}

func TestSerialIsTheNames(t *testing.T) {
	require.Equal(t, standin.Serial("a/b", "c"), standin.Serial("a/b", "c"))
	require.NotEqual(t, standin.Serial("a/b", "c"), standin.Serial("a/b", "d"))
	require.NotZero(t, standin.Serial("", ""))
}
