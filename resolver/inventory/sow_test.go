package inventory_test

import (
	"net/http"
	"testing"
	"time"
	"unique"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

// said is what others say of projects: each has a repository web with a tag old.
func said(t *testing.T, projects ...string) inventory.Memory {
	t.Helper()
	var b inventory.Builder
	for _, project := range projects {
		images := []inventory.Image{{Tag: "old", Details: unique.Make(inventory.Details{})}}
		require.NoError(t, b.Add(&inventory.Record{Project: project, Repositories: []inventory.RepositoryRecord{{Name: "web", Images: images}}}))
	}
	return inventory.Memory{View: b.View(), LastSuccess: time.Unix(1e9, 0)}
}

// states notes what is told from now on: images, and whether all of it is still
// others' word.
func (w *world) states() (all func() []string) {
	var told []string
	w.Follow(func(s *inventory.State) {
		for _, l := range short(has(s.View)) {
			if !s.Recalled {
				l = "fresh " + l
			}
			told = append(told, l)
		}
	})
	return func() []string { return told }
}

// What others say is served until Harbor has answered, and nothing of it later.
func TestSow(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("tool-a", harbortest.Public, "web")
	told := w.states()
	require.True(t, w.Sow(said(t, "tool-a", "tool-ghost")))
	s := w.State()
	require.Equal(t, []string{"tool-a/web:old", "tool-ghost/web:old"}, short(has(s.View)))
	require.Equal(t, 2, s.View.Public.Images)
	require.True(t, s.Recalled && s.View.Tool("ghost").Stale)
	require.Equal(t, time.Unix(1e9, 0), s.Health.LastSuccess)
	require.False(t, w.Sow(said(t, "tool-b")), "there was one")

	w.clock.advance(2 * time.Hour) // nothing is too much to lose that others say there was
	require.Equal(t, []string{"tool-a/web:latest"}, short(has(w.round())))
	require.False(t, w.State().Recalled || w.State().View.Tool("a").Stale)
	require.NotContains(t, told(), "fresh tool-ghost/web:old")
	require.NotContains(t, told(), "fresh tool-a/web:old")
	require.False(t, w.Sow(said(t, "tool-b")), "Harbor has answered")
	require.Equal(t, 1, w.costs(func() { w.round() }), "and it adds up")
}

// It may come at any moment of the first round, and leaves nothing behind.
func TestSowDuringTheFirstRound(t *testing.T) {
	for name, c := range map[string]struct {
		when  harbortest.Matcher
		taken bool
	}{
		"before the listing":            {harbortest.Of(harbortest.KindSystemInfo), true},
		"during the listing":            {harbortest.Of(harbortest.KindRepositories), true},
		"before the proof":              {harbortest.Of(harbortest.KindProjects), true},
		"while projects are read":       {harbortest.And(harbortest.Of(harbortest.KindArtifacts, harbortest.KindProjectArtifacts), harbortest.PathContains("tool-b")), true},
		"while it is seen what is gone": {harbortest.And(harbortest.Of(harbortest.KindArtifacts), harbortest.PathContains("tool-ghost")), false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, setup{})
			w.project("tool-a", harbortest.Public, "web")
			w.project("tool-b", harbortest.Public, "web")
			if !c.taken { // then there is something to ask about
				w.project("tool-ghost", harbortest.Public, "web")
				require.NoError(t, w.Refresh(t.Context(), "ghost"))
				w.DeleteRepository("tool-ghost/web")
			}
			told, taken, struck := w.states(), false, false
			w.Fault(harbortest.Times(1, c.when), func(to http.ResponseWriter, r *http.Request, harbor http.Handler) {
				struck = true
				taken = w.Sow(said(t, "tool-a", "tool-ghost", "tool-phantom"))
				harbor.ServeHTTP(to, r)
			})
			w.round()
			require.True(t, struck)
			require.Equal(t, c.taken, taken)
			require.Equal(t, []string{"tool-a/web:latest", "tool-b/web:latest"}, short(has(w.State().View)))
			for _, l := range told() {
				require.NotRegexp(t, "^fresh .*(:old|phantom)", l)
			}
			require.False(t, w.State().Recalled)
			require.Equal(t, 1, w.costs(func() { w.round() }), "and it adds up")
		})
	}
}

