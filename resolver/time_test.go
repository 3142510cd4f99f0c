package resolver_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
)

// The clock of these tests begins on 2000-01-01, 00:00 UTC.
const aging = `formatVersion: "1.0"
images:
  old:
    state: stable
    image: a.example/old
    aliases: [ancient]
    replacedBy: new
    lifecycle: {deprecated: 2000-01-02, unsupported: 2000-01-03, removed: 2000-01-04}
  new:
    state: stable
    image: a.example/new
`

func TestDaysChangeStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, offering(aging), everywhere(present("sha256:a")), resolver.Options{Interval: time.Hour})
		run(t, r)
		synctest.Wait()
		require.Equal(t, chart.Date("2000-01-01"), r.Snapshot().Day)
		require.Equal(t, "stable", r.Snapshot().Image("old").State)
		young := r.Snapshot().Image("new")

		time.Sleep(24*time.Hour - time.Nanosecond)
		synctest.Wait()
		require.EqualValues(t, 1, r.Snapshot().Generation)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.EqualValues(t, 2, r.Snapshot().Generation, "at midnight")
		require.Equal(t, "deprecated", r.Snapshot().Image("old").State)
		require.Same(t, young, r.Snapshot().Image("new"), "a day changes only what it is about")

		time.Sleep(24 * time.Hour)
		synctest.Wait()
		require.Contains(t, r.Snapshot().Image("old").Notice, "no security updates since 2000-01-03")

		time.Sleep(24 * time.Hour)
		synctest.Wait()
		require.Nil(t, r.Snapshot().Image("old"))
		require.Equal(t, "new", r.Snapshot().Tombstone("ancient").ReplacedBy)
		require.EqualValues(t, 4, r.Snapshot().Generation)
	})
}

// A machine that slept, or whose clock was set, notices within a minute.
func TestAClockThatIsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ahead := make(chan time.Duration, 1)
		ahead <- 0
		r := start(t, offering(aging), everywhere(present("sha256:a")), resolver.Options{
			Interval: time.Hour,
			Now: func() time.Time {
				d := <-ahead
				ahead <- d
				return time.Now().Add(d)
			},
		})
		run(t, r)
		synctest.Wait()
		require.Equal(t, chart.Date("2000-01-01"), r.Snapshot().Day)
		<-ahead
		ahead <- 36 * time.Hour
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, chart.Date("2000-01-02"), r.Snapshot().Day)
	})
}

func TestSourcesAreAskedByTheirIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var origin, a journal
		r := start(t, origin.origin(0, lone), everywhere(a.live(0)),
			resolver.Options{Interval: 10 * time.Second, CatalogInterval: time.Minute})
		run(t, r)
		time.Sleep(time.Hour)
		require.InDelta(t, 360, a.since(time.Time{}), 20)
		require.InDelta(t, 60, origin.since(time.Time{}), 4)
	})
}

func TestZeroOptionsWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var origin, a journal
		r := start(t, origin.origin(0, lone), everywhere(a.live(0)), resolver.Options{})
		run(t, r)
		time.Sleep(time.Minute)
		require.InDelta(t, 30, a.since(time.Time{}), 3)
		require.InDelta(t, 30, origin.since(time.Time{}), 3)
	})
}

// A look at an origin that stalls ends, and is one of a source that cannot be
// asked.
func TestALookIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := origin{fetch: func(ctx context.Context, _ string) (*resolver.Offer, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		r := start(t, from, everywhere(absent), resolver.Options{CatalogTimeout: 7 * time.Second})
		began := time.Now()
		require.ErrorIs(t, r.Refresh(t.Context()), context.DeadlineExceeded)
		require.Equal(t, 7*time.Second, time.Since(began))
	})
}

// Nothing outlives Run: synctest fails a test whose goroutines do.
func TestRunEndsAtOnce(t *testing.T) {
	for name, l := range map[string]live{"idle": present("sha256:a"), "while a host stalls": stalled} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				book := &logbook{}
				r := resolver.New(offering(two), sources(map[string]live{"a.example": present("sha256:a"), "b.example": l}),
					resolver.Options{Logger: book.logger()})
				stop := run(t, r)
				time.Sleep(time.Minute)
				synctest.Wait()
				before := r.Snapshot()
				require.NotNil(t, before)
				book.take()
				began := time.Now()
				stop()
				require.Zero(t, time.Since(began))
				synctest.Wait()
				require.Same(t, before, r.Snapshot(), "what was cut short says nothing")
				require.Empty(t, book.take())
			})
		})
	}
}

// A source that does not listen to its context keeps neither Run nor Close.
func TestRunEndsWhateverASourceDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		let := make(chan struct{})
		deaf := live(func(ctx context.Context, refs []fact.Reference) fact.Report {
			<-let
			return present("sha256:late")(ctx, refs)
		})
		r := resolver.New(offering(lone), everywhere(deaf), resolver.Options{})
		stop := run(t, r)
		time.Sleep(time.Minute)
		stop()
		before := r.Snapshot()
		close(let)
		synctest.Wait()
		require.Same(t, before, r.Snapshot(), "and comes too late to be heard")
	})
}

func TestCloseEndsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := resolver.New(offering(two), everywhere(stalled), resolver.Options{})
		refreshed, ran := make(chan error, 1), make(chan error, 1)
		go func() { refreshed <- r.Refresh(t.Context()) }()
		go func() { ran <- r.Run(t.Context()) }()
		synctest.Wait()
		r.Close()
		require.NoError(t, <-ran)
		require.EqualError(t, <-refreshed, "the resolver is closed")
	})
}
