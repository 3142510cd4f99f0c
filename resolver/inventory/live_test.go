package inventory_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// asker is a registry made of a function.
type asker func(ctx context.Context, refs []fact.Reference) fact.Report

func (a asker) Ask(ctx context.Context, refs []fact.Reference) fact.Report { return a(ctx, refs) }

// Standard images that are kept in Harbor are known from the rounds, and cost
// one question a project, once.
func TestStandardImages(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("toolforge-pre-built", harbortest.Public, "bookworm", "python/3.13")
	w.project("tool-a", harbortest.Public, "web")
	digest := w.push("toolforge-pre-built/bookworm", "latest")
	require.NoError(t, w.Tag("toolforge-pre-built/bookworm", digest, "v1"))
	w.round()
	all := refs("toolforge-pre-built/bookworm", "toolforge-pre-built/python/3.13", "toolforge-pre-built/nope", "nowhere/x", "tool-a/web", "No--Name/x")
	live := w.Live(nil)
	require.Equal(t, "harbor", live.Kind())

	var report fact.Report
	ask := func() { report = live.Ask(t.Context(), all) }
	require.Equal(t, 3, w.costs(ask), "one for each project, the one that is not there included")
	require.NoError(t, report.Err)
	require.Equal(t, fact.Manifest{Status: fact.Present, Digest: digest}, report.Manifests[all[0]])
	require.Equal(t, fact.Repository{Status: fact.Present, Tags: []string{"latest", "v1"}}, report.Repositories["toolforge-pre-built/bookworm"])
	require.Equal(t, fact.Present, report.Manifests[all[1]].Status)
	require.Equal(t, fact.Present, report.Manifests[all[4]].Status)
	for _, ref := range []fact.Reference{all[2], all[3], all[5]} {
		require.Equal(t, fact.Absent, report.Manifests[ref].Status, ref.String())
		require.Equal(t, fact.Absent, report.Repositories[ref.Repository].Status)
	}
	require.Zero(t, w.costs(ask))
	w.round() // gets them their rows
	require.Equal(t, 1, w.costs(func() { w.round(); ask() }))
	require.Equal(t, []string{"tool-a/web:latest"}, short(has(w.State().View)), "they are no tool's")
	require.Equal(t, 1, w.State().View.Images)

	moved := w.push("toolforge-pre-built/bookworm", "latest")
	require.Equal(t, 2, w.costs(func() { w.round() }), "a moved tag is a change like others")
	require.Zero(t, w.costs(ask))
	require.Equal(t, moved, report.Manifests[all[0]].Digest)
	w.DeleteRepository("toolforge-pre-built/python/3.13")
	w.round()
	ask()
	require.Equal(t, fact.Absent, report.Manifests[all[1]].Status)
	w.clock.advance(5 * time.Second)
	w.round()
	n := w.costs(func() { w.round() })
	require.Equal(t, 1, n, "the books add up\n%s", w.RequestLines())

	w.DatabaseDown(true)
	require.Error(t, w.Round(t.Context()))
	require.Zero(t, w.costs(ask))
	require.True(t, fault.Is(report.Err, fault.Unreachable))
	require.Empty(t, report.Manifests)
	w.DatabaseDown(false)
	w.round()
	ask()
	require.NoError(t, report.Err)
	require.Equal(t, moved, report.Manifests[all[0]].Digest)
}

// They do not wait for the first sweep of all tools; and what could not be read
// at first is read the next time.
func TestStandardImagesBeforeTheFirstRound(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("toolforge-pre-built", harbortest.Public, "bookworm")
	live, all := w.Live(nil), refs("toolforge-pre-built/bookworm", "toolforge-pre-built/nope")
	w.DatabaseDown(true)
	report := live.Ask(t.Context(), all)
	require.True(t, fault.Is(report.Err, fault.Unreachable))
	require.Empty(t, report.Manifests)
	w.DatabaseDown(false)
	report = live.Ask(t.Context(), all)
	require.NoError(t, report.Err)
	require.Equal(t, fact.Present, report.Manifests[all[0]].Status)
	require.Equal(t, fact.Absent, report.Manifests[all[1]].Status)
	require.True(t, w.State().Health.LastSuccess.IsZero())
	w.round()
	require.Equal(t, 1, w.costs(func() { w.round() }))
}

// A digest that some tag is on needs no question; about another one the registry
// is asked.
func TestPinnedStandardImages(t *testing.T) {
	w := newWorld(t, setup{})
	w.AddProject("toolforge-pre-built", harbortest.Public)
	old := w.push("toolforge-pre-built/bookworm", "latest")
	now := w.push("toolforge-pre-built/bookworm", "latest")
	w.round()
	tagged := fact.Reference{Host: host, Repository: "toolforge-pre-built/bookworm", Digest: now}
	untagged := fact.Reference{Host: host, Repository: "toolforge-pre-built/bookworm", Tag: "latest", Digest: old}
	asked := 0
	live := w.Live(asker(func(_ context.Context, refs []fact.Reference) fact.Report {
		asked++
		require.Equal(t, []fact.Reference{untagged}, refs)
		return fact.Report{Manifests: map[fact.Reference]fact.Manifest{untagged: {Status: fact.Present, Digest: old}}}
	}))
	report := live.Ask(t.Context(), []fact.Reference{tagged, untagged})
	require.NoError(t, report.Err)
	require.Equal(t, now, report.Manifests[tagged].Digest)
	require.Equal(t, old, report.Manifests[untagged].Digest)
	require.Equal(t, 1, asked)
}

