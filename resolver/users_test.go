package resolver_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	harborapi "gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

const harborHost = "harbor.example"

// harborOf gives a Harbor with one tool, and an inventory of it.
func harborOf(t testing.TB, opts inventory.Options) (*harbortest.Server, *inventory.Inventory) {
	t.Helper()
	h := harbortest.Start(t, harbortest.StartOptions{})
	h.AddProject("tool-a", harbortest.Public)
	pushed(t, h, "tool-a/web:latest")
	who := h.AddRobot("catalog", "right", harbortest.ReaderPermissions()...)
	d, err := endpoint.New(map[string]endpoint.Config{harborHost: {URL: h.URL, Kind: endpoint.Harbor}}, endpoint.Options{
		Credentials: func(context.Context, string) (endpoint.Credential, error) {
			return endpoint.Credential{Username: who, Password: "right"}, nil
		},
	})
	require.NoError(t, err)
	t.Cleanup(d.CloseIdle)
	return h, inventory.New(harborHost, harborapi.New(d.For(harborHost), harborapi.Options{}), opts)
}

// pushed pushes "project/repository:tag".
func pushed(t testing.TB, h *harbortest.Server, name string) string {
	t.Helper()
	for i := range len(name) {
		if name[i] == ':' {
			d, err := h.Push(name[:i], name[i+1:], harbortest.Profile{})
			require.NoError(t, err)
			return d
		}
	}
	require.FailNow(t, "no tag", name)
	return ""
}

// found tells the digest of a user-built image in a snapshot, or "".
func found(s *snapshot.Snapshot, name string) string {
	i := s.FindBuilt(name)
	if i == nil {
		return ""
	}
	return i.Digest
}

// What users built is in each snapshot; Harbor's bad days leave it and the
// standard images as they are.
func TestUserBuiltImages(t *testing.T) {
	h, inv := harborOf(t, inventory.Options{})
	r := start(t, offering(two), sources(map[string]live{"a.example": present("sha256:a"), "b.example": present("sha256:b")}), resolver.Options{Users: inv})
	require.NoError(t, r.Refresh(t.Context()))
	s := r.Snapshot()
	require.Empty(t, s.Warnings)
	require.True(t, s.Users.Known)
	require.Equal(t, harborHost, s.Users.Host)
	image := s.FindBuilt("tool-a/web:latest")
	require.Equal(t, "tool-a/web:latest", image.ShortName)
	require.Equal(t, harborHost+"/tool-a/web:latest", image.Reference.String())
	require.Equal(t, "present sha256:a", view(s, "one"))
	require.NoError(t, r.RefreshUsers(t.Context()))
	require.Same(t, s, r.Snapshot(), "nothing changed")

	h.DatabaseDown(true)
	require.NoError(t, r.Refresh(t.Context()))
	s = r.Snapshot()
	require.Equal(t, "present sha256:a", view(s, "one"), "standard images are not affected")
	require.Equal(t, []string{harborHost + " cannot be asked now: images that tools built are as it last answered"}, texts(s))
	require.True(t, s.FindBuilt("tool-a/web:latest").Stale)
	status := r.Status().Sources
	users := status[len(status)-1]
	require.True(t, users.Stale)
	require.True(t, fault.Is(users.Err, fault.Unreachable))
	require.Equal(t, "incremental", users.Users.Plan)
	require.Equal(t, "robot", users.Users.Identity)
	require.Equal(t, 1, users.Users.All.Tools)

	h.DatabaseDown(false)
	digest := pushed(t, h, "tool-a/web:latest")
	require.NoError(t, r.RefreshUsers(t.Context()))
	require.Empty(t, texts(r.Snapshot()))
	require.Equal(t, digest, found(r.Snapshot(), "tool-a/web:latest"))
	require.False(t, r.Snapshot().FindBuilt("tool-a/web:latest").Stale)
}

// A Harbor that does not answer holds the first snapshot up no longer than is
// set; it is said then that what users built is not known yet.
func TestTheFirstSweepIsNotWaitedForLong(t *testing.T) {
	h, inv := harborOf(t, inventory.Options{})
	stall := harbortest.NewStall()
	defer stall.Release()
	h.Fault(harbortest.Any, stall.Fault)
	r := start(t, offering(two), sources(map[string]live{"a.example": present("sha256:a"), "b.example": present("sha256:b")}),
		resolver.Options{Users: inv, FirstWait: 20 * time.Millisecond, Interval: 10 * time.Millisecond})
	all := published(r)
	run(t, r)
	s := await(t, all, func(*snapshot.Snapshot) bool { return true })
	require.Equal(t, []string{harborHost + " is being asked for the first time: images that tools built are not known yet"}, texts(s))
	require.False(t, s.Users.Known)
	require.Equal(t, "present sha256:a", view(s, "one"))
	stall.Release()
	s = await(t, all, func(s *snapshot.Snapshot) bool { return s.Users.Known })
	require.NotEmpty(t, found(s, "tool-a/web:latest"))
	require.Empty(t, texts(s))
}

