package inventory_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

// populated is a world with three tools, one of them private.
func populated(t testing.TB, s setup) *world {
	w := newWorld(t, s)
	w.project("tool-a", harbortest.Public, "web", "job")
	w.project("tool-b", harbortest.Public, "web")
	w.project("tool-secret", harbortest.Private, "web")
	return w
}

// fails lets a round fail, and checks that the last good view stays.
func (w *world) fails(kind fault.Kind) error {
	w.t.Helper()
	before := w.State()
	w.clock.advance(2 * time.Second)
	err := w.Round(w.t.Context())
	require.Error(w.t, err)
	require.Equal(w.t, kind.String(), fault.KindOf(err).String(), "%v", err)
	require.NotContains(w.t, err.Error(), secret)
	require.Same(w.t, before.View, w.State().View)
	require.Equal(w.t, err, w.State().Err)
	require.Equal(w.t, before.Health.LastSuccess, w.State().Health.LastSuccess)
	require.True(w.t, w.State().Health.LastAttempt.After(before.Health.LastAttempt))
	return err
}

// Nothing that Harbor, or what stands before it, may do takes anything out of
// the view, and the first round after it finds what happened meanwhile.
func TestTheLastGoodViewStays(t *testing.T) {
	stall := harbortest.NewStall()
	t.Cleanup(stall.Release)
	for name, c := range map[string]struct {
		fault harbortest.Fault
		down  func(*harbortest.Harbor, bool)
		kind  fault.Kind
	}{
		"database down":       {down: (*harbortest.Harbor).DatabaseDown, kind: fault.Unreachable},
		"core down":           {down: (*harbortest.Harbor).CoreDown, kind: fault.Unreachable},
		"500":                 {fault: harbortest.Status(http.StatusInternalServerError), kind: fault.Unreachable},
		"503":                 {fault: harbortest.Status(http.StatusServiceUnavailable), kind: fault.Unreachable},
		"429":                 {fault: harbortest.RetryAfter(http.StatusTooManyRequests, 7), kind: fault.RateLimited},
		"401":                 {fault: harbortest.Status(http.StatusUnauthorized), kind: fault.Denied},
		"403":                 {fault: harbortest.Status(http.StatusForbidden), kind: fault.Denied},
		"404":                 {fault: harbortest.Status(http.StatusNotFound), kind: fault.Unreachable},
		"HTML":                {fault: harbortest.HTML(http.StatusOK), kind: fault.Unreachable},
		"null":                {fault: harbortest.NullList(), kind: fault.Unreachable},
		"half an answer":      {fault: harbortest.Truncated(), kind: fault.Unreachable},
		"an endless answer":   {fault: harbortest.EndlessBody(), kind: fault.Unreachable},
		"cut off":             {fault: harbortest.Reset(), kind: fault.Unreachable},
		"another place":       {fault: harbortest.Redirect("http://elsewhere.example/"), kind: fault.Unreachable},
		"no answer":           {fault: stall.Fault, kind: fault.Unreachable},
		"a total too small":   {fault: harbortest.TotalCount(2), kind: fault.Unreachable},
		"a total too large":   {fault: harbortest.TotalCount(700), kind: fault.Unreachable},
		"a total of nothing":  {fault: harbortest.TotalCount(0), kind: fault.Unreachable},
		"an enormous total":   {fault: harbortest.TotalCount(1 << 30), kind: fault.Unreachable},
		"an empty list":       {fault: harbortest.Body(http.StatusOK, "application/json", "[]"), kind: fault.Unreachable},
		"another list":        {fault: harbortest.Body(http.StatusOK, "application/json", `[{"a":1}]`), kind: fault.Unreachable},
		"the wrong page":      {fault: harbortest.OtherPage(2), kind: fault.Unreachable},
		"something not ended": {fault: harbortest.Body(http.StatusOK, "application/json", `[{"id":1,`), kind: fault.Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			var s setup
			if name == "no answer" || name == "an endless answer" {
				s.timeout = time.Second
			}
			w := populated(t, s)
			before := has(w.round())
			told := 0
			w.Follow(func(*inventory.State) { told++ })
			w.push("tool-a/web", "meanwhile")
			var heal func()
			if c.down != nil {
				c.down(w.Harbor, true)
				heal = func() { c.down(w.Harbor, false) }
			} else {
				heal = w.Fault(harbortest.Of(harbortest.KindRepositories), c.fault)
			}
			if name == "the wrong page" { // that says no more than that there is nothing new
				w.DeleteRepository("tool-a/job")
			}
			err := w.fails(c.kind)
			if name == "429" {
				require.Equal(t, 7*time.Second, fault.RetryAfterOf(err))
			}
			require.Equal(t, before, has(w.State().View))
			require.Equal(t, 1, told, "that it fails is told once")
			w.fails(c.kind)
			require.Equal(t, 1, told)
			heal()
			require.Contains(t, short(has(w.round())), "tool-a/web:meanwhile")
			require.NoError(t, w.State().Err)
		})
	}
}

