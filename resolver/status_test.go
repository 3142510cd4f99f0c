package resolver_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
)

// harbor is a source that says what kind it is.
type harbor struct{ live }

func (harbor) Kind() string { return "harbor" }

func TestStatusKnowsEachSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &switched{now: present("sha256:b")}
		r := start(t, offering(two), func(host string) resolver.Live {
			if host == "a.example" {
				return harbor{present("sha256:a")}
			}
			return live(b.ask)
		}, resolver.Options{})
		status := r.Status()
		require.Nil(t, status.Served)
		require.Equal(t, []resolver.SourceStatus{{Name: "oci://origin.example/image-config", Kind: resolver.KindChart}}, status.Sources)

		first := time.Now()
		require.NoError(t, r.Refresh(t.Context()))
		time.Sleep(time.Hour)
		b.to(unreachable)
		require.NoError(t, r.RefreshHosts(t.Context()))
		status = r.Status()
		require.Equal(t, time.Now(), status.Now)
		require.Equal(t, first, status.Served.Since)
		require.Equal(t, []resolver.SourceStatus{
			{Name: "oci://origin.example/image-config", Kind: resolver.KindChart, LastSuccess: first, LastAttempt: first},
			{Name: "a.example", Kind: "harbor", LastSuccess: time.Now(), LastAttempt: time.Now(), References: 1},
			{
				Name: "b.example", Kind: "oci", LastSuccess: first, LastAttempt: time.Now(), References: 1,
				Err: status.Sources[2].Err, Stale: true,
			},
		}, status.Sources)
		require.Error(t, status.Sources[2].Err)
	})
}

func TestEveryRoundIsObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var seen []resolver.Round
		r := start(t, offering(two), sources(map[string]live{
			"a.example": after(time.Second, present("sha256:a")), "b.example": after(2*time.Second, unreachable),
		}), resolver.Options{Observe: func(round resolver.Round) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, round)
		}})
		require.NoError(t, r.Refresh(t.Context()))
		mu.Lock()
		defer mu.Unlock()
		require.Equal(t, []resolver.Round{
			{Source: "oci://origin.example/image-config", Kind: resolver.KindChart},
			{Source: "a.example", Kind: "oci", Duration: time.Second},
			{Source: "b.example", Kind: "oci", Duration: 2 * time.Second, Err: unreachable(context.Background(), []fact.Reference{}).Err},
		}, seen)
	})
}
