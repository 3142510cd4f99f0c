package server_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/store"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// What comes from disk is answered as last good answers are: marked stale, with a
// warning, and in /v1/catalog with the age that it has, the time on disk included.
func TestAnswersFromDisk(t *testing.T) {
	dir, at := t.TempDir(), noon
	boot := func(of func(host string) resolver.Live) (*resolver.Resolver, *endpoint) {
		disk, err := store.Open(dir, 0)
		require.NoError(t, err)
		r := resolver.New(resolver.FromBundled(), of, resolver.Options{State: disk, Now: func() time.Time { return at }})
		s, err := server.New(r, server.Options{})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, disk.Close()) })
		require.NoError(t, r.Refresh(t.Context()))
		e := listen(t, s.Handler())
		require.NotEmpty(t, e.images(t, ""))
		r.Close()
		require.NoError(t, r.Run(t.Context()))
		require.NoError(t, disk.Close())
		return r, e
	}
	up := &registries{}
	_, e := boot(up.live)
	require.NotContains(t, string(e.get(t, "/v1/images").body), `"stale"`)
	require.EqualValues(t, noon.Unix(), value(t, e.scrape(t), "bayplan_state_last_write_timestamp_seconds"))
	require.EqualValues(t, 1, value(t, e.scrape(t), "bayplan_state_writable"))
	require.Positive(t, value(t, e.scrape(t), "bayplan_state_bytes"))

	at = at.Add(time.Hour)
	for _, host := range []string{oldHost, newHost} {
		up.fail(host, refused(host))
	}
	_, e = boot(up.live)
	for _, image := range e.images(t, "?fields=short_name,stale") {
		require.True(t, image.Stale, image.ShortName)
	}
	require.Len(t, into[api.ImagesAnswer](e.get(t, "/v1/images"), http.StatusOK).Messages.Warning, 2)
	for _, source := range into[api.CatalogAnswer](e.get(t, "/v1/catalog"), http.StatusOK).Catalog.Sources {
		if source.Kind != resolver.KindChart {
			require.True(t, source.Stale, source.Name)
			require.Equal(t, time.Hour.Seconds(), *source.AgeSeconds, source.Name)
		}
	}
}

// Without a directory there are no metrics of it; a failed write shows.
func TestMetricsOfTheStateOnDisk(t *testing.T) {
	require.NotContains(t, strings.Join(series(start(t, setup{}).scrape(t)), "\n"), "bayplan_state_")
	kept := resolver.KeptStatus{}
	s, err := server.New(view{
		follow: func(func(*snapshot.Snapshot)) {}, status: func() resolver.Status { return resolver.Status{Kept: &kept} },
	}, server.Options{Metrics: server.NewMetrics()})
	require.NoError(t, err)
	e := listen(t, s.Handler())
	m := e.scrape(t)
	require.Zero(t, value(t, m, "bayplan_state_last_write_timestamp_seconds"))
	require.NotContains(t, m, "bayplan_state_writable")
	kept = resolver.KeptStatus{LastAttempt: noon, Err: errors.New("no space left on device")}
	require.Zero(t, value(t, e.scrape(t), "bayplan_state_writable"))
}
