package inventory_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"
	"unique"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

// recalled gives another inventory of the same Harbor that begins with what the
// world's knows, by way of records.
func (w *world) recalled() *inventory.Inventory {
	w.t.Helper()
	m, known := w.Memory()
	require.True(w.t, known)
	m.View = rebuilt(w.t, w.Inventory, m.View)
	next := w.anew()
	next.Recall(m)
	return next
}

func rebuilt(t testing.TB, i *inventory.Inventory, view *inventory.View) *inventory.View {
	t.Helper()
	var b inventory.Builder
	require.NoError(t, i.Records(view, b.Add))
	return b.View()
}

// restart lets an inventory of another process take the place of the world's.
func (w *world) restart() { w.Inventory = w.recalled() }

// A view of records is the view that they were of, and goes on from there.
func TestRecordsAreTheView(t *testing.T) {
	w := newWorld(t, setup{options: inventory.Options{Markers: true}})
	for n := range 600 { // more than two shelves
		w.project(fmt.Sprintf("tool-t%03d", n), harbortest.Public, "web")
	}
	w.project("tool-secret", harbortest.Private, "one", "two")
	w.project("tool-a--b", harbortest.Public) // no such project: nothing
	w.push("tool-t001/web", "aliases-front")
	before := w.round()
	after := rebuilt(t, w.Inventory, before)
	require.Equal(t, has(before), has(after))
	require.Equal(t, before.Counts, after.Counts)
	require.Equal(t, before.Public, after.Public)
	require.Equal(t, []string{"front"}, after.Tool("t001").Aliases())
	require.True(t, after.Tool("secret").Private)

	seen := w.State().Health
	w.restart()
	s := w.State()
	require.True(t, s.Recalled)
	require.Equal(t, seen.LastSuccess, s.Health.LastSuccess)
	require.Equal(t, seen.LastSweep, s.Health.LastSweep)
	require.Equal(t, seen.Identity.Kind, s.Health.Identity.Kind)
	require.Equal(t, has(before), has(s.View))
}

// What is in place after a restart costs a listing; what changed meanwhile is read.
func TestARestartCostsWhatChanged(t *testing.T) {
	w := newWorld(t, setup{})
	w.Seed(harbortest.Seed{Prefix: "tool-t", Projects: 300, Repositories: 1})
	w.round()
	digest := w.push("tool-t000007/r000000", "latest")
	w.restart()
	cost := w.costs(func() { w.round() })
	require.Less(t, cost, 40, w.RequestLines())
	require.False(t, w.State().Recalled)
	require.Contains(t, fmt.Sprint(has(w.State().View)), digest)
}

// Where Harbor's times do not follow pushes, nothing of before is believed unread.
func TestARestartReadsAllWhereTimesSayNothing(t *testing.T) {
	w := newWorld(t, setup{harbor: harbortest.StartOptions{Options: harbortest.Options{Version: "v2.12.0"}}})
	w.Seed(harbortest.Seed{Prefix: "tool-t", Projects: 100, Repositories: 1})
	w.round()
	w.restart()
	require.Greater(t, w.costs(func() { w.round() }), 100)
	require.Less(t, w.costs(func() { w.round() }), 20, "once")
}

// A Harbor that is down leaves what was known; the follower is told when it is back.
func TestARestartWithoutHarbor(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("tool-a", harbortest.Public, "web")
	before := has(w.round())
	w.restart()
	told := []bool{}
	w.Follow(func(s *inventory.State) { told = append(told, s.Recalled) })
	w.CoreDown(true)
	require.Error(t, w.Round(t.Context()))
	require.True(t, w.State().Recalled)
	require.Equal(t, before, has(w.State().View))
	w.CoreDown(false)
	w.round()
	require.Equal(t, before, has(w.State().View))
	require.Equal(t, []bool{true, false}, told)
}

// An empty Harbor is no more believed after a restart than before one.
func TestARestartBeforeAnEmptyHarbor(t *testing.T) {
	w := newWorld(t, setup{options: inventory.Options{Doubt: time.Minute}})
	names := w.Seed(harbortest.Seed{Prefix: "tool-t", Projects: 30, Repositories: 1})
	before := has(w.round())
	w.restart()
	for _, name := range names {
		w.DeleteRepository(name)
	}
	require.True(t, fault.Is(w.Round(t.Context()), fault.Refused))
	require.Equal(t, before, has(w.State().View))
	w.restart() // it knows since when
	require.True(t, fault.Is(w.Round(t.Context()), fault.Refused))
	require.Equal(t, before, has(w.State().View))
	w.clock.advance(time.Minute)
	require.NoError(t, w.Round(t.Context()))
	require.Empty(t, has(w.State().View))
}

