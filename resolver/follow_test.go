package resolver_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

func TestFollowBeginsWithTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &switched{now: present("sha256:1")}
		r := start(t, offering(lone), everywhere(a.ask), resolver.Options{})
		early := published(r)
		require.Empty(t, early, "there is none yet")
		require.NoError(t, r.Refresh(t.Context()))
		a.to(present("sha256:2"))
		require.NoError(t, r.Refresh(t.Context()))
		late := published(r)
		a.to(present("sha256:3"))
		require.NoError(t, r.Refresh(t.Context()))

		digests := func(all <-chan *snapshot.Snapshot) (out []string) {
			for len(all) > 0 {
				out = append(out, (<-all).Image("a").Digest)
			}
			return out
		}
		require.Equal(t, []string{"sha256:1", "sha256:2", "sha256:3"}, digests(early))
		require.Equal(t, []string{"sha256:2", "sha256:3"}, digests(late))
	})
}

// A follower has made its pages of a snapshot before anybody can ask for it.
func TestFollowersComeBeforeReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &switched{now: present("sha256:1")}
		r := start(t, offering(lone), everywhere(a.ask), resolver.Options{})
		require.NoError(t, r.Refresh(t.Context()))
		old := r.Snapshot()
		r.Follow(func(s *snapshot.Snapshot) {
			if s == old {
				return
			}
			time.Sleep(time.Minute)
			if r.Snapshot() != old {
				t.Error("a reader got it before its follower was done")
			}
			if r.Status().Served == nil {
				t.Error("a follower may ask for the status")
			}
		})
		a.to(present("sha256:2"))
		require.NoError(t, r.Refresh(t.Context()))
		require.NotSame(t, old, r.Snapshot())
	})
}
