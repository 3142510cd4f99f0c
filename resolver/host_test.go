package resolver_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

const interval = 2 * time.Second

// settled is longer than an interval with what is added to it at random.
const settled = interval + interval/10

// settle lets an interval pass, and everything that follows from it happen.
func settle() {
	time.Sleep(settled)
	synctest.Wait()
}

func TestADeadHostDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := &switched{now: present("sha256:a1")}, &switched{now: present("sha256:b1")}
		r := start(t, offering(two), sources(map[string]live{"a.example": a.ask, "b.example": b.ask}),
			resolver.Options{Interval: interval})
		run(t, r)
		synctest.Wait()
		require.Equal(t, "present sha256:b1", view(r.Snapshot(), "two"))

		b.to(unreachable)
		a.to(present("sha256:a2"))
		settle()
		require.Equal(t, "present sha256:a2", view(r.Snapshot(), "one"), "exact and fresh")
		require.Equal(t, "present sha256:b1 stale", view(r.Snapshot(), "two"), "the last good answer")
		require.Equal(t, []string{"b.example cannot be asked now: its images are as it last answered"}, texts(r.Snapshot()))
		status := r.Status()
		require.Equal(t, "b.example", status.Sources[2].Name)
		require.True(t, status.Sources[2].Stale)
		require.True(t, fault.Is(status.Sources[2].Err, fault.Unreachable))
		require.False(t, status.Sources[1].Stale)

		b.to(stalled) // and while it keeps us waiting
		a.to(present("sha256:a3"))
		settle()
		require.Equal(t, "present sha256:a3", view(r.Snapshot(), "one"))
		require.Equal(t, "present sha256:b1 stale", view(r.Snapshot(), "two"))
	})
}

func TestRecoveryWithinAnInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &switched{now: unreachable}
		r := start(t, offering(two), sources(map[string]live{"a.example": present("sha256:a"), "b.example": b.ask}),
			resolver.Options{Interval: interval})
		run(t, r)
		synctest.Wait()
		require.Equal(t, "unknown", view(r.Snapshot(), "two"))

		b.to(present("sha256:b"))
		settle()
		require.Equal(t, "present sha256:b", view(r.Snapshot(), "two"))
		require.Empty(t, texts(r.Snapshot()))
		require.NoError(t, r.Status().Sources[2].Err)
	})
}

func TestNothingIsPublishedWhileNothingChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &switched{now: present("sha256:b")}
		r := start(t, offering(two), sources(map[string]live{"a.example": present("sha256:a"), "b.example": b.ask}),
			resolver.Options{Interval: interval})
		run(t, r)
		synctest.Wait()
		first := r.Snapshot()
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Same(t, first, r.Snapshot())

		b.to(unreachable)
		settle()
		dead := r.Snapshot()
		require.EqualValues(t, 2, dead.Generation)
		require.Same(t, first.Image("one"), dead.Image("one"), "what did not change is shared")
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Same(t, dead, r.Snapshot(), "a host that stays dead changes nothing more")
	})
}

// What is known of some images of a host is not lost because others cannot be
// asked about.
func TestWarningsSayWhatIsKnown(t *testing.T) {
	three := images(map[string]string{"one": "a.example/one", "two": "a.example/two"})
	one := fact.Reference{Host: "a.example", Repository: "one", Tag: "latest"}
	denied := fault.New(fault.Denied, "ask registry", "a.example", "403 Forbidden")
	partly := func(ctx context.Context, _ []fact.Reference) fact.Report {
		report := present("sha256:2")(ctx, []fact.Reference{one})
		report.Err = denied
		return report
	}
	noTags := func(ctx context.Context, refs []fact.Reference) fact.Report {
		report := present("sha256:2")(ctx, refs)
		report.Repositories, report.Err = nil, denied
		return report
	}
	for name, c := range map[string]struct {
		first, second  live
		warning        string
		known, unasked string
	}{
		"part after all": {
			present("sha256:1"), partly, "a.example cannot be asked about all images now: some are as it last answered",
			"present sha256:2", "present sha256:1 stale",
		},
		"part after nothing": {
			unreachable, partly, "a.example cannot be asked about all images now: of some it is not known whether they exist",
			"present sha256:2", "unknown",
		},
		"nothing after part": {
			partly, unreachable, "a.example cannot be asked now: its images are as it last answered, and of some it is not known whether they exist",
			"present sha256:2 stale", "unknown",
		},
		"no tag lists": {
			noTags, noTags, "a.example cannot be asked for all lists of tags now",
			"present sha256:2", "present sha256:2",
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := &switched{now: c.first}
			r := start(t, offering(three), sources(map[string]live{"a.example": a.ask}), resolver.Options{})
			require.NoError(t, r.Refresh(t.Context()))
			a.to(c.second)
			require.NoError(t, r.Refresh(t.Context()))
			require.Equal(t, []string{c.warning}, texts(r.Snapshot()))
			require.Equal(t, c.known, view(r.Snapshot(), "one"))
			require.Equal(t, c.unasked, view(r.Snapshot(), "two"))
		})
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		limited := func(after time.Duration) live {
			return func(context.Context, []fact.Reference) fact.Report {
				asked.Add(1)
				err := fault.New(fault.RateLimited, "ask registry", "b.example", "429")
				err.RetryAfter = after
				return fact.Report{Err: err}
			}
		}
		b := &switched{now: limited(30 * time.Second)}
		r := start(t, offering(two), sources(map[string]live{"a.example": present("sha256:a"), "b.example": b.ask}),
			resolver.Options{Interval: interval})
		run(t, r)
		synctest.Wait()
		require.EqualValues(t, 1, asked.Load())

		time.Sleep(29 * time.Second)
		require.NoError(t, r.Refresh(t.Context()))
		require.EqualValues(t, 1, asked.Load(), "neither the loop nor a refresh asks before")

		b.to(limited(time.Hour))
		time.Sleep(time.Second)
		synctest.Wait()
		require.EqualValues(t, 2, asked.Load())

		b.to(present("sha256:b"))
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, "present sha256:b", view(r.Snapshot(), "two"), "an hour is not waited for: a minute is the bound")
	})
}

func TestLogTellsWhenAHostTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book, b := &logbook{}, &switched{now: present("sha256:b")}
		r := start(t, offering(two), sources(map[string]live{"a.example": present("sha256:a"), "b.example": b.ask}),
			resolver.Options{Interval: interval, Logger: book.logger()})
		run(t, r)
		synctest.Wait()
		require.Equal(t, []string{`level=INFO msg="catalog taken into use" origin=oci://origin.example/image-config version="" digest="" images=2`}, book.take())

		b.to(unreachable)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, []string{`level=WARN msg="a registry cannot be asked; what it answered before stays" host=b.example error="ask registry: b.example: connection refused"`}, book.take())

		b.to(present("sha256:b"))
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, []string{`level=INFO msg="a registry answers again" host=b.example`}, book.take())
	})
}

// A registry that has lost its disk, or a proxy before the wrong one, says
// "not found" to everything.
func TestAHostThatLostEverythingIsNotBelievedAtOnce(t *testing.T) {
	five := images(map[string]string{
		"1": "a.example/1", "2": "a.example/2", "3": "a.example/3", "4": "a.example/4", "5": "a.example/5",
	})
	without := func(gone string) live {
		return func(ctx context.Context, refs []fact.Reference) fact.Report {
			report := present("sha256:a")(ctx, refs)
			for _, ref := range refs {
				if strings.Contains(gone, ref.Repository) {
					report.Manifests[ref] = fact.Manifest{Status: fact.Absent}
					report.Repositories[ref.Repository] = fact.Repository{Status: fact.Absent}
				}
			}
			return report
		}
	}
	synctest.Test(t, func(t *testing.T) {
		a := &switched{now: present("sha256:a")}
		r := start(t, offering(five), sources(map[string]live{"a.example": a.ask}), resolver.Options{Interval: interval, Doubt: time.Minute})
		run(t, r)
		synctest.Wait()

		a.to(without("12")) // less than half: deleted
		settle()
		require.Equal(t, "absent", view(r.Snapshot(), "1"))
		require.Empty(t, texts(r.Snapshot()))
		a.to(without(""))
		settle()

		a.to(without("123")) // more than half
		settle()
		require.Equal(t, "present sha256:a stale", view(r.Snapshot(), "1"))
		require.Equal(t, "present sha256:a", view(r.Snapshot(), "5"))
		require.Equal(t, []string{"a.example says that most of its images are gone, which is not believed yet: they are as it last answered"}, texts(r.Snapshot()))
		require.True(t, fault.Is(r.Status().Sources[1].Err, fault.Refused))

		a.to(without(""))
		settle()
		require.Equal(t, "present sha256:a", view(r.Snapshot(), "1"), "it was a bad moment")
		require.Empty(t, texts(r.Snapshot()))

		a.to(absent)
		settle()
		require.Equal(t, "present sha256:a stale", view(r.Snapshot(), "1"))
		time.Sleep(time.Minute)
		settle()
		require.Equal(t, "absent", view(r.Snapshot(), "1"), "it insists")
		require.Empty(t, texts(r.Snapshot()))
	})
}

// Two backends behind one name that lack different halves: however long they take
// turns, neither is believed.
func TestAHostThatFlapsIsNeverBelieved(t *testing.T) {
	lacks := func(gone string) live {
		return func(ctx context.Context, refs []fact.Reference) fact.Report {
			report := present("sha256:a")(ctx, refs)
			for _, ref := range refs {
				if strings.Contains(gone, ref.Repository) {
					report.Manifests[ref] = fact.Manifest{Status: fact.Absent}
				}
			}
			return report
		}
	}
	catalog := images(map[string]string{"1": "a.example/1", "2": "a.example/2", "3": "a.example/3", "4": "a.example/4"})
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	a := &switched{now: present("sha256:a")}
	r := start(t, offering(catalog), sources(map[string]live{"a.example": a.ask}), resolver.Options{Now: func() time.Time { return now }})
	refresh := func() {
		now = now.Add(30 * time.Second)
		require.NoError(t, r.Refresh(t.Context()))
	}
	refresh()
	for range 20 {
		for _, gone := range []string{"12", "34"} {
			a.to(lacks(gone))
			refresh()
			for _, name := range []string{"1", "2", "3", "4"} {
				require.Contains(t, view(r.Snapshot(), name), "present")
			}
		}
	}
	a.to(lacks("12"))
	refresh()
	refresh()
	require.Equal(t, "present sha256:a stale", view(r.Snapshot(), "1"))
	refresh()
	require.Equal(t, "absent", view(r.Snapshot(), "1"), "it settled: three times the same, over a minute")
	require.Equal(t, "present sha256:a", view(r.Snapshot(), "3"))

	a.to(lacks("123"))
	refresh()
	require.Equal(t, "absent", view(r.Snapshot(), "3"), "of two images somebody may well have deleted one")
}
