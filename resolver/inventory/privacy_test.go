package inventory_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

// A project that turns private is so within half a minute, for a robot that goes
// on seeing it.
func TestTurnedPrivate(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("tool-a", harbortest.Public, "web")
	w.project("tool-b", harbortest.Public, "web")
	w.round()
	require.NoError(t, w.SetVisibility("tool-a", harbortest.Private))
	for waited := time.Duration(0); waited <= 30*time.Second; waited += 2 * time.Second {
		w.round()
	}
	require.Equal(t, []string{"tool-a/web:latest private", "tool-b/web:latest"}, short(has(w.State().View)))

	require.NoError(t, w.SetVisibility("tool-a", harbortest.Public))
	w.clock.advance(30 * time.Second)
	require.Equal(t, []string{"tool-a/web:latest", "tool-b/web:latest"}, short(has(w.round())))
}

// The anonymous lose sight of a project that turns private, and the count of
// what they see falls with it: at once. That it comes back with an old
// update_time the count shows too.
func TestTurnedPrivateForTheAnonymous(t *testing.T) {
	w := newWorld(t, setup{anonymous: true})
	w.project("tool-a", harbortest.Public, "web", "job")
	w.project("tool-b", harbortest.Public, "web")
	w.round()
	require.NoError(t, w.SetVisibility("tool-a", harbortest.Private))
	require.Equal(t, []string{"tool-b/web:latest"}, short(has(w.round())))
	w.clock.advance(time.Minute)
	require.NoError(t, w.SetVisibility("tool-a", harbortest.Public))
	w.round()
	require.Equal(t, []string{"tool-a/job:latest", "tool-a/web:latest", "tool-b/web:latest"}, short(has(w.State().View)))
	require.Equal(t, 1, w.costs(func() { w.round() }))
}

// A project that turned private just when it had changed is taken out at once by
// those who may not read it.
func TestAChangedRowThatMayNotBeRead(t *testing.T) {
	w := newWorld(t, setup{permits: harbortest.PullOnlyPermissions()})
	w.project("tool-a", harbortest.Public, "web")
	w.project("tool-b", harbortest.Private, "web")
	require.Equal(t, []string{"tool-a/web:latest"}, short(has(w.round())))
	require.Equal(t, 1, w.State().Health.Denied, "it is listed, and not ours to read")
	require.Equal(t, 1, w.costs(func() { w.round() }), "nor is it asked for again")
	w.push("tool-b/web", "v2")
	require.Equal(t, 4, w.costs(func() { w.round() }))

	w.AddRobot("catalog", secret, harbortest.ReaderPermissions()...)
	w.clock.advance(2 * time.Hour) // a sweep tries again
	w.round()
	require.Equal(t, []string{"tool-a/web:latest", "tool-b/web:latest private", "tool-b/web:v2 private"}, short(has(w.State().View)))
	require.Zero(t, w.State().Health.Denied)
}

// A project that was private from its first moment is never shown as public,
// whichever question meets it first.
func TestPrivateFromTheStart(t *testing.T) {
	for name, meet := range map[string]func(*world){
		"a round":                func(w *world) { w.round() },
		"a question about it":    func(w *world) { require.NoError(w.t, w.Refresh(w.t.Context(), "secret")) },
		"a sweep":                func(w *world) { w.clock.advance(2 * time.Hour); w.round() },
		"a sweep for a deletion": func(w *world) { w.DeleteRepository("tool-a/job"); w.round() },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, setup{})
			w.project("tool-a", harbortest.Public, "web", "job")
			w.round()
			seen := 0
			w.Follow(func(s *inventory.State) {
				if tool := s.View.Tool("secret"); tool != nil {
					seen++
					if !tool.Private {
						t.Error("it was shown to all")
					}
				}
			})
			w.project("tool-secret", harbortest.Private, "web")
			meet(w)
			require.Positive(t, seen)
			w.round()
			require.True(t, w.State().View.Tool("secret").Private)
		})
	}
}

// It is made after the last look at who is private and before the listing.
func TestPrivateBetweenTwoQuestions(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("tool-a", harbortest.Public, "web")
	stall := harbortest.NewStall()
	w.Fault(harbortest.Of(harbortest.KindRepositories), stall.Fault)
	done := make(chan error, 1)
	go func() { done <- w.Round(t.Context()) }()
	<-stall.Arrived()
	w.project("tool-secret", harbortest.Private, "web")
	stall.Release()
	require.NoError(t, <-done)
	require.Equal(t, []string{"tool-a/web:latest", "tool-secret/web:latest private"}, short(has(w.State().View)))
}

