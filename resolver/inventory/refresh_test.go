package inventory_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

// One question about one tool brings it up to date; the next round finds what it
// costs anyway.
func TestRefresh(t *testing.T) {
	for name, s := range map[string]setup{"": {}, "one by one": {anonymous: true}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, s)
			w.project("tool-a", harbortest.Public, "web", "job")
			w.project("tool-b", harbortest.Public, "web")
			w.round()
			questions := 1
			if s.anonymous {
				questions = 3 // the repositories, and each
			}
			refresh := func(tool string) {
				t.Helper()
				require.NoError(t, w.Refresh(t.Context(), tool))
			}
			before := w.State().View
			require.Equal(t, questions, w.costs(func() { refresh("a") }))
			require.Same(t, before, w.State().View, "nothing changed")

			w.push("tool-a/web", "v2")
			w.push("tool-b/web", "v2")
			require.Equal(t, questions, w.costs(func() { refresh("a") }))
			require.Equal(t, []string{"tool-a/job:latest", "tool-a/web:latest", "tool-a/web:v2", "tool-b/web:latest"}, short(has(w.State().View)))
			require.Same(t, before.Tool("b"), w.State().View.Tool("b"))
			after := w.State().View.Tool("a")
			w.round()
			require.Same(t, after, w.State().View.Tool("a"), "the round says the same")

			w.push("tool-a/sub/new", "latest")
			refresh("a")
			require.Contains(t, short(has(w.State().View)), "tool-a/sub/new:latest")
			after = w.State().View.Tool("a")
			w.round()
			require.Same(t, after, w.State().View.Tool("a"))

			w.DeleteTag("tool-a/web", "v2")
			require.Equal(t, map[bool]int{false: 2, true: 4}[s.anonymous], w.costs(func() { refresh("a") }), "less is proved before it is believed")
			require.NotContains(t, short(has(w.State().View)), "tool-a/web:v2")

			w.AddProject("tool-empty", harbortest.Public)
			before = w.State().View
			for _, tool := range []string{"empty", "nobody", "a--b"} {
				refresh(tool)
				require.Same(t, before, w.State().View)
			}
			for _, tool := range []string{"", "A", "a/b", "a..b", "../x", "-a", "a-"} {
				require.Zero(t, w.costs(func() {
					require.Equal(t, fault.Usage, fault.KindOf(w.Refresh(t.Context(), tool)))
				}), "%q reaches nobody", tool)
			}
		})
	}
}

// A repository, or a project, that is gone is so after the next round, whoever
// asked about it before.
func TestRefreshOfWhatIsGone(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("tool-a", harbortest.Public, "web", "job")
	w.project("tool-b", harbortest.Public, "web")
	w.round()
	w.DeleteRepository("tool-a/job")
	require.NoError(t, w.Refresh(t.Context(), "a"))
	require.Equal(t, []string{"tool-a/web:latest", "tool-b/web:latest"}, short(has(w.State().View)))
	w.RemoveProject("tool-b")
	require.NoError(t, w.Refresh(t.Context(), "b"))
	w.round()
	require.Equal(t, []string{"tool-a/web:latest"}, short(has(w.State().View)))
	require.Equal(t, 1, w.State().View.Repositories)
	require.Equal(t, 1, w.costs(func() { w.round() }))
}

// What cannot be asked leaves the view, and does not make the rounds' error.
func TestRefreshThatFails(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("tool-a", harbortest.Public, "web", "job")
	before := w.round()
	for _, c := range []struct {
		fault harbortest.Fault
		kind  fault.Kind
	}{
		{harbortest.Status(http.StatusInternalServerError), fault.Unreachable},
		{harbortest.RetryAfter(http.StatusTooManyRequests, 3), fault.RateLimited},
		{harbortest.Truncated(), fault.Unreachable},
		{harbortest.NullList(), fault.Unreachable},
		{harbortest.Status(http.StatusUnauthorized), fault.Denied},
	} {
		heal := w.Fault(harbortest.Of(harbortest.KindProjectArtifacts), c.fault)
		err := w.Refresh(t.Context(), "a")
		require.Equal(t, c.kind.String(), fault.KindOf(err).String(), "%v", err)
		require.Same(t, before, w.State().View)
		require.NoError(t, w.State().Err)
		heal()
	}
}