// A Harbor that never answered is another thing than one that is asked just now.
func TestAHarborThatNeverAnswered(t *testing.T) {
	h, inv := harborOf(t, inventory.Options{})
	h.CoreDown(true)
	r := start(t, offering(two), sources(map[string]live{"a.example": present("sha256:a"), "b.example": present("sha256:b")}), resolver.Options{Users: inv})
	require.NoError(t, r.Refresh(t.Context()))
	require.Equal(t, []string{harborHost + " cannot be asked now: images that tools built are not known"}, texts(r.Snapshot()))
	h.CoreDown(false)
	require.NoError(t, r.RefreshUsers(t.Context()))
	require.NotEmpty(t, found(r.Snapshot(), "tool-a/web:latest"))
}

// However many want to know about a tool, Harbor is asked once, and all have the
// answer in the snapshot then.
func TestOneQuestionAboutATool(t *testing.T) {
	h, inv := harborOf(t, inventory.Options{})
	r := start(t, offering(two), sources(map[string]live{"a.example": present("sha256:a"), "b.example": present("sha256:b")}), resolver.Options{Users: inv})
	require.NoError(t, r.Refresh(t.Context()))
	digest := pushed(t, h, "tool-a/web:v2")
	h.ResetRequests()
	stall := harbortest.NewStall()
	h.Fault(harbortest.Of(harbortest.KindProjectArtifacts), stall.Fault)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			require.NoError(t, r.RefreshTool(t.Context(), "a"))
			require.Equal(t, digest, found(r.Snapshot(), "tool-a/web:v2"))
		})
	}
	<-stall.Arrived()
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, r.RefreshTool(impatient, "a"), context.Canceled, "whoever does not wait is not kept")
	stall.Release()
	all.Wait()
	require.Equal(t, 1, h.Count())

	require.NoError(t, r.RefreshTool(t.Context(), "nothing-built-yet"))
	require.Equal(t, 2, h.Count())
	require.True(t, fault.Is(r.RefreshTool(t.Context(), "no/tool"), fault.Usage))
	require.Equal(t, 2, h.Count())
}

// A Harbor that asks to be left alone is, by rounds and by questions.
func TestHarborIsLeftAlone(t *testing.T) {
	h, inv := harborOf(t, inventory.Options{})
	now := time.Now()
	var mu sync.Mutex
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	r := start(t, offering(two), sources(map[string]live{"a.example": present("sha256:a"), "b.example": present("sha256:b")}),
		resolver.Options{Users: inv, Now: clock})
	require.NoError(t, r.Refresh(t.Context()))
	heal := h.Fault(harbortest.Any, harbortest.RetryAfter(http.StatusTooManyRequests, 20))
	err := r.RefreshTool(t.Context(), "a")
	require.True(t, fault.Is(err, fault.RateLimited))
	require.Equal(t, 20*time.Second, fault.RetryAfterOf(err))
	heal()
	h.ResetRequests()
	require.NoError(t, r.RefreshUsers(t.Context()))
	require.NoError(t, r.RefreshTool(t.Context(), "b"))
	require.Zero(t, h.Count(), h.RequestLines())
	mu.Lock()
	now = now.Add(21 * time.Second)
	mu.Unlock()
	require.NoError(t, r.RefreshUsers(t.Context()))
	require.Equal(t, 1, h.Count())
}

// A hint leads to a look at that tool at once, long before the next round.
func TestAHint(t *testing.T) {
	h, inv := harborOf(t, inventory.Options{})
	r := start(t, offering(two), sources(map[string]live{"a.example": present("sha256:a"), "b.example": present("sha256:b")}),
		resolver.Options{Users: inv, Interval: time.Hour})
	all := published(r)
	run(t, r)
	await(t, all, func(s *snapshot.Snapshot) bool { return s.Users.Known })
	digest := pushed(t, h, "tool-a/web:v2")
	h.ResetRequests()
	require.True(t, r.Hint("tool-a"))
	await(t, all, func(s *snapshot.Snapshot) bool { return found(s, "tool-a/web:v2") == digest })
	require.Equal(t, 1, h.Count())
	for _, project := range []string{"toolforge", "tool--a", "../x", ""} {
		require.True(t, r.Hint(project), "it is not ours to look at")
	}
	pushed(t, h, "tool-a/web:v3")
	require.True(t, r.Hint("tool-a"))
	await(t, all, func(s *snapshot.Snapshot) bool { return found(s, "tool-a/web:v3") != "" })
	require.Equal(t, 2, h.Count(), "nobody else was asked about")
}