// What fails in the middle of a round keeps what was read, and spoils nothing.
func TestAFailureInTheMiddle(t *testing.T) {
	for name, c := range map[string]struct {
		matches harbortest.Matcher
		fault   harbortest.Fault
		kind    fault.Kind
	}{
		"artifacts of a project": {harbortest.PathContains("/tool-b/artifacts"), harbortest.Status(500), fault.Unreachable},
		"of a repository":        {harbortest.PathContains("/tool-b/repositories/web"), harbortest.Status(500), fault.Unreachable},
		"null":                   {harbortest.PathContains("/tool-b/repositories/web"), harbortest.NullList(), fault.Unreachable},
		"not believed":           {harbortest.PathContains("/tool-b/repositories/web"), harbortest.Status(401), fault.Denied},
		"private projects":       {harbortest.Of(harbortest.KindProjects), harbortest.Status(500), fault.Unreachable},
		"the proof":              {harbortest.Of(harbortest.KindVersion), harbortest.Status(500), fault.Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			w := populated(t, setup{options: inventory.Options{Concurrency: 1}})
			w.round()
			for n := range 3 { // with room for another round to be about others
				w.push("tool-b/web", "v"+string(rune('2'+n)))
				w.push("tool-b/new", "v"+string(rune('2'+n)))
			}
			w.push("tool-a/web", "v2")
			w.DeleteTag("tool-b/web", "latest")
			w.clock.advance(40 * time.Second)
			w.push("tool-secret/web", "v9")
			heal := w.Fault(c.matches, c.fault)
			w.clock.advance(time.Second)
			before := w.State().View
			err := w.Round(t.Context())
			if c.matches(harbortest.Request{Path: "/api/v2.0/projects/tool-b/repositories/web/artifacts"}) && err == nil {
				heal() // it was read whole
				return
			}
			if err != nil {
				require.Equal(t, c.kind, fault.KindOf(err), "%v", err)
				require.Same(t, before.Tool("b"), w.State().View.Tool("b"))
			}
			heal()
			w.round()
			all := []string{"tool-a/web", "tool-a/job", "tool-b/web", "tool-b/new", "tool-secret/web"}
			require.Equal(t, w.holds(all, func(p string) bool { return p == "tool-secret" }), has(w.State().View))
		})
	}
}

// A first sweep that fails begins again where it stopped.
func TestAFirstSweepGoesOn(t *testing.T) {
	w := newWorld(t, setup{options: inventory.Options{Concurrency: 1}})
	w.Seed(harbortest.Seed{Prefix: "tool-t", Projects: 50})
	w.Fault(harbortest.After(30, 4, harbortest.Of(harbortest.KindArtifacts)), harbortest.Status(500)) // more than may fail by themselves
	require.Error(t, w.Round(t.Context()))
	require.True(t, w.State().Health.LastSuccess.IsZero())
	require.Equal(t, 30, w.State().View.Tools)
	w.ResetRequests()
	w.round()
	require.Equal(t, 20, w.Count(harbortest.KindArtifacts))
	require.Equal(t, 50, w.State().View.Tools)
}