// What Harbor answered about one tool stands, be it that it holds nothing; and what
// a project that Harbor cannot answer about is said to hold stays stale.
func TestSowStandsAgainstNothing(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("tool-a", harbortest.Public, "web")
	w.project("tool-b", harbortest.Public, "web")
	w.project("tool-empty", harbortest.Public)
	w.Fault(harbortest.Of(harbortest.KindRepositories), harbortest.Status(http.StatusBadGateway))
	require.NoError(t, w.Refresh(t.Context(), "a"))
	require.NoError(t, w.Refresh(t.Context(), "empty"))
	require.Error(t, w.Round(t.Context()))
	require.True(t, w.Sow(said(t, "tool-a", "tool-b", "tool-c", "tool-empty")))
	require.Equal(t, []string{"tool-a/web:latest private", "tool-b/web:old", "tool-c/web:old"}, short(has(w.State().View)), "nobody knows yet whether tool-a is private")
	require.Error(t, w.State().Err)
}

// A project that Harbor cannot answer about, while it answers about others, is as
// others had it, and stale.
func TestSowOfAFailingProject(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("tool-a", harbortest.Public, "web")
	w.project("tool-b", harbortest.Public, "web")
	w.Fault(harbortest.And(harbortest.Of(harbortest.KindArtifacts, harbortest.KindProjectArtifacts), harbortest.PathContains("tool-b")), func(to http.ResponseWriter, r *http.Request, harbor http.Handler) {
		w.Sow(said(t, "tool-a", "tool-b"))
		harbortest.Status(http.StatusInternalServerError)(to, r, harbor)
	})
	w.round()
	require.Equal(t, []string{"tool-a/web:latest", "tool-b/web:old"}, short(has(w.State().View)))
	require.True(t, w.State().View.Tool("b").Stale)
	unread, _ := w.State().View.Unread("b")
	require.False(t, unread, "something is known of it")
}

// What turns private while a round lasts is hidden before the round ends, whatever
// the round is at.
func TestTurnedPrivateDuringALongRound(t *testing.T) {
	for name, c := range map[string]struct {
		when  harbortest.Matcher
		known func(*world) // how there is something to show
	}{
		"others' word, while everything is listed": {harbortest.Of(harbortest.KindRepositories), func(w *world) { w.Sow(said(t, "tool-a", "tool-b")) }},
		"others' word, while projects are read": {
			harbortest.And(harbortest.Of(harbortest.KindArtifacts, harbortest.KindProjectArtifacts), harbortest.PathContains("tool-b")),
			func(w *world) { w.Sow(said(t, "tool-a", "tool-b")) },
		},
		"a later listing": {harbortest.Of(harbortest.KindRepositories), func(w *world) { w.round(); w.clock.advance(2 * time.Hour) }},
		"what is gone": {
			harbortest.And(harbortest.Of(harbortest.KindArtifacts), harbortest.PathContains("tool-ghost")),
			func(w *world) { w.Sow(said(t, "tool-a", "tool-ghost")) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, setup{options: inventory.Options{ProofEvery: 10 * time.Millisecond}})
			w.project("tool-a", harbortest.Public, "web")
			w.project("tool-b", harbortest.Public, "web")
			c.known(w)
			hidden := false
			w.Fault(harbortest.Times(1, c.when), func(to http.ResponseWriter, r *http.Request, harbor http.Handler) {
				require.NoError(t, w.SetVisibility("tool-a", harbortest.Private))
				hidden = assert.Eventually(t, func() bool {
					w.clock.advance(time.Second)
					return w.State().View.Tool("a").Private
				}, 20*time.Second, time.Millisecond)
				harbor.ServeHTTP(to, r)
			})
			w.round()
			require.True(t, hidden)
			require.Contains(t, short(has(w.State().View)), "tool-a/web:latest private")
		})
	}
}

