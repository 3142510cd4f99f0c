package server_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// days is a clock that a test sets.
type days struct{ now atomic.Pointer[time.Time] }

func (d *days) set(day string) {
	at, err := time.Parse(time.DateTime, day)
	if err != nil {
		panic(err)
	}
	d.now.Store(&at)
}

func (d *days) read() time.Time { return *d.now.Load() }

const ageing = `formatVersion: "1.0"
images:
  old:
    state: stable
    image: one.test/old
    aliases: [ancient]
    replacedBy: newer
    lifecycle: {deprecated: 2026-08-01, unsupported: 2026-09-01, removed: 2026-10-01}
  newer: {state: stable, image: one.test/newer, replacedBy: newest}
  newest: {state: stable, image: one.test/newest}
tombstones:
  gone: {date: 2025-01-01, reason: Nobody used it., replacedBy: old}
stacks:
  heroku-20: {state: stable, replacedBy: heroku-22, lifecycle: {deprecated: 2026-08-01}}
  heroku-22: {state: stable, replacedBy: heroku-24, lifecycle: {removed: 2026-09-01}}
  heroku-24: {state: stable, lifecycle: {removed: 2026-10-01}}
  run.test/run:22@sha256:0000000000000000000000000000000000000000000000000000000000000000: {state: deprecated}
  run.test:5000/once@sha256:0000000000000000000000000000000000000000000000000000000000000000: {state: deprecated}
  run.test/run:24: {state: stable, replacedBy: heroku-24, lifecycle: {deprecated: 2026-09-01}}
`

const runDigest = "@sha256:0000000000000000000000000000000000000000000000000000000000000000"

// Midnight alone changes state, notice and ETag; nobody has to answer for it.
func TestADayBegins(t *testing.T) {
	var clock days
	clock.set("2026-07-31 23:59:59")
	s := start(t, setup{values: ageing, now: clock.read})
	seen := map[string]bool{}
	on := func(moment string) api.Image {
		t.Helper()
		clock.set(moment)
		s.refresh(t)
		a := s.get(t, "/v1/images")
		require.False(t, seen[a.header.Get("ETag")], "each of these days has another list")
		seen[a.header.Get("ETag")] = true
		return s.one(t, "old")
	}
	old := on("2026-07-31 23:59:59")
	require.Equal(t, "stable", old.State)
	require.Equal(t, "newest", old.ReplacedBy, "followed to its end")
	require.Equal(t, &api.Lifecycle{Deprecated: "2026-08-01", Unsupported: "2026-09-01", Removed: "2026-10-01"}, old.Lifecycle)
	require.Equal(t, "Image old will be deprecated on 2026-08-01. It will get no security updates from 2026-09-01 on. "+
		"It will be removed on 2026-10-01. Use newest instead.", old.Notice)
	require.Empty(t, s.names(t, "?state=deprecated"))

	old = on("2026-08-01 00:00:00")
	require.Equal(t, "deprecated", old.State)
	require.Equal(t, "Image old is deprecated. It will get no security updates from 2026-09-01 on. "+
		"It will be removed on 2026-10-01. Use newest instead.", old.Notice)
	require.Equal(t, []string{"old"}, s.names(t, "?state=deprecated"))

	old = on("2026-09-01 00:00:00")
	require.Equal(t, "deprecated", old.State)
	require.Contains(t, old.Notice, "It has had no security updates since 2026-09-01.")

	clock.set("2026-10-01 00:00:00")
	s.refresh(t)
	for name, stone := range map[string]api.Tombstone{
		"old":     {ShortName: "old", Date: "2026-10-01", Reason: "its lifecycle ended", ReplacedBy: "newest"},
		"ancient": {ShortName: "old", Date: "2026-10-01", Reason: "its lifecycle ended", ReplacedBy: "newest"},
		"gone":    {ShortName: "gone", Date: "2025-01-01", Reason: "Nobody used it.", ReplacedBy: "newest"},
	} {
		failure := s.failure(t, "/v1/images/"+name, http.StatusGone)
		require.Equal(t, "image_removed", failure.Code)
		require.Equal(t, &stone, failure.Tombstone)
		require.Equal(t, api.List[string]{"newest"}, failure.Suggestions)
		require.Equal(t, name, failure.Image.ShortName)
	}
}