// What a question about one tool finds first is that tool's alone until somebody
// asked who may see it.
func TestANewToolIsItsOwnUntilProved(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("tool-a", harbortest.Public, "web")
	w.round()
	w.project("tool-new", harbortest.Public, "web")
	require.NoError(t, w.Refresh(t.Context(), "new"))
	require.True(t, w.State().View.Tool("new").Private)
	w.push("tool-new/web", "v2")
	require.Equal(t, 4, w.costs(func() { w.round() }))
	require.Equal(t, []string{"tool-a/web:latest", "tool-new/web:latest", "tool-new/web:v2"}, short(has(w.State().View)))
	require.Equal(t, 1, w.costs(func() { w.round() }))
}

// A project of the same name that is made anew is another one, though all names
// and counts are as they were.
func TestTheSameNameMadeAnew(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("tool-a", harbortest.Public, "web")
	w.project("tool-b", harbortest.Public, "web")
	before, _ := w.round().Tool("a").Image("web", "latest")
	w.Follow(func(s *inventory.State) {
		if tool := s.View.Tool("a"); tool != nil && tool.Repositories[0] != before && !tool.Private {
			t.Error("it was shown to all")
		}
	})
	w.RemoveProject("tool-a")
	w.project("tool-a", harbortest.Private, "web")
	require.Equal(t, []string{"tool-a/web:latest private", "tool-b/web:latest"}, short(has(w.round())))
}

// A proof is due again 25 s after the last one; the anonymous have nothing to
// prove.
func TestProofDue(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("tool-a", harbortest.Public, "web")
	require.Zero(t, w.ProofDue(), "nothing was proved yet")
	w.round()
	first := w.State().Health.LastProof
	require.Equal(t, first.Add(25*time.Second), w.ProofDue())
	require.NoError(t, w.SetVisibility("tool-a", harbortest.Private))
	w.clock.advance(w.ProofDue().Sub(w.clock.read()))
	require.Equal(t, []string{"tool-a/web:latest private"}, short(has(w.round())))
	require.True(t, w.ProofDue().After(first.Add(49*time.Second)))

	w = newWorld(t, setup{anonymous: true})
	w.project("tool-a", harbortest.Public, "web")
	w.round()
	require.Zero(t, w.ProofDue())
}

// That the list of private projects lacks one is no proof that everybody may see
// it, though its repositories are still listed for us: Harbor has to say that it is
// public.
func TestAListThatLacksWhatIsPrivate(t *testing.T) {
	for name, c := range map[string]struct{ total, body string }{
		"nothing":          {"0", `[]`},
		"a name of nobody": {"1", `[{"project_id":3,"name":"../..","metadata":{"public":"false"}}]`},
		"another project":  {"1", `[{"project_id":9,"name":"tool-other","metadata":{"public":"false"}}]`},
		"said of another":  {"1", `[{"project_id":9,"name":"tool-other","metadata":{"public":"true"}}]`},
		"no metadata":      {"1", `[{"project_id":9,"name":"tool-other"}]`},
	} {
		for which, query := range map[string]string{"of private ones": "public=false", "of all": ""} {
			t.Run(name+" in a list "+which, func(t *testing.T) {
				w := newWorld(t, setup{})
				w.project("tool-a", harbortest.Public, "web")
				w.project("tool-secret", harbortest.Private, "web")
				want := []string{"tool-a/web:latest", "tool-secret/web:latest private"}
				require.Equal(t, want, short(has(w.round())))
				heal := w.Fault(func(r harbortest.Request) bool {
					return r.Kind == harbortest.KindProjects && strings.Contains(r.Query, query)
				}, func(rw http.ResponseWriter, _ *http.Request, _ http.Handler) {
					rw.Header().Set("Content-Type", "application/json")
					rw.Header().Set("X-Total-Count", c.total)
					_, _ = io.WriteString(rw, c.body)
				})
				for range 3 {
					w.clock.advance(30 * time.Second)
					require.Equal(t, want, short(has(w.round())))
				}
				heal()
				require.NoError(t, w.SetVisibility("tool-secret", harbortest.Public))
				w.clock.advance(30 * time.Second)
				require.Equal(t, []string{"tool-a/web:latest", "tool-secret/web:latest"}, short(has(w.round())))
			})
		}
	}
}
