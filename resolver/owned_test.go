package resolver_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// lister is a live source that lists repositories as a test says.
type lister struct {
	live

	mu    sync.Mutex
	asked [][]string
	names []string
	err   error
}

func (l *lister) Repositories(_ context.Context, prefixes []string) ([]string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = append(l.asked, prefixes)
	return l.names, l.err
}

func (l *lister) says(names []string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.names, l.err = names, err
}

func (l *lister) times() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.asked)
}

// everyHost gives one source for all hosts.
func everyHost(l resolver.Live) resolver.LiveFunc { return func(string) resolver.Live { return l } }

func TestWhatARegistryHasBelowOwnedPrefixes(t *testing.T) {
	l := &lister{live: present("sha256:a"), names: []string{"toolforge-x"}}
	r := start(t, offering(lone), everyHost(l), resolver.Options{Owns: map[string][]string{"a.example": {"toolforge-"}}})
	require.NoError(t, r.Refresh(t.Context()))
	require.Zero(t, l.times(), "records do not depend on it")
	require.Nil(t, r.Snapshot().Owned.Listings["a.example"])
	first := r.Snapshot()

	require.NoError(t, r.RefreshOwned(t.Context()))
	require.Equal(t, [][]string{{"toolforge-"}}, l.asked)
	s := r.Snapshot()
	require.NotSame(t, first, s)
	require.Same(t, first.Image("a"), s.Image("a"))
	require.Equal(t, []string{"toolforge-x"}, s.Owned.Listings["a.example"].Repositories)
	require.NoError(t, r.RefreshOwned(t.Context()))
	require.Same(t, s, r.Snapshot(), "the same again is nothing new")

	l.says(nil, fault.New(fault.Denied, "list repositories", "a.example", "403"))
	require.NoError(t, r.RefreshOwned(t.Context()))
	listing := r.Snapshot().Owned.Listings["a.example"]
	require.True(t, listing.Known && listing.Failing)
	require.Equal(t, []string{"toolforge-x"}, listing.Repositories, "the last good answer")
	status := r.Status().Sources[2]
	require.Equal(t, resolver.KindListing, status.Kind)
	require.True(t, fault.Is(status.Err, fault.Denied))
	require.True(t, status.Stale)

	l.says([]string{}, nil)
	require.NoError(t, r.RefreshOwned(t.Context()))
	require.Empty(t, r.Snapshot().Owned.Listings["a.example"].Repositories)
	require.NoError(t, r.Status().Sources[2].Err)
}

// It is asked for seldom, and a little more often while it fails.
func TestOwnedPrefixesAreAskedAboutSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lister{live: present("sha256:a"), err: errors.New("not now")}
		r := start(t, offering(lone), everyHost(l), resolver.Options{Owns: map[string][]string{"a.example": {"x"}}})
		stop := run(t, r)
		time.Sleep(150 * time.Second)
		synctest.Wait()
		require.Equal(t, 3, l.times(), "once a minute")
		l.says(nil, nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, 4, l.times())
		time.Sleep(35 * time.Minute)
		synctest.Wait()
		require.Equal(t, 7, l.times(), "once in ten")
		stop()
	})
}

// A source that cannot list is not asked, and never known.
func TestOwnedPrefixesOfASourceThatCannotList(t *testing.T) {
	r := start(t, offering(lone), func(string) resolver.Live {
		return live(func(context.Context, []fact.Reference) fact.Report { return fact.Report{} })
	},
		resolver.Options{Owns: map[string][]string{"a.example": {"x"}, "b.example": {}}})
	require.NoError(t, r.RefreshOwned(t.Context()))
	require.NoError(t, r.Refresh(t.Context()))
	listing, there := r.Snapshot().Owned.Listings["a.example"]
	require.True(t, there)
	require.Nil(t, listing)
	require.NotContains(t, r.Snapshot().Owned.Listings, "b.example")
}

// A list that lost half is a registry's bad day more often than somebody's work.
func TestAListOfRepositoriesThatLostMost(t *testing.T) {
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	l := &lister{live: present("sha256:a"), names: []string{"x-1", "x-2", "x-3", "x-4"}}
	r := start(t, offering(lone), everyHost(l), resolver.Options{Owns: map[string][]string{"a.example": {"x-"}}, Now: func() time.Time { return now }})
	require.NoError(t, r.Refresh(t.Context()))
	has := func() int {
		now = now.Add(time.Minute)
		require.NoError(t, r.RefreshOwned(t.Context()))
		return len(r.Snapshot().Owned.Listings["a.example"].Repositories)
	}
	require.Equal(t, 4, has())
	l.says(nil, nil)
	require.Equal(t, 4, has())
	require.True(t, r.Snapshot().Owned.Listings["a.example"].Failing)
	require.True(t, fault.Is(r.Status().Sources[len(r.Status().Sources)-1].Err, fault.Refused))
	require.Equal(t, 4, has())
	require.Zero(t, has(), "three times")
	require.False(t, r.Snapshot().Owned.Listings["a.example"].Failing)
}
