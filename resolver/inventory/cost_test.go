package inventory_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

// What a round costs and what it finds, one change after another.
func TestARoundCostsWhatChanged(t *testing.T) {
	w := newWorld(t, setup{})
	for _, p := range []string{"tool-a", "tool-b", "tool-c", "tool-d"} {
		w.project(p, harbortest.Public, "web", "job", "cron")
	}
	w.project("toolforge", harbortest.Public, "jobs-api")
	w.round()
	old, _ := w.Repository("tool-b/web")
	require.NoError(t, w.Tag("tool-b/web", "latest", "stays"))
	w.round()

	for _, c := range []struct {
		what   string
		do     func()
		costs  int
		image  string // what is to be seen then; "" for no change
		absent string
	}{
		{what: "nothing", do: func() {}, costs: 1},
		{what: "a push", do: func() { w.push("tool-a/web", "v2") }, costs: 2, image: "tool-a/web:v2"},
		{what: "three pushes", do: func() {
			w.push("tool-a/web", "v3")
			w.push("tool-b/job", "v3")
			w.push("tool-c/cron", "v3")
		}, costs: 4, image: "tool-c/cron:v3"},
		{what: "three pushes to one tool", do: func() {
			w.push("tool-d/web", "v4")
			w.push("tool-d/job", "v4")
			w.push("tool-d/cron", "v4")
		}, costs: 2, image: "tool-d/cron:v4"},
		{what: "a tag on what was there", do: func() { require.NoError(t, w.Tag("tool-b/web", old.Artifacts[0].Digest, "again")) }, costs: 2, image: "tool-b/web:again"},
		{what: "a tag deleted", do: func() { w.DeleteTag("tool-b/web", "again") }, costs: 2, absent: "tool-b/web:again"},
		{what: "an artifact deleted", do: func() { require.NoError(t, w.DeleteArtifact("tool-b/web", "latest")) }, costs: 2, absent: "tool-b/web:latest"},
		{what: "a new repository", do: func() { w.push("tool-b/new", "latest") }, costs: 2, image: "tool-b/new:latest"},
		{what: "a new tool: who may see it is asked first", do: func() { w.project("tool-e", harbortest.Public, "web") }, costs: 4, image: "tool-e/web:latest"},
		{what: "a push to the new tool", do: func() { w.push("tool-e/web", "v2") }, costs: 2, image: "tool-e/web:v2"},
		{what: "what is no tool's", do: func() { w.push("toolforge/jobs-api", "v2") }, costs: 1},
		{what: "a pull", do: func() {
			require.NoError(t, w.Pull("tool-a/web", "latest", 3))
			w.FlushPulls()
		}, costs: 2},
		{what: "a description", do: func() { w.Describe("tool-a/web", "words") }, costs: 2},
		{what: "a repository deleted: everything is listed, nothing read", do: func() { w.DeleteRepository("tool-b/new") }, costs: 1 + 1 + 1 + 2 + 1, absent: "tool-b/new:latest"},
		{what: "a project deleted", do: func() { w.RemoveProject("tool-e") }, costs: 1 + 1 + 1 + 2 + 1, absent: "tool-e/web:latest"},
		{what: "after half a minute", do: func() { w.clock.advance(30 * time.Second) }, costs: 3},
		{what: "nothing again", do: func() {}, costs: 1},
	} {
		before := w.State().View
		c.do()
		var after *inventory.View
		require.Equal(t, c.costs, w.costs(func() { after = w.round() }), "%s\n%s", c.what, w.RequestLines())
		if c.image == "" && c.absent == "" {
			require.Same(t, before, after, c.what)
			continue
		}
		require.NotSame(t, before, after, c.what)
		if c.image != "" {
			require.Contains(t, short(has(after)), c.image)
		}
		require.NotContains(t, short(has(after)), c.absent, c.what)
		var all []string
		for _, p := range []string{"tool-a", "tool-b", "tool-c", "tool-d", "tool-e"} {
			for _, r := range []string{"web", "job", "cron", "new"} {
				all = append(all, p+"/"+r)
			}
		}
		require.Equal(t, w.holds(all, func(string) bool { return false }), has(after), c.what)
	}
}