// users is a source of user-built images made of functions.
type users struct {
	state   *inventory.State
	round   func(ctx context.Context) error
	refresh func(ctx context.Context, tool string) error
	due     func() time.Time // nil for never
}

func (u users) Host() string                                   { return harborHost }
func (u users) State() *inventory.State                        { return u.state }
func (u users) Follow(func(*inventory.State))                  {}
func (u users) Round(ctx context.Context) error                { return u.round(ctx) }
func (u users) Refresh(ctx context.Context, tool string) error { return u.refresh(ctx, tool) }
func (u users) ProofDue() time.Time {
	if u.due == nil {
		return time.Time{}
	}
	return u.due()
}
func nothingNew(context.Context) error        { return nil }
func hinted(r *resolver.Resolver, n int) bool { return r.Hint(fmt.Sprintf("tool-t%d", n)) }

// So many hints as nobody works off are dropped, one about a tool that waits
// already is not added again, and all are worked off once each.
func TestManyHints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looked := map[string]int{}
		gate := make(chan struct{})
		source := users{state: &inventory.State{View: &inventory.View{}}, round: nothingNew, refresh: func(_ context.Context, tool string) error {
			looked[tool]++
			<-gate
			return nil
		}}
		r := start(t, offering(two), sources(map[string]live{"a.example": present("sha256:a"), "b.example": present("sha256:b")}),
			resolver.Options{Users: source, Interval: time.Hour})
		run(t, r)
		require.True(t, hinted(r, 0))
		synctest.Wait() // it is being looked at
		for n := range 1000 {
			require.True(t, hinted(r, 1+n))
			require.True(t, hinted(r, 1+n), "again")
		}
		require.False(t, hinted(r, 5000), "one too many")
		require.True(t, hinted(r, 1000), "waits already")
		close(gate)
		synctest.Wait()
		require.Len(t, looked, 1001)
		for tool, times := range looked {
			require.Equal(t, 1, times, tool)
		}
		require.True(t, hinted(r, 5000))
		synctest.Wait()
		require.Equal(t, 1, looked["t5000"])
	})
}

// While the source cannot be asked, hints do not pile up.
func TestHintsWhileNobodyAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		gate := make(chan struct{})
		source := users{state: &inventory.State{View: &inventory.View{}}, round: nothingNew, refresh: func(context.Context, string) error {
			asked++
			<-gate
			return fault.New(fault.Unreachable, "ask harbor", harborHost, "no route")
		}}
		r := start(t, offering(two), sources(map[string]live{"a.example": present("sha256:a"), "b.example": present("sha256:b")}),
			resolver.Options{Users: source, Interval: time.Hour})
		run(t, r)
		for n := range 100 {
			require.True(t, hinted(r, n))
		}
		synctest.Wait()
		close(gate)
		synctest.Wait()
		require.Equal(t, 1, asked)
	})
}

// Rounds follow each other, an interval apart, and end with the resolver, the
// one that is under way included.
func TestRoundsOfUsersEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var rounds atomic.Int64
		var stuck atomic.Bool
		source := users{state: &inventory.State{View: &inventory.View{}}, round: func(ctx context.Context) error {
			rounds.Add(1)
			if stuck.Load() {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}}
		r := start(t, offering(two), sources(map[string]live{"a.example": present("sha256:a"), "b.example": present("sha256:b")}),
			resolver.Options{Users: source, Interval: interval})
		stop := run(t, r)
		synctest.Wait()
		require.EqualValues(t, 1, rounds.Load())
		settle()
		require.EqualValues(t, 2, rounds.Load())
		stuck.Store(true)
		settle()
		require.EqualValues(t, 3, rounds.Load())
		stop()
		synctest.Wait()
		require.EqualValues(t, 3, rounds.Load())
		require.Error(t, r.RefreshUsers(t.Context()))
	})
}

