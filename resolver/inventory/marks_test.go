package inventory_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

func marking(s setup) setup {
	s.options.Markers = true
	return s
}

// mark puts tags on the image latest of a repository, each a little later.
func (w *world) mark(repository string, tags ...string) {
	w.t.Helper()
	for _, tag := range tags {
		require.NoError(w.t, w.Tag(repository, "latest", tag))
	}
}

// aliases gives where each alias of a tool leads, "alias → repository:tag".
func aliases(t *inventory.Tool) []string {
	var out []string
	for _, r := range t.Repositories {
		for n := range r.Images {
			for _, alias := range t.AliasesFor(r, &r.Images[n]) {
				out = append(out, strings.TrimPrefix(alias, t.Project+"/")+" → "+r.Name+":"+r.Images[n].Tag)
			}
		}
	}
	return out
}

// A marker is metadata of its repository and no image. It shows in the next
// round, and so does that it is gone.
func TestMarkersShowWithinARound(t *testing.T) {
	w := newWorld(t, marking(setup{}))
	w.project("tool-a", harbortest.Public, "web", "cron")
	before := w.round()
	require.Nil(t, before.Tool("a").Marks("web"))

	w.mark("tool-a/web", "state-deprecated", "aliases-front_-old_.front", "v2")
	require.Equal(t, 2, w.costs(func() { w.round() }), "the newest changes, and the repository")
	tool := w.State().View.Tool("a")
	require.NotSame(t, before.Tool("a"), tool)
	require.Equal(t, "deprecated", tool.Marks("web").State)
	require.Nil(t, tool.Marks("cron"), "they speak for their repository alone")
	require.Equal(t, []string{"tool-a/cron:latest", "tool-a/web:latest", "tool-a/web:v2"}, short(has(w.State().View)))
	require.Equal(t, 3, w.State().View.Images)
	require.Equal(t, []string{"front → web:latest", "old/front → web:latest"}, aliases(tool))
	require.Same(t, tool.Aliased("front"), tool.Aliased("old/front"))
	require.Equal(t, "web", tool.Aliased("front").Name)
	require.Nil(t, tool.Aliased("web"))

	w.DeleteTag("tool-a/web", "state-deprecated")
	w.round()
	require.Empty(t, w.State().View.Tool("a").Marks("web").State)
	w.DeleteTag("tool-a/web", "aliases-front_-old_.front")
	w.round()
	require.Nil(t, w.State().View.Tool("a").Marks("web"), "nothing is kept")
	require.Nil(t, w.State().View.Tool("a").Aliased("front"))
}

// Where they are not turned on, such tags are tags like all others.
func TestMarkersAreOffByDefault(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("tool-a", harbortest.Public, "web")
	w.mark("tool-a/web", "state-deprecated", "aliases-front")
	tool := w.round().Tool("a")
	require.Equal(t, []string{"tool-a/web:aliases-front", "tool-a/web:latest", "tool-a/web:state-deprecated"}, short(has(w.State().View)))
	require.Nil(t, tool.Marks("web"))
	require.Nil(t, tool.Aliased("front"))
}

// A round that finds the same again gives the same tool: nobody is told.
func TestTheSameMarkersAreNoChange(t *testing.T) {
	w := newWorld(t, marking(setup{}))
	w.project("tool-a", harbortest.Public, "web", "cron")
	w.mark("tool-a/web", "state-beta", "aliases-front")
	w.round()
	tool := w.State().View.Tool("a")
	w.Describe("tool-a/web", "moves its time")
	require.Equal(t, 2, w.costs(func() { w.round() }))
	require.Same(t, tool, w.State().View.Tool("a"))
	require.NoError(t, w.Refresh(t.Context(), "a"))
	require.Same(t, tool, w.State().View.Tool("a"))

	w.push("tool-a/cron", "latest")
	w.round()
	require.NotSame(t, tool, w.State().View.Tool("a"))
	require.Equal(t, []string{"front → web:latest"}, aliases(w.State().View.Tool("a")), "what was not read stays as it was")
	require.Equal(t, "beta", w.State().View.Tool("a").Marks("web").State)
}