// What went in small steps before a restart counts after it.
func TestARestartAmongSmallSteps(t *testing.T) {
	w := newWorld(t, setup{})
	names := w.Seed(harbortest.Seed{Prefix: "tool-t", Projects: 40})
	w.round()
	for _, name := range names[:19] {
		w.DeleteRepository(name)
	}
	require.Equal(t, 21, w.round().Images)
	w.restart()
	w.DeleteRepository(names[19])
	require.True(t, fault.Is(w.Round(t.Context()), fault.Refused))
	require.Equal(t, 21, w.State().View.Images)
}

// What was private is never shown to all by a restart: not before somebody was
// asked, not while it is not proved, and not to whoever lost the right to see it.
func TestARestartKeepsPrivacy(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("tool-open", harbortest.Public, "web")
	w.project("tool-secret", harbortest.Private, "web")
	w.round()
	isPrivate := func() bool { return w.State().View.Tool("secret").Private }

	w.restart()
	require.True(t, isPrivate())
	require.NoError(t, w.Refresh(t.Context(), "secret"))
	require.True(t, isPrivate(), "a tool that was asked about before the proof")
	w.round()
	require.True(t, isPrivate())

	w.restart()
	heal := w.Fault(harbortest.Any, harbortest.Status(http.StatusInternalServerError))
	require.Error(t, w.Round(t.Context()))
	require.True(t, isPrivate())
	heal()

	w.credential.Store(&endpoint.Credential{}) // begun anew without an account
	w.restart()
	shown := false
	w.Follow(func(s *inventory.State) {
		s.View.Walk("", func(tool *inventory.Tool) bool {
			shown = shown || tool.Name == "secret" && !tool.Private
			return true
		})
	})
	w.round()
	require.False(t, shown)
	require.Nil(t, w.State().View.Tool("secret"))
	require.NotNil(t, w.State().View.Tool("open"))
}

// What turned private while nobody ran is hidden before all is listed, which may
// take long.
func TestARestartAsksFirstWhatIsPrivate(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("tool-a", harbortest.Public, "web")
	w.round()
	w.restart()
	require.False(t, w.State().View.Tool("a").Private)
	require.NoError(t, w.SetVisibility("tool-a", harbortest.Private))
	heal := w.Fault(harbortest.Of(harbortest.KindRepositories), harbortest.Status(http.StatusInternalServerError))
	require.Error(t, w.Round(t.Context()))
	require.True(t, w.State().Recalled)
	require.True(t, w.State().View.Tool("a").Private)
	heal()
	w.round()
	require.True(t, w.State().View.Tool("a").Private)
}

// A project that was guessed to be private stays so until a proof says otherwise.
func TestARestartKeepsGuesses(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("tool-a", harbortest.Public, "web")
	w.round()
	w.project("tool-new", harbortest.Public, "web")
	require.NoError(t, w.Refresh(t.Context(), "new"))
	require.True(t, w.State().View.Tool("new").Private)
	w.restart()
	require.True(t, w.State().View.Tool("new").Private)
	w.round()
	require.False(t, w.State().View.Tool("new").Private)
}

// Records that no inventory gave are refused.
func TestRecordsThatCannotBe(t *testing.T) {
	image := func(tag string) inventory.Image {
		return inventory.Image{Tag: tag, Details: unique.Make(inventory.Details{})}
	}
	repository := func(name string, images ...inventory.Image) inventory.RepositoryRecord {
		return inventory.RepositoryRecord{Name: name, Images: images}
	}
	good := inventory.Record{Project: "tool-b", Repositories: []inventory.RepositoryRecord{repository("web", image("latest"))}}
	for name, bad := range map[string]inventory.Record{
		"no name":             {Repositories: good.Repositories},
		"no project's name":   {Project: "Tool/b", Repositories: good.Repositories},
		"out of order":        {Project: "tool-a", Repositories: good.Repositories},
		"twice":               good,
		"empty":               {Project: "tool-c"},
		"a nameless one":      {Project: "tool-c", Repositories: []inventory.RepositoryRecord{repository("")}},
		"repositories mixed":  {Project: "tool-c", Repositories: []inventory.RepositoryRecord{repository("b"), repository("a")}},
		"tags mixed":          {Project: "tool-c", Repositories: []inventory.RepositoryRecord{repository("a", image("b"), image("a"))}},
		"a tag without words": {Project: "tool-c", Repositories: []inventory.RepositoryRecord{repository("a", image(""))}},
		"without details":     {Project: "tool-c", Repositories: []inventory.RepositoryRecord{repository("a", inventory.Image{Tag: "a"})}},
	} {
		t.Run(name, func(t *testing.T) {
			var b inventory.Builder
			require.NoError(t, b.Add(&good))
			require.Error(t, b.Add(&bad))
		})
	}
}
