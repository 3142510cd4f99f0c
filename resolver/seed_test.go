package resolver_test

import (
	"testing"
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

// A seed is served while a registry does not answer, and what that says is
// believed at once, be it that all of it is gone. Nothing of a seed is kept on disk
// as if one had heard it oneself, and what is on disk goes before it.
func TestASeedIsHearsay(t *testing.T) {
	m := newMachine(t, exactly)
	m.shelf.publish(t, "1.0.0", crowd)
	seeds := 0
	m.opts.Seed = func() *resolver.Seed { seeds++; return seedOf(time.Now().Add(-time.Hour)) }
	m.live = allDown
	m.life(t, func(r *resolver.Resolver) {
		require.Equal(t, "present sha256:s stale", view(r.Snapshot(), "a"))
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
	gone.opts.Seed = func() *resolver.Seed { return seedOf(time.Now()) }
	gone.live = sources(map[string]live{"a.example": absent})
	gone.life(t, func(r *resolver.Resolver) { require.Equal(t, "absent", view(r.Snapshot(), "a")) })

	// From now on there is something on disk.
	gone.opts.Seed = func() *resolver.Seed { t.Error("a seed is asked for"); return nil }
	gone.live = allDown
	r, stop = gone.boot(t)
	defer stop()
	require.Equal(t, "absent stale", view(r.Snapshot(), "a"))
}