func TestTheLaterMarkerWins(t *testing.T) {
	w := newWorld(t, marking(setup{}))
	w.project("tool-a", harbortest.Public, "web")
	state := func(wanted string) {
		t.Helper()
		w.round()
		require.Equal(t, wanted, w.State().View.Tool("a").Marks("web").State)
	}
	w.mark("tool-a/web", "state-deprecated", "state-beta")
	state("beta")
	w.push("tool-a/web", "latest")
	require.NoError(t, w.Tag("tool-a/web", "latest", "state-deprecated"), "onto another image, so later")
	state("deprecated")
	w.DeleteTag("tool-a/web", "state-deprecated")
	state("beta")
}

// An alias is never put over something that exists, and follows what happens to
// the repositories of its tool.
func TestAliasesGiveWay(t *testing.T) {
	w := newWorld(t, marking(setup{}))
	w.project("tool-a", harbortest.Public, "web", "cron")
	leads := func(wanted ...string) {
		t.Helper()
		w.round()
		require.Equal(t, wanted, aliases(w.State().View.Tool("a")))
	}
	w.mark("tool-a/web", "aliases-cron", "aliases-web", "aliases-job")
	leads("job → web:latest")
	w.DeleteRepository("tool-a/cron")
	leads("cron → web:latest", "job → web:latest")
	w.push("tool-a/cron", "latest")
	leads("job → web:latest")
	w.DeleteTag("tool-a/cron", "latest")
	leads("cron → web:latest", "job → web:latest")

	w.push("tool-a/other", "latest")
	w.mark("tool-a/other", "aliases-job")
	leads("job → other:latest", "cron → web:latest")
	w.DeleteTag("tool-a/other", "aliases-job")
	leads("cron → web:latest", "job → web:latest")
	w.mark("tool-a/other", "aliases-job")
	w.DeleteRepository("tool-a/other")
	leads("cron → web:latest", "job → web:latest")
}

// An alias leads to the image that the repository's name means.
func TestAliasesLeadToTheUntaggedImage(t *testing.T) {
	w := newWorld(t, marking(setup{}))
	w.AddProject("tool-a", harbortest.Public)
	leads := func(wanted ...string) {
		t.Helper()
		w.round()
		require.Equal(t, wanted, aliases(w.State().View.Tool("a")))
	}
	w.push("tool-a/web", "v1")
	require.NoError(t, w.Tag("tool-a/web", "v1", "aliases-front"))
	leads("front → web:v1")
	w.push("tool-a/web", "v0")
	leads("front → web:v0")
	w.push("tool-a/web", "latest")
	w.push("tool-a/web", "v3")
	leads("front → web:latest")
	for _, tag := range []string{"v0", "v1", "v3", "latest"} {
		w.DeleteTag("tool-a/web", tag)
	}
	leads()
	require.Nil(t, w.State().View.Tool("a").Aliased("front"), "a repository without images is none to lead to")
	require.NotNil(t, w.State().View.Tool("a").Marks("web"))
}

// However the images of a project are read, markers are read with them.
func TestMarkersByEveryWayOfReading(t *testing.T) {
	for name, s := range map[string]setup{
		"a robot":              {},
		"one by one":           {anonymous: true},
		"a Harbor before 2.12": {harbor: harbortest.StartOptions{Options: harbortest.Options{NoProjectArtifacts: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, marking(s))
			w.project("tool-a", harbortest.Public, "web", "cron")
			w.mark("tool-a/web", "aliases-front")
			w.round()
			require.Equal(t, []string{"front → web:latest"}, aliases(w.State().View.Tool("a")))
			w.mark("tool-a/cron", "aliases-job")
			require.NoError(t, w.Refresh(t.Context(), "a"))
			require.Equal(t, []string{"job → cron:latest", "front → web:latest"}, aliases(w.State().View.Tool("a")))
			w.push("tool-a/new", "latest")
			w.mark("tool-a/new", "state-beta")
			require.NoError(t, w.Refresh(t.Context(), "a"))
			require.Equal(t, "beta", w.State().View.Tool("a").Marks("new").State)
		})
	}
}