// A proof that fails meanwhile spoils nothing.
func TestProofsThatFailDuringALongRound(t *testing.T) {
	w := newWorld(t, setup{options: inventory.Options{ProofEvery: 10 * time.Millisecond}})
	w.project("tool-a", harbortest.Public, "web")
	w.Sow(said(t, "tool-a"))
	tried := make(chan struct{}, 1000)
	remove := w.Fault(harbortest.After(1, 1000, harbortest.Of(harbortest.KindProjects)), func(to http.ResponseWriter, r *http.Request, harbor http.Handler) {
		tried <- struct{}{}
		harbortest.HTML(http.StatusOK)(to, r, harbor) // that is not asked for again at once
	})
	w.Fault(harbortest.Times(1, harbortest.Of(harbortest.KindRepositories)), func(to http.ResponseWriter, r *http.Request, harbor http.Handler) {
		w.clock.advance(time.Minute)
		for range 2 {
			select {
			case <-tried:
			case <-r.Context().Done():
				return
			}
		}
		remove()
		harbor.ServeHTTP(to, r)
	})
	require.Equal(t, []string{"tool-a/web:latest"}, short(has(w.round())))
}

// What is private now is hidden from the moment on that it comes.
func TestSowOfWhatTurnedPrivate(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("tool-a", harbortest.Private, "web")
	w.project("tool-b", harbortest.Public, "web")
	told := w.states()
	w.Fault(harbortest.And(harbortest.Of(harbortest.KindArtifacts, harbortest.KindProjectArtifacts), harbortest.PathContains("tool-b")),
		func(to http.ResponseWriter, r *http.Request, harbor http.Handler) {
			w.Sow(said(t, "tool-a", "tool-b"))
			harbor.ServeHTTP(to, r)
		})
	w.round()
	require.Contains(t, told(), "tool-a/web:old private")
	require.NotContains(t, told(), "tool-a/web:old")
	require.Equal(t, []string{"tool-a/web:latest private", "tool-b/web:latest"}, short(has(w.State().View)))
}

// What others saw, and Harbor does not list to us, is not shown for as long as it takes
// to read the rest: it may have turned private, which nobody tells those who may not see it.
func TestWhatIsNotListedIsHiddenBeforeTheRestIsRead(t *testing.T) {
	for name, c := range map[string]struct {
		anonymous bool
		late      bool // it comes while projects are read
	}{
		"the anonymous":                      {anonymous: true},
		"the anonymous, late":                {anonymous: true, late: true},
		"a robot that may not see it":        {},
		"a robot that may not see it, later": {late: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, setup{anonymous: c.anonymous, permits: []harbortest.Permission{}})
			w.project("tool-a", harbortest.Public, "web")
			w.project("tool-secret", harbortest.Private, "web")
			sow := func() { assert.True(t, w.Sow(said(t, "tool-a", "tool-secret"))) }
			if !c.late {
				sow()
			}
			var shown []string
			reading := harbortest.And(harbortest.Of(harbortest.KindArtifacts, harbortest.KindProjectArtifacts), harbortest.PathContains("tool-a"))
			w.Fault(harbortest.Times(1, reading), func(to http.ResponseWriter, r *http.Request, harbor http.Handler) {
				if c.late {
					sow()
				}
				shown = short(has(w.State().View))
				harbor.ServeHTTP(to, r)
			})
			require.Equal(t, []string{"tool-a/web:latest"}, short(has(w.round())))
			require.Equal(t, []string{"tool-a/web:old"}, shown)
			require.Equal(t, 1, w.costs(func() { w.round() }), "and it adds up")
		})
	}
}
