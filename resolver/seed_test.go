package resolver_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/store"
)

// crowd are enough images of a host for their loss to be implausible.
var crowd = images(map[string]string{"a": "a.example/a", "b": "a.example/b", "c": "a.example/c", "d": "a.example/d", "e": "a.example/e"})

// seedOf says that a host has five images.
func seedOf(at time.Time) *resolver.Seed {
	host := store.Host{Name: "a.example", LastSuccess: at, Manifests: map[fact.Reference]fact.Manifest{}}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		host.Manifests[fact.Reference{Host: "a.example", Repository: name, Tag: "latest"}] = fact.Manifest{Status: fact.Present, Digest: "sha256:s"}
	}
	return &resolver.Seed{CreatedAt: at, Hosts: []store.Host{host}}
}

// runUntil lets a process run until a condition holds, and ends it as SIGTERM
// would.
func (m *machine) runUntil(t *testing.T, holds func(*resolver.Resolver) bool, then func(*resolver.Resolver)) {
	t.Helper()
	r, stop := m.boot(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	require.Eventually(t, func() bool { return r.Snapshot() != nil && holds(r) }, 20*time.Second, time.Millisecond)
	then(r)
	cancel()
	require.NoError(t, <-ended)
	stop()
}

// A seed is served while a registry does not answer, and what that says is
// believed at once, be it that all of it is gone. Nothing of a seed is kept on disk
// as if one had heard it oneself, and what is on disk goes before it.
func TestASeedIsHearsay(t *testing.T) {
	m := newMachine(t, exactly)
	m.shelf.publish(t, "1.0.0", crowd)
	seeds := 0
	m.opts.Seed = func(context.Context) *resolver.Seed { seeds++; return seedOf(time.Now().Add(-time.Hour)) }
	m.live = allDown
	m.runUntil(t, func(r *resolver.Resolver) bool { return view(r.Snapshot(), "a") == "present sha256:s stale" }, func(r *resolver.Resolver) {
		for _, source := range r.Status().Sources {
			if source.Name == "a.example" {
				require.True(t, source.Stale)
				require.WithinDuration(t, time.Now().Add(-time.Hour), source.LastSuccess, time.Minute)
			}
		}
	})
	require.Equal(t, 1, seeds)

	m.opts.Seed = nil
	r, stop := m.boot(t)
	require.NotContains(t, view(r.Snapshot(), "a"), "sha256:s")
	stop()

	gone := newMachine(t, exactly)
	gone.shelf.publish(t, "1.0.0", crowd)
	gone.opts.Seed = func(context.Context) *resolver.Seed { return seedOf(time.Now()) }
	gone.live = sources(map[string]live{"a.example": absent})
	gone.runUntil(t, func(r *resolver.Resolver) bool { return view(r.Snapshot(), "a") == "absent" }, func(*resolver.Resolver) {})

	// From now on there is something on disk.
	gone.opts.Seed = func(context.Context) *resolver.Seed { t.Error("a seed is asked for"); return nil }
	gone.live = allDown
	gone.runUntil(t, func(*resolver.Resolver) bool { return true }, func(r *resolver.Resolver) {
		require.Equal(t, "absent stale", view(r.Snapshot(), "a"))
	})
}

// running is a resolver of crowd that runs in a bubble of its own time, and whose
// seed comes when a test sends it.
func running(t *testing.T, l resolver.LiveFunc, seeds <-chan *resolver.Seed) *resolver.Resolver {
	t.Helper()
	r := resolver.New(offering(crowd), l, resolver.Options{Seed: func(ctx context.Context) *resolver.Seed {
		select {
		case seed := <-seeds:
			return seed
		case <-ctx.Done():
			return nil
		}
	}})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	return r
}

// The first catalog waits for a seed as long as for a source, a second, and no
// longer; the seed is taken whenever it comes.
func TestASeedThatComesLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seeds := make(chan *resolver.Seed)
		r := running(t, allDown, seeds)
		time.Sleep(900 * time.Millisecond)
		synctest.Wait()
		require.Nil(t, r.Snapshot(), "a seed may still come")
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		require.Equal(t, "unknown", view(r.Snapshot(), "a"))
		time.Sleep(time.Minute)
		seeds <- seedOf(time.Now())
		synctest.Wait()
		require.Equal(t, "present sha256:s stale", view(r.Snapshot(), "a"))
	})
}

// Whoever has a seed, or knows that none comes, does not wait for what the seed
// already says.
func TestASeedEndsTheWait(t *testing.T) {
	for name, c := range map[string]struct {
		live resolver.LiveFunc
		seed *resolver.Seed
		want string
	}{
		"a seed":  {allSilent, seedOf(time.Now()), "present sha256:s stale"},
		"no seed": {allDown, nil, "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				seeds := make(chan *resolver.Seed)
				r := running(t, c.live, seeds)
				synctest.Wait()
				require.Nil(t, r.Snapshot())
				seeds <- c.seed
				synctest.Wait()
				require.Equal(t, c.want, view(r.Snapshot(), "a"), "not a moment passed")
			})
		})
	}
}

// What a registry said before the seed came stands, all of it or a part, and what
// it was not asked or could not answer the seed says.
func TestASeedAfterTheSources(t *testing.T) {
	for name, c := range map[string]struct {
		live live
		a, b string
	}{
		"all":  {present("sha256:own"), "present sha256:own", "present sha256:own"},
		"gone": {absent, "absent", "absent"},
		"a part": {
			func(ctx context.Context, refs []fact.Reference) fact.Report {
				report := unreachable(ctx, refs)
				report.Manifests = map[fact.Reference]fact.Manifest{{Host: "a.example", Repository: "a", Tag: "latest"}: {Status: fact.Absent}}
				return report
			}, "absent", "present sha256:s stale",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				seeds := make(chan *resolver.Seed)
				r := running(t, sources(map[string]live{"a.example": c.live}), seeds)
				time.Sleep(5 * time.Second)
				synctest.Wait()
				before := view(r.Snapshot(), "a")
				require.Equal(t, c.a, before)
				seeds <- seedOf(time.Unix(0, 0))
				synctest.Wait()
				require.Equal(t, before, view(r.Snapshot(), "a"))
				require.Equal(t, c.b, view(r.Snapshot(), "b"))
				heard := r.Status().Sources[1].LastSuccess
				require.Equal(t, name == "a part", heard.Equal(time.Unix(0, 0)), "%s", heard)
				time.Sleep(5 * time.Second)
				synctest.Wait()
				require.Equal(t, before, view(r.Snapshot(), "a"))
				require.Equal(t, c.b, view(r.Snapshot(), "b"))
			})
		})
	}
}