// What one tool pushes, or does to its project, spoils nothing for the others: not
// the first sweep, not the cost of a round, not what was deleted elsewhere.
func TestOneProjectThatCannotBeRead(t *testing.T) {
	w := newWorld(t, setup{})
	w.Seed(harbortest.Seed{Prefix: "tool-t", Projects: 20})
	heal := w.Fault(harbortest.PathContains("/tool-t000007/"), harbortest.Status(500))
	w.round()
	require.Equal(t, 19, w.State().View.Tools)
	require.Equal(t, 1, w.State().Health.Failing)
	require.NoError(t, w.State().Err)

	w.clock.advance(time.Minute) // its pause is over
	w.round()
	w.ResetRequests()
	w.push("tool-t000003/tool-t000003", "v2")
	w.round()
	require.Contains(t, short(has(w.State().View)), "tool-t000003/tool-t000003:v2")
	require.LessOrEqual(t, w.Count(harbortest.KindArtifacts), 2)
	w.DeleteRepository("tool-t000004/tool-t000004")
	w.round()
	require.NotContains(t, short(has(w.State().View)), "tool-t000004/tool-t000004:latest")

	heal()
	w.clock.advance(20 * time.Minute) // its longest pause is over
	w.round()
	require.Equal(t, 19, w.State().View.Tools)
	require.Zero(t, w.State().Health.Failing)
	require.False(t, w.State().View.Tool("t000007").Stale)
}

// What was never read is not known, and is told from what is not there; that a
// private project is among it is for its tool alone.
func TestWhatWasNeverRead(t *testing.T) {
	for name, fault := range map[string]harbortest.Fault{
		"it fails": harbortest.Status(500), "it is denied": harbortest.Status(403),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, setup{})
			w.project("tool-a", harbortest.Public, "web")
			w.project("tool-b", harbortest.Public, "web")
			w.project("tool-secret", harbortest.Private, "web")
			heal := w.Fault(harbortest.PathContains("/tool-b/"), fault)
			healToo := w.Fault(harbortest.PathContains("/tool-secret/"), fault)
			says := func(tool string) [2]bool {
				unread, private := w.State().View.Unread(tool)
				return [2]bool{unread, private}
			}
			require.Equal(t, [2]bool{}, says("b"), "nobody asked yet")
			told := 0
			w.Follow(func(*inventory.State) { told++ })
			w.round()
			require.Equal(t, [2]bool{}, says("a"))
			require.Equal(t, [2]bool{}, says("nobody"))
			require.Equal(t, [2]bool{}, says("no tool's name"))
			require.Equal(t, [2]bool{true, false}, says("b"))
			require.Equal(t, [2]bool{true, true}, says("secret"))
			before := w.State().View
			told = 0
			w.round()
			require.Same(t, before, w.State().View, "the same again is no news")
			require.Zero(t, told)

			require.NoError(t, w.SetVisibility("tool-b", harbortest.Private))
			w.clock.advance(30 * time.Second) // a proof is due
			w.round()
			require.Equal(t, [2]bool{true, true}, says("b"))

			heal()
			healToo()
			w.clock.advance(2 * time.Hour) // a sweep, and the end of all pauses
			w.round()
			require.Equal(t, [2]bool{}, says("b"))
			require.Equal(t, [2]bool{}, says("secret"))
			require.NotNil(t, w.State().View.Tool("b"))
		})
	}
}

// What a tool held before it could not be read stays, marked stale.
func TestAProjectThatFailsIsStale(t *testing.T) {
	w := populated(t, setup{})
	w.round()
	require.False(t, w.State().View.Tool("a").Stale)
	heal := w.Fault(harbortest.PathContains("/tool-a/"), harbortest.Status(500))
	w.push("tool-a/web", "v2")
	w.round()
	require.True(t, w.State().View.Tool("a").Stale)
	require.False(t, w.State().View.Tool("b").Stale)
	heal()
	require.Contains(t, short(has(w.round())), "tool-a/web:v2")
	require.False(t, w.State().View.Tool("a").Stale)
}