// What fails leaves the markers that were there.
func TestMarkersStayWhileHarborFails(t *testing.T) {
	w := newWorld(t, marking(setup{}))
	w.project("tool-a", harbortest.Public, "web")
	w.mark("tool-a/web", "aliases-front")
	w.round()
	before := w.State().View
	w.DatabaseDown(true)
	w.clock.advance(2 * time.Second)
	require.Error(t, w.Round(t.Context()))
	require.Same(t, before, w.State().View)
}

// Standard images that lie in Harbor have theirs with the time of each push.
func TestMarkersOfStandardImages(t *testing.T) {
	w := newWorld(t, marking(setup{}))
	w.project("pre-built", harbortest.Public, "bookworm", "trixie")
	w.mark("pre-built/bookworm", "wstype-js", "wstype-generic", "aliases-debian12")
	w.round()
	all := refs("pre-built/bookworm", "pre-built/trixie")
	all = append(all, fact.Reference{Host: host, Repository: "pre-built/bookworm", Tag: "wstype-js"})
	digest := "sha256:" + strings.Repeat("0", 64)
	registry := asker(func(_ context.Context, refs []fact.Reference) fact.Report {
		require.Equal(t, all[2:], refs)
		return fact.Report{Manifests: map[fact.Reference]fact.Manifest{refs[0]: {Status: fact.Present, Digest: digest}}}
	})
	report := w.Live(registry).Ask(t.Context(), all)
	require.NoError(t, report.Err)
	bookworm := report.Repositories["pre-built/bookworm"]
	require.Equal(t, []string{"latest"}, bookworm.Tags)
	require.Equal(t, "generic", bookworm.Marks.WSType)
	require.Len(t, bookworm.Marks.Aliases, 1)
	require.Equal(t, "debian12", bookworm.Marks.Aliases[0].Name)
	require.NotZero(t, bookworm.Marks.Aliases[0].Pushed)
	require.Nil(t, report.Repositories["pre-built/trixie"].Marks)
	require.Equal(t, digest, report.Manifests[all[2]].Digest, "a catalog that names a marker as an image means the image")
}

// Whatever happens to a project, rounds that ask for what changed come to the
// same as somebody who reads everything for the first time.
func TestMarkersWhateverHappens(t *testing.T) {
	seed := cmp.Or(*modelSeed, rand.Uint64())
	t.Logf("to see it again: -seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 5))
	one := func(of ...string) string { return of[random.IntN(len(of))] }
	w := newWorld(t, marking(setup{}))
	w.AddProject("tool-a", harbortest.Public)
	everything := func(i *inventory.Inventory) []string {
		lines := has(i.State().View)
		tool := i.State().View.Tool("a")
		if tool == nil {
			return lines
		}
		for _, r := range tool.Repositories {
			lines = append(lines, fmt.Sprintf("%s %+v", r.Name, tool.Marks(r.Name)))
		}
		for _, alias := range tool.Aliases() {
			lines = append(lines, alias+" → "+tool.Aliased(alias).Name)
		}
		return append(lines, aliases(tool)...)
	}
	tag := func() string {
		return one("latest", "v1", "v2", "state-beta", "state-stable", "aliases-a", "aliases-b_-x", "aliases-x", "wstype-js", "wstype-no")
	}
	for range 150 {
		for range 1 + random.IntN(3) {
			repository := "tool-a/" + one("a", "b", "c")
			switch random.IntN(8) {
			case 0, 1:
				w.push(repository, tag())
			case 2, 3, 4:
				_ = w.Tag(repository, one("latest", "v1", "v2"), tag()) // if there is something to tag
			case 5, 6:
				w.DeleteTag(repository, tag())
			case 7:
				w.DeleteRepository(repository)
			}
		}
		if random.IntN(4) == 0 {
			require.NoError(t, w.Refresh(t.Context(), "a"))
		}
		w.round()
		fresh := w.anew()
		require.NoError(t, fresh.Round(t.Context()))
		require.Equal(t, everything(fresh), everything(w.Inventory))
	}
}
