package resolver_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
)

// publishAt puts a catalog on the shelf that says when it was published.
func (s *shelf) publishAt(t testing.TB, version string, at time.Time) {
	t.Helper()
	_, err := s.client.Publish(t.Context(), chartRef, artifact.Package{
		Archive: archive(t, map[string]string{"Chart.yaml": chartYAML(version), "values.yaml": two}), Created: at,
	})
	require.NoError(t, err)
}

// A registry that shows the same old list for ever keeps every new version from
// us. That is flagged and logged once; lists do not change for it.
func TestACatalogThatIsFrozen(t *testing.T) {
	const day = 24 * time.Hour
	published := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	s, logs := newShelf(t), &logbook{}
	s.publishAt(t, "1.0.0", published)
	now := published.Add(90 * day)
	r := start(t, resolver.FromRepository(s.client, chartRef, artifact.Selection{Constraint: ">=1"}, resolver.Trust{}), hostsUp,
		resolver.Options{CatalogMaxAge: 90 * day, Now: func() time.Time { return now }, Logger: logs.logger()})
	require.NoError(t, r.Refresh(t.Context()))
	require.Nil(t, r.Status().Frozen)
	require.Empty(t, r.Status().Warnings)
	snapshot := r.Snapshot()

	now = now.Add(time.Second)
	require.Equal(t, []string{"version 1.0.0 was published on 2026-05-01, longer ago than the 90 days that are allowed, and no newer one has been seen since: somebody may keep newer ones from us"}, r.Status().Warnings)
	require.Equal(t, published, r.Status().Frozen.Published)
	logs.take()
	for range 3 {
		require.NoError(t, r.Refresh(t.Context()))
	}
	said := logs.take()
	require.Len(t, said, 1)
	require.Contains(t, said[0], "the served catalog is older than is allowed, and no newer one has been seen")
	require.Same(t, snapshot, r.Snapshot(), "what lists say does not know the clock")

	s.publishAt(t, "1.1.0", now)
	require.NoError(t, r.Refresh(t.Context()))
	require.Nil(t, r.Status().Frozen)
	require.Contains(t, strings.Join(logs.take(), "\n"), "not too old any more")
}

// A process that has no other takes one that is too old: it is flagged, and so is
// one from disk while its registry is down.
func TestAFrozenCatalogIsServed(t *testing.T) {
	m := newMachine(t, artifact.Selection{Version: "stable"})
	m.opts.CatalogMaxAge = time.Hour
	m.shelf.publishAt(t, "1.0.0", time.Now().Add(-2*time.Hour))
	m.shelf.retag(t, "1.0.0", "stable")
	check := func(r *resolver.Resolver) {
		require.Equal(t, "1.0.0", served(t, r).Chart.Metadata.Version)
		require.NotNil(t, r.Status().Frozen)
	}
	m.life(t, check)
	m.down()
	m.life(t, check)
}

// Whoever names the version knows how old it is. Where nobody knows, that is said.
func TestWhoseAgeIsNotJudged(t *testing.T) {
	s := newShelf(t)
	s.publishAt(t, "1.0.0", time.Now().Add(-2*time.Hour))
	status := func(sel artifact.Selection, age time.Duration) resolver.Status {
		r := start(t, resolver.FromRepository(s.client, chartRef, sel, resolver.Trust{}), hostsUp, resolver.Options{CatalogMaxAge: age})
		require.NoError(t, r.Refresh(t.Context()))
		return r.Status()
	}
	require.NotNil(t, status(artifact.Selection{Constraint: ">=1"}, time.Hour).Frozen)
	for _, other := range []resolver.Status{status(exactly, time.Hour), status(artifact.Selection{Constraint: ">=1"}, 0), status(artifact.Selection{Constraint: ">=1"}, 3*time.Hour)} {
		require.Nil(t, other.Frozen)
		require.Empty(t, other.Warnings)
	}
	s.publishAt(t, "1.0.1", time.Time{})
	unknown := status(artifact.Selection{Constraint: ">=1"}, time.Hour)
	require.Nil(t, unknown.Frozen)
	require.Contains(t, unknown.Warnings[0], "does not say when it was published")
}