// The registry behind Harbor is no part of it: the API goes on.
func TestTheRegistryDown(t *testing.T) {
	w := populated(t, setup{})
	w.round()
	w.RegistryDown(true)
	w.push("tool-a/web", "v2")
	require.Contains(t, short(has(w.round())), "tool-a/web:v2")
}

// Harbor answers a revoked credential with 200 and the public part. Nothing
// private vanishes for that.
func TestARevokedCredential(t *testing.T) {
	for name, revoke := range map[string]func(*world){
		"robot removed":  func(w *world) { w.Revoke(w.who) },
		"secret changed": func(w *world) { w.AddRobot("catalog", "another", harbortest.ReaderPermissions()...) },
	} {
		for when, wait := range map[string]time.Duration{"at once": 0, "at the next proof": 30 * time.Second, "at the next sweep": 2 * time.Hour} {
			t.Run(name+" "+when, func(t *testing.T) {
				w := populated(t, setup{})
				want := has(w.round())
				require.Contains(t, short(want), "tool-secret/web:latest private")
				revoke(w)
				w.clock.advance(wait)
				err := w.fails(fault.Denied)
				require.NotEmpty(t, fault.HintOf(err))
				w.fails(fault.Denied)
				require.Equal(t, want, has(w.State().View))
				require.Error(t, w.Refresh(t.Context(), "secret"))
				require.Equal(t, want, has(w.State().View), "nor by a question about the tool")

				w.AddRobot("catalog", secret, harbortest.ReaderPermissions()...)
				w.round()
				require.Equal(t, want, has(w.State().View))
			})
		}
	}
}

// An account that lost its rights is believed, and sees less: most of what was
// private goes at once. That is not believed before it has been said for a while.
func TestLostRights(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("tool-a", harbortest.Public, "web")
	for _, name := range []string{"b", "c", "d", "e"} {
		w.project("tool-"+name, harbortest.Private, "web")
	}
	want := has(w.round())
	w.AddRobot("catalog", secret, harbortest.Permission{Project: "tool-b", Actions: harbortest.ReaderPermissions()[0].Actions})
	w.fails(fault.Refused)
	w.clock.advance(50 * time.Second)
	require.NotEmpty(t, fault.HintOf(w.fails(fault.Refused)))
	require.Equal(t, want, has(w.State().View))
	w.clock.advance(10 * time.Second)
	require.Equal(t, []string{"tool-a/web:latest", "tool-b/web:latest private"}, short(has(w.round())))
}

// A listing that lost most is refused until it has said so for a while; one that
// comes back is believed at once, and the next loss is doubted anew.
func TestImplausibleLoss(t *testing.T) {
	w := newWorld(t, setup{options: inventory.Options{Doubt: 20 * time.Second}})
	names := w.Seed(harbortest.Seed{Prefix: "tool-t", Projects: 40})
	want := w.round()
	for _, name := range names[:30] {
		w.DeleteRepository(name)
	}
	w.fails(fault.Refused)
	w.fails(fault.Refused)
	for _, name := range names[:30] {
		w.push(name, "latest")
	}
	require.Equal(t, want.Images, w.round().Images)
	w.clock.advance(time.Hour)
	for _, name := range names[:30] {
		w.DeleteRepository(name)
	}
	w.fails(fault.Refused)
	w.fails(fault.Refused)
	w.clock.advance(18 * time.Second)
	require.Equal(t, 10, w.round().Images)
}

// without hides repositories from Harbor's listings, as a backend without them would.
func without(names []string) harbortest.Fault {
	hidden := map[string]bool{}
	for _, name := range names {
		hidden[name] = true
	}
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		// All rows fit on one page of the tests' Harbor.
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		var rows []map[string]any
		if json.Unmarshal(answer.Body.Bytes(), &rows) != nil {
			panic("no list of repositories")
		}
		rows = slices.DeleteFunc(rows, func(row map[string]any) bool { return hidden[row["name"].(string)] })
		text, _ := json.Marshal(rows)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Total-Count", strconv.Itoa(len(rows)))
		_, _ = w.Write(text)
	}
}