// A pinned digest is there while some tag is on it; the answer says what its own
// tag names now.
func TestAPinnedTagThatMoved(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("pre-built", harbortest.Public, "x")
	old := w.push("pre-built/x", "v1")
	require.NoError(t, w.Tag("pre-built/x", old, "kept"))
	w.round()
	pinned := fact.Reference{Host: host, Repository: "pre-built/x", Tag: "v1", Digest: old}
	ask := func() fact.Manifest {
		report := w.Live(nil).Ask(t.Context(), []fact.Reference{pinned})
		require.NoError(t, report.Err)
		return report.Manifests[pinned]
	}
	require.Equal(t, fact.Manifest{Status: fact.Present, Digest: old}, ask())
	moved := w.push("pre-built/x", "v1")
	w.round()
	require.Equal(t, fact.Manifest{Status: fact.Present, Digest: moved}, ask())
	w.DeleteTag("pre-built/x", "v1")
	w.round()
	require.Equal(t, fact.Manifest{Status: fact.Present, Digest: old}, ask(), "the tag is gone, the digest is not")
}

// Projects that are kept for standard images may be private too.
func TestAPrivateProjectWithStandardImages(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("pre-built", harbortest.Public, "x")
	w.project("hidden", harbortest.Private, "x")
	w.project("tool-a", harbortest.Private, "x")
	w.round()
	require.NoError(t, w.Live(nil).Ask(t.Context(), refs("pre-built/x", "hidden/x", "tool-a/x", "nowhere/x")).Err)
	view := w.State().View
	require.False(t, view.Kept("pre-built").Proved())
	require.True(t, view.Private("pre-built"), "until it is known")
	w.clock.advance(time.Minute)
	w.round()
	view = w.State().View
	require.True(t, view.Kept("pre-built").Proved())
	require.True(t, view.Private("hidden"))
	require.True(t, view.Private("tool-a"))
	require.False(t, view.Private("pre-built"))
	require.False(t, view.Private("nowhere"))
	require.Equal(t, "hidden", view.Kept("hidden").Project)
	require.Nil(t, view.Kept("tool-a"), "a tool's")
	require.Nil(t, view.Kept("nowhere"))

	require.NoError(t, w.SetVisibility("hidden", harbortest.Public))
	require.NoError(t, w.SetVisibility("pre-built", harbortest.Private))
	w.clock.advance(time.Minute)
	w.round()
	require.True(t, w.State().View.Private("pre-built"))
	require.False(t, w.State().View.Private("hidden"))
}

// Projects that catalogs named long ago and Harbor has nothing in are forgotten once
// there are many, and the books add up all the same; one that is named again is read.
func TestProjectsThatNoCatalogNamesAnyMore(t *testing.T) {
	w := newWorld(t, setup{})
	w.project("toolforge-pre-built", harbortest.Public, "bookworm")
	w.project("tool-a", harbortest.Public, "web")
	digest := w.push("toolforge-pre-built/bookworm", "latest")
	w.round()
	live := w.Live(nil)
	ours, theirs := refs("toolforge-pre-built/bookworm")[0], refs("tool-a/web")[0]
	require.Equal(t, digest, live.Ask(t.Context(), []fact.Reference{ours, theirs}).Manifests[ours].Digest)
	for n := range 1100 { // each by a catalog of its own
		all := []fact.Reference{theirs, refs(fmt.Sprintf("gone%d/x", n))[0]}
		require.NoError(t, live.Ask(t.Context(), all).Err)
		require.LessOrEqual(t, w.Kept(), 1001)
	}
	require.Less(t, w.Kept(), 200)
	moved := w.push("toolforge-pre-built/bookworm", "latest") // which nobody names now
	for range 3 {
		w.clock.advance(5 * time.Second)
		w.round()
	}
	require.LessOrEqual(t, w.costs(func() { w.round() }), 1, "the books add up")
	w.project("gone7", harbortest.Public, "x") // one that was forgotten comes
	came := w.push("gone7/x", "latest")
	for range 3 {
		w.clock.advance(5 * time.Second)
		w.round()
	}
	require.LessOrEqual(t, w.costs(func() { w.round() }), 1, "the books add up")
	again := refs("gone7/x")[0]
	require.Equal(t, came, live.Ask(t.Context(), []fact.Reference{again, theirs}).Manifests[again].Digest)
	require.Equal(t, []string{"tool-a/web:latest"}, short(has(w.State().View)))
	require.Equal(t, moved, live.Ask(t.Context(), []fact.Reference{ours, theirs}).Manifests[ours].Digest)
}