// onStack pushes "tool-x/app:tag" that stands on a stack and a run image.
func onStack(t *testing.T, h *harbortest.Server, image, stack, run string) {
	t.Helper()
	project, repository, tag := splitUser(t, image)
	h.AddProject(project, harbortest.Public)
	_, err := h.Push(project+"/"+repository, tag, harbortest.Profile{StackID: stack, RunImage: run})
	require.NoError(t, err)
}

// What operators have to see to: images on stacks that are deprecated today,
// with what to build them on. Their own state is nobody's but their owners'.
func TestTheWorkListOfStacks(t *testing.T) {
	h := ticking(t)
	onStack(t, h, "tool-a/web:v1", "heroku-20", "run.test/x:1")
	onStack(t, h, "tool-b/web:latest", "heroku-24", "run.test/x:1")
	onStack(t, h, "tool-c/web:latest", "-", "run.test/run:22"+runDigest)
	onStack(t, h, "tool-d/web:latest", "-", "run.test/run:24"+runDigest)
	onStack(t, h, "tool-e/web:latest", "io.buildpacks.stacks.unheard", "run.test/run:22")
	onStack(t, h, "tool-f/web:latest", "io.buildpacks.stacks.unheard", "run.test/run:24")
	onStack(t, h, "tool-g/web:latest", "-", "run.test:5000/once:7"+runDigest)
	onStack(t, h, "tool-h/web:latest", "-", "run.test:5000/twice"+runDigest)
	var clock days
	clock.set("2026-07-31 23:59:59")
	p := platformOf(t, h, setup{values: ageing, now: clock.read}, false)
	work := func(moment string) []string {
		t.Helper()
		clock.set(moment)
		p.refresh(t)
		var list []string
		for _, image := range p.images(t, "?type=buildservice&stack_state=deprecated") {
			require.Equal(t, "stable", image.State)
			require.Equal(t, "deprecated", image.Stack.State)
			require.Contains(t, image.Notice, "stands on "+image.Stack.Name+", which is deprecated: build it again")
			list = append(list, image.ShortName+" "+image.Stack.Name+" → "+image.Stack.ReplacedBy)
		}
		return list
	}
	byDigest := "tool-c/web:latest run.test/run:22" + runDigest + " → "
	byDigestAlone := "tool-g/web:latest run.test:5000/once" + runDigest + " → "
	require.Equal(t, []string{byDigest, byDigestAlone}, work("2026-07-31 23:59:59"))
	etag := p.get(t, "/v1/images").header.Get("ETag")
	require.Equal(t, "Image tool-c/web:latest stands on run.test/run:22"+runDigest+", which is deprecated: build it again.", p.one(t, "tool-c/web:latest").Notice)
	require.Equal(t, &api.Stack{Name: "io.buildpacks.stacks.unheard"}, p.one(t, "tool-e/web:latest").Stack, "the catalog does not know it")
	require.Empty(t, p.one(t, "tool-e/web:latest").Notice)

	require.Equal(t, []string{"tool-a/web:v1 heroku-20 → heroku-24", byDigest, byDigestAlone}, work("2026-08-01 00:00:00"), "followed to its end")
	require.NotEqual(t, etag, p.get(t, "/v1/images").header.Get("ETag"))
	require.Equal(t, "Image tool-a/web:v1 stands on heroku-20, which is deprecated: build it again on heroku-24.", p.one(t, "tool-a/web:v1").Notice)
	require.Equal(t, []string{
		"tool-a/web:v1 heroku-20 → heroku-24", byDigest,
		"tool-d/web:latest run.test/run:24 → heroku-24", "tool-f/web:latest run.test/run:24 → heroku-24", byDigestAlone,
	}, work("2026-09-01 00:00:00"), "a tag counts whatever the digest")
	require.Equal(t, "tool-b/web:latest heroku-24 → ", work("2026-10-01 00:00:00")[1], "nothing is advised that was removed")
	require.Equal(t, "tool-a/web:v1 heroku-20 → ", work("2026-10-01 00:00:00")[0])
}

// Whoever says nothing else of an image has the stack's notice behind its own.
func TestAStackAndAMarker(t *testing.T) {
	h := ticking(t)
	onStack(t, h, "tool-a/web:latest", "heroku-20", "")
	p := platformOf(t, h, setup{}, true)
	p.mark(t, "tool-a/web:latest", "state-deprecated")
	require.Equal(t, "Image tool-a/web:latest is deprecated. It stands on heroku-20, which is deprecated: build it again on heroku-24.",
		p.one(t, "tool-a/web:latest").Notice)
}