// Two backends that both lack more than half, and not the same: however long they
// take turns, neither is believed.
func TestBackendsThatLackDifferentHalves(t *testing.T) {
	w := newWorld(t, setup{})
	names := w.Seed(harbortest.Seed{Prefix: "tool-t", Projects: 40})
	w.round()
	for n := range 60 {
		from := n % 2 * 10
		heal := w.Fault(harbortest.Of(harbortest.KindRepositories), without(names[from:from+30]))
		w.fails(fault.Refused)
		heal()
	}
	require.Equal(t, 40, w.round().Images)
}

// What goes in small steps is believed until the steps make the half of what there
// was an hour ago; then it has to come to rest first.
func TestALossInSmallSteps(t *testing.T) {
	w := newWorld(t, setup{})
	names := w.Seed(harbortest.Seed{Prefix: "tool-t", Projects: 40})
	w.round()
	n := 0
	for ; n < 19; n++ {
		w.DeleteRepository(names[n])
		require.Equal(t, 39-n, w.round().Images)
	}
	for ; n < 35; n++ {
		w.DeleteRepository(names[n])
		w.fails(fault.Refused)
		w.clock.advance(time.Minute)
	}
	w.fails(fault.Refused)
	require.Equal(t, 5, w.round().Images, "three times the same, over a minute")
}

// Repositories that are still listed, and hold nothing any more: by a listing of
// all, and by the newest page, which names them one by one.
func TestRepositoriesThatAreEmptyAtOnce(t *testing.T) {
	w := newWorld(t, setup{})
	names := w.Seed(harbortest.Seed{Prefix: "tool-t", Projects: 40})
	digests := map[string]string{}
	for _, name := range names {
		digests[name] = w.push(name, "only")
	}
	w.round()
	empty := func(names []string) {
		for _, name := range names {
			info, _ := w.Repository(name)
			for _, a := range info.Artifacts {
				require.NoError(t, w.DeleteArtifact(name, a.Digest))
			}
		}
	}
	had := w.State().View.Images
	empty(names[:25])
	w.fails(fault.Refused)
	w.fails(fault.Refused)
	require.Equal(t, had, w.State().View.Images)
	w.clock.advance(time.Minute)
	require.Equal(t, had*15/40, w.round().Images)
	empty(names[25:30]) // a third of what is left
	require.Equal(t, had*10/40, w.round().Images)
}

// A Harbor that counts artifacts and then shows none contradicts itself. However
// often it does, that is not believed.
func TestAHarborThatContradictsItself(t *testing.T) {
	w := newWorld(t, setup{})
	names := w.Seed(harbortest.Seed{Prefix: "tool-t", Projects: 10})
	want := w.round().Images
	none := func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Total-Count", "0")
		_, _ = w.Write([]byte("[]"))
	}
	heal := w.Fault(harbortest.Of(harbortest.KindArtifacts), none)
	for _, name := range names {
		w.push(name, "new")
	}
	for range 40 {
		w.fails(fault.Refused)
	}
	heal()
	require.Equal(t, want+10, w.round().Images)

	// One project is its own affair: its answer is the truth at once.
	w.push(names[0], "newer")
	w.Fault(harbortest.Of(harbortest.KindArtifacts), none)
	require.Less(t, w.round().Images, want+10)
}

// An operator who knows better does not wait.
func TestAnAllowedLoss(t *testing.T) {
	w := newWorld(t, setup{})
	names := w.Seed(harbortest.Seed{Prefix: "tool-t", Projects: 40})
	w.round()
	for _, name := range names[:30] {
		w.DeleteRepository(name)
	}
	said := w.fails(fault.Refused).Error()
	w.AllowLosses(func(digest string) bool { return strings.Contains(said, "(loss "+digest+")") })
	w.DeleteRepository(names[30])
	w.fails(fault.Refused) // it is not what was allowed
	w.push(names[30], "latest")
	require.Equal(t, 10, w.round().Images)
}