// Questions about one tool are answered in any order. An answer that was true
// before another one takes nothing back that the other has shown.
func TestNothingIsTakenBack(t *testing.T) {
	for name, slow := range map[string]func(*world) error{
		"by a question about the tool": func(w *world) error { return w.Refresh(w.t.Context(), "a") },
		"by a round":                   func(w *world) error { return w.Round(w.t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, setup{})
			w.project("tool-a", harbortest.Public, "web", "job", "cron")
			w.round()
			w.push("tool-a/web", "v2")
			w.push("tool-a/job", "v2")
			w.clock.advance(2 * time.Second)
			// The answer is made now, and comes late.
			late, made := harbortest.NewStall(), make(chan struct{})
			w.Fault(harbortest.Times(1, harbortest.Of(harbortest.KindProjectArtifacts)), func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
				answer := &kept{header: http.Header{}}
				next.ServeHTTP(answer, r)
				close(made)
				late.Fault(rw, r, answer)
			})
			done := make(chan error, 1)
			go func() { done <- slow(w) }()
			<-made
			w.push("tool-a/web", "v3")
			require.NoError(t, w.Refresh(t.Context(), "a"))
			require.Contains(t, short(has(w.State().View)), "tool-a/web:v3")
			w.Follow(func(s *inventory.State) {
				if !slices.Contains(short(has(s.View)), "tool-a/web:v3") {
					t.Errorf("taken back: %q", short(has(s.View))) // not to end whoever asks
				}
			})
			late.Release()
			require.NoError(t, <-done)
			require.Contains(t, short(has(w.State().View)), "tool-a/web:v3")
			w.round()
			w.clock.advance(10 * time.Second)
			w.round()
			require.Equal(t, 1, w.costs(func() { w.round() }))
		})
	}
}

// kept is an answer that is sent later.
type kept struct {
	header http.Header
	body   []byte
}

func (k *kept) Header() http.Header { return k.header }
func (k *kept) WriteHeader(int)     {}
func (k *kept) Write(b []byte) (int, error) {
	k.body = append(k.body, b...)
	return len(b), nil
}

func (k *kept) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	for name, values := range k.header {
		w.Header()[name] = values
	}
	_, _ = w.Write(k.body)
}

// While a tool's only writer pushes one image after another and many ask about
// it, beside rounds, nobody ever sees fewer images than before.
func TestManyAskAtOnce(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("tool-a", harbortest.Public, "web")
	w.round()
	var most atomic.Int64
	w.Follow(func(s *inventory.State) {
		n := int64(s.View.Images)
		if n < most.Load() {
			t.Errorf("taken back: %d images after %d", n, most.Load())
		}
		most.Store(n)
	})
	const pushes = 150
	var all sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					_ = w.Refresh(t.Context(), "a") // it may be overtaken
				}
			}
		})
	}
	all.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				w.clock.advance(2 * time.Second)
				_ = w.Round(t.Context()) // so may this
			}
		}
	})
	for n := range pushes {
		w.push("tool-a/web", fmt.Sprintf("v%d", n))
	}
	close(stop)
	all.Wait()
	require.Equal(t, pushes+1, w.round().Images)
}

// Whole listings go on while repositories are pushed and deleted: nothing of it
// is lost.
func TestSweepsWhileHarborChanges(t *testing.T) {
	const projects = 450
	w := newWorld(t, setup{client: clientOf(1)})
	names := w.Seed(harbortest.Seed{Prefix: "tool-t", Projects: projects, Repositories: 2})
	w.round()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	source := rand.New(rand.NewPCG(seed, 2))
	for range 12 {
		stop := make(chan struct{})
		var beside sync.WaitGroup
		beside.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				name := names[source.IntN(len(names))]
				if source.IntN(3) == 0 {
					w.DeleteRepository(name)
				} else {
					_, _ = w.Push(name, "latest", harbortest.Profile{})
				}
			}
		})
		w.clock.advance(2 * time.Hour)
		err := w.Round(t.Context()) // may be told that pages do not add up
		close(stop)
		beside.Wait()
		if err != nil {
			require.Equal(t, fault.Unreachable.String(), fault.KindOf(err).String(), "%v", err)
		}
		w.round()
		require.Equal(t, w.holds(names, func(string) bool { return false }), has(w.State().View))
	}
}

// Between two pages of a listing a repository is deleted and made anew: it comes
// twice, another one not at all, and yet the count is right.
func TestARepositoryMadeAnewBetweenTwoPages(t *testing.T) {
	for _, first := range []bool{true, false} {
		w := newWorld(t, setup{client: clientOf(1)})
		names := w.Seed(harbortest.Seed{Prefix: "tool-t", Projects: 150})
		if !first {
			w.round()
		}
		second := func(r harbortest.Request) bool {
			return r.Kind == harbortest.KindRepositories && strings.Contains(r.Query, "page=2&") && strings.Contains(r.Query, "sort=creation_time")
		}
		w.Fault(harbortest.Times(1, second), func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
			w.DeleteRepository(names[7])
			w.push(names[7], "latest")
			next.ServeHTTP(rw, r)
		})
		w.clock.advance(2 * time.Hour)
		want := map[bool]int{true: 149, false: 150}[first] // what was never seen, the next round misses
		require.Equal(t, want, w.round().Images)
		require.Equal(t, w.holds(names, public), has(w.round()))
		require.Equal(t, 1, w.costs(func() { w.round() }))
	}
}
