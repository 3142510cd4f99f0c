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
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// journal notes when rounds begin, and how many are under way.
type journal struct {
	mu    sync.Mutex
	began []time.Time
	now   int
	most  int
}

func (j *journal) round(ctx context.Context, d time.Duration) {
	j.mu.Lock()
	j.began = append(j.began, time.Now())
	j.now++
	j.most = max(j.most, j.now)
	j.mu.Unlock()
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
	j.mu.Lock()
	j.now--
	j.mu.Unlock()
}

// since counts the rounds that began at or after a time.
func (j *journal) since(at time.Time) (n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, began := range j.began {
		if !began.Before(at) {
			n++
		}
	}
	return n
}

func (j *journal) live(d time.Duration) live {
	return func(ctx context.Context, refs []fact.Reference) fact.Report {
		j.round(ctx, d)
		return present("sha256:a")(ctx, refs)
	}
}

func (j *journal) origin(d time.Duration, values string) origin {
	return origin{fetch: func(ctx context.Context, last string) (*resolver.Offer, error) {
		j.round(ctx, d)
		return offering(values).fetch(ctx, last)
	}}
}

// However many ask at once, or while others wait, two rounds answer them all,
// and nobody gets an answer that is older than the question.
func TestRefreshesShareRounds(t *testing.T) {
	for name, took := range map[string][3]time.Duration{ // the origin's round, a's, b's
		"alike":           {time.Second, time.Second, time.Second},
		"slow origin":     {time.Minute, time.Second, 2 * time.Second},
		"slow host":       {time.Second, time.Minute, time.Second},
		"host in no time": {time.Second, 0, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var chart, a, b journal
				r := start(t, chart.origin(took[0], two), sources(map[string]live{
					"a.example": a.live(took[1]), "b.example": b.live(took[2]),
				}), resolver.Options{})
				const callers = 50
				var done sync.WaitGroup
				for range callers {
					done.Go(func() {
						asked := time.Now()
						if err := r.Refresh(t.Context()); err != nil {
							t.Error(err)
						}
						for _, j := range []*journal{&chart, &a, &b} {
							if j.since(asked) == 0 {
								t.Error("a source was not asked after the call")
							}
						}
					})
				}
				done.Wait()
				for _, j := range []*journal{&chart, &a, &b} {
					require.LessOrEqual(t, len(j.began), 2)
					require.Equal(t, 1, j.most, "one at a time")
				}
			})
		})
	}
}

// Callers that arrive one after the other while rounds are under way.
func TestARefreshIsNeverOlderThanItsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var chart, a, b journal
		r := start(t, chart.origin(700*time.Millisecond, two), sources(map[string]live{
			"a.example": a.live(1100 * time.Millisecond), "b.example": b.live(300 * time.Millisecond),
		}), resolver.Options{Interval: interval})
		run(t, r)
		var done sync.WaitGroup
		for i := range 200 {
			done.Go(func() {
				time.Sleep(time.Duration(i) * 37 * time.Millisecond)
				asked := time.Now()
				if err := r.Refresh(t.Context()); err != nil {
					t.Error(err)
				}
				for _, j := range []*journal{&chart, &a, &b} {
					if j.since(asked) == 0 {
						t.Error("a source was not asked after the call")
					}
				}
				if waited := time.Since(asked); waited > 2*(700+1100)*time.Millisecond {
					t.Errorf("waited %v", waited)
				}
			})
		}
		done.Wait()
		for _, j := range []*journal{&chart, &a, &b} {
			require.Equal(t, 1, j.most, "one at a time, loops and callers together")
		}
	})
}

func TestARefreshEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, offering(two), sources(map[string]live{"a.example": present("sha256:a"), "b.example": stalled}), resolver.Options{})
		gone := errors.New("the client went away")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(gone)
		require.ErrorIs(t, r.Refresh(ctx), gone)
		require.ErrorIs(t, r.RefreshHosts(ctx), gone)
	})
}

func TestRefreshHostsLeavesTheOriginAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var chart, a journal
		r := start(t, chart.origin(0, two), everywhere(a.live(0)), resolver.Options{})
		require.NoError(t, r.RefreshHosts(t.Context()), "nobody is there to be asked")
		require.NoError(t, r.Refresh(t.Context()))
		require.NoError(t, r.RefreshHosts(t.Context()))
		require.Len(t, chart.began, 1)
		require.Len(t, a.began, 4)
	})
}

// Whatever happens at the same time, generations only grow, and who refreshed
// after an edit sees it.
func TestRunAndRefreshTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var generation int64
		from, exchange := exchanging(two)
		r := start(t, from, everywhere(present("sha256:a")), resolver.Options{Interval: interval})
		r.Follow(func(s *snapshot.Snapshot) {
			if s.Generation != generation+1 {
				t.Errorf("generation %d follows %d", s.Generation, generation)
			}
			generation = s.Generation
			for _, i := range s.Images {
				if i.Exists != fact.Present {
					t.Errorf("%s flickers: %s", i.ShortName, i.Exists)
				}
			}
		})
		run(t, r)
		var done sync.WaitGroup
		for i := range 20 {
			done.Go(func() {
				for j := range 20 {
					if i == 0 {
						exchange(images(map[string]string{
							"one": "a.example/one", "two": []string{"b.example/two", "c.example/two"}[j%2],
						}))
					}
					if err := r.Refresh(t.Context()); err != nil {
						t.Error(err)
					}
					if i == 0 {
						want := []string{"b.example", "c.example"}[j%2]
						if got := r.Snapshot().Image("two").Reference.Host; got != want {
							t.Errorf("after the refresh: %s, not %s", got, want)
						}
					}
					time.Sleep(time.Duration(i) * 10 * time.Millisecond)
				}
			})
		}
		done.Wait()
	})
}