// Nobody listens, or it is somebody whom we have no reason to believe.
func TestNobodyToAsk(t *testing.T) {
	secure := harbortest.Start(t, harbortest.StartOptions{TLS: true})
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	for name, url := range map[string]string{
		"refused": "http://" + listener.Addr().String(), "an unknown authority": secure.URL,
		"no TLS there": "http://" + secure.Host, "no such name": "https://harbor.invalid",
	} {
		t.Run(name, func(t *testing.T) {
			d, err := endpoint.New(map[string]endpoint.Config{host: {URL: url, Kind: endpoint.Harbor}}, endpoint.Options{})
			require.NoError(t, err)
			i := inventory.New(host, harbor.New(d.For(host), harbor.Options{}), inventory.Options{})
			require.Equal(t, fault.Unreachable.String(), fault.KindOf(i.Round(t.Context())).String())
			require.Error(t, i.State().Err)
			require.True(t, i.State().Health.LastSuccess.IsZero(), "nothing is known, which is not the same as nothing")
			require.Equal(t, fault.Unreachable.String(), fault.KindOf(i.Refresh(t.Context(), "a")).String())
		})
	}
}

// Whoever ends a round need not wait for Harbor.
func TestAStallEndsWithTheRound(t *testing.T) {
	w := populated(t, setup{})
	w.round()
	stall := harbortest.NewStall()
	defer stall.Release()
	w.Fault(harbortest.Any, stall.Fault)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-stall.Arrived()
		cancel()
	}()
	require.Error(t, w.Round(ctx))
	require.Error(t, w.State().Err)
}

// ended is a Harbor that answers one listing of a project before somebody ends
// the round.
type ended struct {
	inventory.Harbor
	end context.CancelFunc
}

func (e ended) ProjectArtifacts(ctx context.Context, project string) ([]harbor.Artifact, error) {
	defer e.end()
	return e.Harbor.ProjectArtifacts(ctx, project)
}

// A round that ends between two questions has not read what it did not ask.
func TestARoundThatEndsBetweenTwoQuestions(t *testing.T) {
	w := newWorld(t, setup{})
	for _, project := range []string{"tool-a", "tool-b", "tool-c"} {
		w.project(project, harbortest.Public, "one", "two")
	}
	d, err := endpoint.New(map[string]endpoint.Config{host: {URL: w.URL, Kind: endpoint.Harbor}}, endpoint.Options{
		Credentials: func(context.Context, string) (endpoint.Credential, error) { return *w.credential.Load(), nil },
	})
	require.NoError(t, err)
	t.Cleanup(d.CloseIdle)
	ctx, end := context.WithCancel(t.Context())
	defer end()
	i := inventory.New(host, ended{harbor.New(d.For(host), harbor.Options{}), end}, inventory.Options{Concurrency: 1, Now: w.clock.read})
	require.ErrorIs(t, i.Round(ctx), context.Canceled)
	require.Equal(t, 1, i.State().View.Tools, "what was answered is kept")
	require.NoError(t, i.Round(t.Context()))
	require.Equal(t, 3, i.State().View.Tools)
}

// What is to be told of a source that fares well.
func TestHealth(t *testing.T) {
	w := populated(t, setup{})
	w.round()
	require.Equal(t, harbor.Robot, w.State().Health.Identity.Kind)
	require.Equal(t, "v2.15.2", w.State().Health.Version)
	require.False(t, w.State().Health.LastProof.IsZero())
	require.False(t, w.State().Health.LastSweep.IsZero())
}

// Credentials that are no longer configured make us nobody, who sees less.
func TestAnotherIdentity(t *testing.T) {
	w := populated(t, setup{})
	want := has(w.round())
	w.credential.Store(&endpoint.Credential{})
	w.AddRobot("catalog", "another", harbortest.ReaderPermissions()...) // the old one is refused, and looked up anew
	w.fails(fault.Denied)
	w.fails(fault.Denied)
	_ = w.Refresh(t.Context(), "secret") // to us there is no such project now
	require.Equal(t, want, has(w.State().View))
}
