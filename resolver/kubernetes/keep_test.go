package kubernetes_test

import (
	"net/http"
	"testing"

	"github.com/opencontainers/go-digest"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/kubernetes"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/store"
)

// A cluster that does not answer leaves what was deployed, across a restart too.
func TestADeployedCatalogOutlivesTheProcess(t *testing.T) {
	cluster, opts := start(t)
	cluster.Put("tf-public", "image-config", document("one"), of("0.0.28"))
	dir := t.TempDir()
	life := func(during func(*resolver.Resolver)) {
		disk, err := store.Open(dir, 0)
		require.NoError(t, err)
		r := resolver.New(follow(t, opts), func(string) resolver.Live { return nobody{} }, resolver.Options{State: disk})
		during(r)
		r.Close()
		require.NoError(t, r.Run(t.Context()))
		require.NoError(t, disk.Close())
	}
	life(func(r *resolver.Resolver) { require.NoError(t, r.Refresh(t.Context())) })

	cluster.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	life(func(r *resolver.Resolver) {
		served := r.Status().Served
		require.NotNil(t, served, "before anybody was asked")
		require.Equal(t, "0.0.28", served.Chart.Metadata.Version)
		require.NotNil(t, r.Snapshot().Image("one"))
		require.NoError(t, r.Refresh(t.Context()))
		require.Same(t, served, r.Status().Served)
	})

	cluster.Answer(nil)
	life(func(r *resolver.Resolver) {
		served := r.Status().Served
		require.NoError(t, r.Refresh(t.Context()))
		require.Same(t, served, r.Status().Served, "it is the same catalog")
		require.Empty(t, r.Status().Warnings)
		cluster.Put("tf-public", "image-config", document("two"), of("0.0.29"))
		require.NoError(t, r.Refresh(t.Context()))
		require.Equal(t, "0.0.29", r.Status().Served.Chart.Metadata.Version)
	})
}

func TestWhatIsKeptOfAConfigMapIsChecked(t *testing.T) {
	cluster, opts := start(t)
	cluster.Put("tf-public", "image-config", document("one"), of("0.0.28"))
	origin := follow(t, opts)
	offer, err := origin.Fetch(t.Context(), "")
	require.NoError(t, err)
	revived, err := origin.Revive(origin.Keep(offer))
	require.NoError(t, err)
	require.Equal(t, offer, revived)

	other, err := kubernetes.Follow(kubernetes.Reference{Namespace: "tf-public", Name: "other"}, opts)
	require.NoError(t, err)
	_, err = other.Revive(origin.Keep(offer))
	require.True(t, fault.Is(err, fault.Refused))
	for name, one := range map[string]struct {
		change func(*store.Catalog)
		kind   fault.Kind
	}{
		"no manifest":      {func(k *store.Catalog) { delete(k.Contents, k.Manifest) }, fault.Invalid},
		"another artifact": {func(k *store.Catalog) { k.Contents[k.Manifest] = []byte("{}") }, fault.Invalid},
		"no document":      {func(k *store.Catalog) { delete(k.Contents, digest.FromBytes(offer.Source.Values()).String()) }, fault.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			kept := origin.Keep(offer)
			one.change(kept)
			_, err := origin.Revive(kept)
			require.Equal(t, one.kind, fault.KindOf(err), "%v", err)
		})
	}
}