// What did not change is shared, so that whoever made something of it can keep
// that.
func TestViewsShareWhatDidNotChange(t *testing.T) {
	w := newWorld(t, setup{})
	w.Seed(harbortest.Seed{Prefix: "tool-t", Projects: 700, Repositories: 2})
	before := w.round()
	require.Equal(t, 1400, before.Images)
	w.push("tool-t000300/app-2", "new")
	after := w.round()
	require.NotSame(t, before, after)
	var changed []string
	before.Walk("", func(t *inventory.Tool) bool {
		if after.Tool(t.Name) != t {
			changed = append(changed, t.Name)
		}
		return true
	})
	require.Equal(t, []string{"t000300"}, changed)
	old, now := before.Tool("t000300"), after.Tool("t000300")
	require.NotSame(t, old.Repositories[0], now.Repositories[0], "app-2")
	require.Same(t, old.Repositories[1], now.Repositories[1])
}

// A write shows when its transaction commits, which may be after writes that
// were stamped later were seen.
func TestLateCommits(t *testing.T) {
	for name, c := range map[string]struct {
		write func(*world)
		want  string
	}{
		"a push":           {func(w *world) { w.push("tool-a/web", "late") }, "tool-a/web:late"},
		"a new repository": {func(w *world) { w.push("tool-a/late", "latest") }, "tool-a/late:latest"},
		"a moved tag":      {func(w *world) { require.NoError(w.t, w.Tag("tool-a/web", "latest", "moved")) }, "tool-a/web:moved"},
	} {
		for _, others := range []int{1, 120, 1300} { // on the first page, on the second, and more than anybody reads
			t.Run(fmt.Sprintf("%s behind %d", name, others), func(t *testing.T) {
				w := newWorld(t, setup{})
				w.project("tool-a", harbortest.Public, "web")
				w.AddProject("tool-b", harbortest.Public)
				w.round()
				held := w.HoldNextCommit()
				c.write(w)
				<-held.Stamped()
				for n := range others {
					w.push(fmt.Sprintf("tool-b/r%d", n), "latest")
				}
				require.NotContains(t, short(has(w.round())), c.want)
				held.Release()
				require.Contains(t, short(has(w.round())), c.want)
				w.clock.advance(5 * time.Second)
				w.round()
				require.Equal(t, 1, w.costs(func() { w.round() }))
			})
		}
	}
}

// The rows of a deleted project may make room for as many others: the count
// stays, and yet something is gone.
func TestAsManyComeAsGo(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("tool-a", harbortest.Public, "one", "two")
	w.project("tool-b", harbortest.Public, "web")
	w.round()
	w.RemoveProject("tool-a")
	w.project("tool-c", harbortest.Public, "three", "four")
	require.Equal(t, []string{"tool-b/web:latest", "tool-c/four:latest", "tool-c/three:latest"}, short(has(w.round())))

	digest := w.push("tool-b/web", "latest") // the same name, another repository
	w.RemoveProject("tool-b")
	w.project("tool-b", harbortest.Public, "web")
	now := has(w.round())
	require.NotContains(t, now, line("tool-b/web", "latest", digest, false))
	require.Contains(t, short(now), "tool-b/web:latest")
}

// A clock that was set back leaves a repository in the future, which hides
// nothing.
func TestARepositoryFromTheFuture(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("tool-a", harbortest.Public, "web", "job")
	w.clock.advance(1000 * time.Hour)
	w.push("tool-a/job", "v2")
	w.round()
	w.clock.advance(-999 * time.Hour)
	w.push("tool-a/web", "v2")
	require.Contains(t, short(has(w.round())), "tool-a/web:v2")
}

// A large project is not listed for the sake of a few of its repositories.
func TestALargeProject(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("tool-a", harbortest.Public, "web", "job", "cron")
	for n := range 250 {
		w.push("tool-a/many", fmt.Sprintf("v%d", n))
	}
	w.round()
	w.push("tool-a/web", "v2")
	w.push("tool-a/job", "v2")
	require.Equal(t, 1+2, w.costs(func() { w.round() }))
	w.push("tool-a/web", "v3")
	w.push("tool-a/job", "v3")
	w.push("tool-a/cron", "v3")
	require.Equal(t, 1+3, w.costs(func() { w.round() }))
}