// However long the interval is, a round begins when who may see what has to be
// asked for again, so that a project that turned private is not shown for
// longer. While that fails it is tried every few seconds.
func TestRoundsComeBeforeAProofIsTooOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var proved time.Time
		var fails bool
		var rounds []time.Duration
		began := time.Now()
		source := users{
			state: &inventory.State{View: &inventory.View{}},
			round: func(context.Context) error {
				mu.Lock()
				defer mu.Unlock()
				rounds = append(rounds, time.Since(began))
				if !fails {
					proved = time.Now()
				}
				return nil
			},
			due: func() time.Time {
				mu.Lock()
				defer mu.Unlock()
				return proved.Add(25 * time.Second)
			},
		}
		r := start(t, offering(two), sources(map[string]live{"a.example": present("sha256:a"), "b.example": present("sha256:b")}),
			resolver.Options{Users: source, Interval: time.Hour})
		run(t, r)
		time.Sleep(80 * time.Second) // of a clock that waits for nobody
		synctest.Wait()
		mu.Lock()
		require.Equal(t, []time.Duration{0, 25 * time.Second, 50 * time.Second, 75 * time.Second}, rounds)
		fails, rounds = true, nil
		mu.Unlock()
		time.Sleep(32 * time.Second)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		require.Equal(t, []time.Duration{100 * time.Second, 105 * time.Second, 110 * time.Second}, rounds)
	})
}

// renewed is a source whose rounds each find something new.
type renewed struct {
	users
	now *atomic.Pointer[inventory.State]
}

func (renewed) Host() string { return "b.example" }

func (r renewed) State() *inventory.State { return r.now.Load() }

// What a Harbor says of standard images it knows from the rounds about users'
// images, so it is asked when one of those found something, and not when its own
// pause has ended.
func TestTheUsersHostIsAskedWhenSomethingIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const every = 30 * time.Second
		var finds atomic.Bool
		source := renewed{now: &atomic.Pointer[inventory.State]{}}
		source.now.Store(&inventory.State{View: &inventory.View{}})
		var found, heard atomic.Int64 // when
		source.round = func(context.Context) error {
			if finds.Load() {
				source.now.Store(&inventory.State{View: &inventory.View{}})
				found.Store(time.Now().UnixNano())
			}
			return nil
		}
		asked := func(ctx context.Context, refs []fact.Reference) fact.Report {
			if found.Load() > heard.Load() {
				heard.Store(time.Now().UnixNano())
			}
			return present("sha256:b")(ctx, refs)
		}
		r := start(t, offering(two), sources(map[string]live{"a.example": present("sha256:a"), "b.example": asked}),
			resolver.Options{Users: source, Interval: every})
		run(t, r)
		synctest.Wait()
		finds.Store(true)
		for range 10 {
			time.Sleep(every)
			synctest.Wait()
			require.Equal(t, found.Load(), heard.Load(), "at once")
		}
		require.Positive(t, found.Load())
	})
}

// An operator allows what Harbor lost by the digest that the refusal names.
func TestAnAllowedLossOfHarbors(t *testing.T) {
	h, first := harborOf(t, inventory.Options{})
	names := h.Seed(harbortest.Seed{Prefix: "tool-t", Projects: 30})
	lose := func(users resolver.Users, allow []string) error {
		r := start(t, offering(two), hostsUp, resolver.Options{Users: users, Allow: allow})
		require.NoError(t, r.Refresh(t.Context()))
		for _, name := range names {
			h.DeleteRepository(name)
		}
		require.NoError(t, r.Refresh(t.Context()))
		for _, name := range names {
			pushed(t, h, name+":latest")
		}
		return users.State().Err
	}
	said := lose(first, nil)
	require.True(t, fault.Is(said, fault.Refused), said)
	digests := regexp.MustCompile("sha256:[0-9a-f]{64}").FindAllString(said.Error(), -1)
	require.Len(t, digests, 1)
	who := h.AddRobot("another", "right", harbortest.ReaderPermissions()...)
	d, err := endpoint.New(map[string]endpoint.Config{harborHost: {URL: h.URL, Kind: endpoint.Harbor}}, endpoint.Options{
		Credentials: func(context.Context, string) (endpoint.Credential, error) {
			return endpoint.Credential{Username: who, Password: "right"}, nil
		},
	})
	require.NoError(t, err)
	t.Cleanup(d.CloseIdle)
	require.NoError(t, lose(inventory.New(harborHost, harborapi.New(d.For(harborHost), harborapi.Options{}), inventory.Options{}), digests))
}

// A thousand tools wait to be looked at; more are dropped, and one that waits already
// is no more.
func TestHowManyHintsWait(t *testing.T) {
	_, users := harborOf(t, inventory.Options{})
	r := start(t, offering(two), hostsUp, resolver.Options{Users: users}) // it does not run: they wait
	for n := range 1000 {
		require.True(t, r.Hint(fmt.Sprintf("tool-t%d", n)))
	}
	require.False(t, r.Hint("tool-late"))
	require.True(t, r.Hint("tool-t7"), "it waits already")
	require.True(t, r.Hint("toolforge"), "no tool's: the next round finds it")
}
