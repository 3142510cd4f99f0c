package resolver_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
)

// two names an image at each of two hosts.
var two = images(map[string]string{"one": "a.example/one", "two": "b.example/two"})

// after makes a source slow.
func after(d time.Duration, l live) live {
	return func(ctx context.Context, refs []fact.Reference) fact.Report {
		select {
		case <-time.After(d):
			return l(ctx, refs)
		case <-ctx.Done():
			return stalled(ctx, refs)
		}
	}
}

func TestFirstSnapshotWaitsForAllHosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, offering(two), sources(map[string]live{
			"a.example": present("sha256:a"), "b.example": after(2*time.Second, present("sha256:b")),
		}), resolver.Options{FirstWait: 3 * time.Second})
		run(t, r)

		time.Sleep(2*time.Second - time.Nanosecond)
		synctest.Wait()
		require.Nil(t, r.Snapshot(), "b has not had its first say")
		require.Nil(t, r.Status().Served)

		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Equal(t, "present sha256:a", view(r.Snapshot(), "one"))
		require.Equal(t, "present sha256:b", view(r.Snapshot(), "two"))
		require.EqualValues(t, 1, r.Snapshot().Generation)
		require.Empty(t, texts(r.Snapshot()))
	})
}

func TestFirstWaitBoundsTheFirstSnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, offering(two), sources(map[string]live{
			"a.example": present("sha256:a"), "b.example": stalled,
		}), resolver.Options{FirstWait: 3 * time.Second})
		run(t, r)

		time.Sleep(3*time.Second - time.Nanosecond)
		synctest.Wait()
		require.Nil(t, r.Snapshot())

		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Equal(t, "present sha256:a", view(r.Snapshot(), "one"))
		require.Equal(t, "unknown", view(r.Snapshot(), "two"))
		require.Equal(t, []string{"b.example has not answered yet: it is not known which of its images exist"}, texts(r.Snapshot()))
	})
}

// One-shot use: nobody runs the resolver, and yet a dead host does not keep the
// others' answers back.
func TestFirstWaitBoundsARefreshThatNobodyRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, offering(two), sources(map[string]live{
			"a.example": present("sha256:a"), "b.example": stalled,
		}), resolver.Options{})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		require.ErrorIs(t, r.Refresh(ctx), context.DeadlineExceeded)
		require.Equal(t, "present sha256:a", view(r.Snapshot(), "one"))
		require.Equal(t, "unknown", view(r.Snapshot(), "two"))
	})
}

func TestAHostThatFailsHasHadItsSay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r := start(t, offering(two), sources(map[string]live{
			"a.example": present("sha256:a"), "b.example": unreachable,
		}), resolver.Options{})
		require.NoError(t, r.Refresh(t.Context()))
		require.Zero(t, time.Since(began))
		require.Equal(t, "unknown", view(r.Snapshot(), "two"))
		require.Equal(t, []string{"b.example cannot be asked now: it is not known which of its images exist"}, texts(r.Snapshot()))
	})
}
