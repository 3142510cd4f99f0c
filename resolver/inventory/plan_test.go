package inventory_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

// clientOf gives a client that asks for so many pages at a time.
func clientOf(parallel int) harbor.Options { return harbor.Options{Parallel: parallel} }

func older(version string, keep bool) harbortest.StartOptions {
	return harbortest.StartOptions{Options: harbortest.Options{Version: version, PushesKeepUpdateTime: keep}}
}

func TestThePlanIsChosen(t *testing.T) {
	for name, c := range map[string]struct {
		setup setup
		plan  inventory.Plan
	}{
		"by version":                 {setup{harbor: older("v2.15.2", false)}, inventory.PlanIncremental},
		"by a build of that version": {setup{harbor: older("v2.15.2-local", false)}, inventory.PlanIncremental},
		"by a later version":         {setup{harbor: older("v3.0.0", false)}, inventory.PlanIncremental},
		"by an older version":        {setup{harbor: older("v2.15.1", false)}, inventory.PlanRescan},
		"by looking":                 {setup{anonymous: true}, inventory.PlanIncremental},
		"by looking, and seeing it":  {setup{anonymous: true, harbor: older("v2.15.2", true)}, inventory.PlanRescan},
		"no version at all":          {setup{harbor: older("dev", false)}, inventory.PlanIncremental},
		"no version, and seeing it":  {setup{harbor: older("dev", true)}, inventory.PlanRescan},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.setup)
			w.project("tool-a", harbortest.Public, "web")
			w.clock.advance(time.Minute)
			w.push("tool-a/web", "v2")
			require.Empty(t, w.State().Health.Plan)
			w.round()
			require.Equal(t, c.plan, w.State().Health.Plan)
		})
	}
}

// What is pushed while a sweep reads is newer than the listing, and no evidence.
func TestAPushDuringTheSweepIsNoEvidence(t *testing.T) {
	w := newWorld(t, setup{anonymous: true})
	w.project("tool-a", harbortest.Public, "web")
	w.Fault(harbortest.Times(1, harbortest.Of(harbortest.KindArtifacts)), func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
		w.clock.advance(time.Minute)
		w.push("tool-a/web", "v2")
		next.ServeHTTP(rw, r)
	})
	require.Contains(t, short(has(w.round())), "tool-a/web:v2")
	require.Equal(t, inventory.PlanIncremental, w.State().Health.Plan)
}

// Where update_time does not follow pushes, all projects are read in turn within
// the time that is set, no more at a time than that takes.
func TestRescan(t *testing.T) {
	for name, s := range map[string]setup{
		"by project": {harbor: older("v2.12.0", true)},
		"one by one": {harbor: harbortest.StartOptions{Options: harbortest.Options{Version: "v2.9.0", PushesKeepUpdateTime: true, NoProjectArtifacts: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			s.options = inventory.Options{RescanEvery: time.Minute}
			w := newWorld(t, s)
			var names []string
			for n := range 30 {
				project := fmt.Sprintf("tool-t%d", n)
				w.project(project, harbortest.Public, "web", "job")
				names = append(names, project+"/web", project+"/job")
			}
			w.project("toolforge-pre-built", harbortest.Public, "bookworm")
			w.push("toolforge-pre-built/bookworm", "latest")
			w.round()
			live := w.Live(nil)
			require.NoError(t, live.Ask(t.Context(), refs("toolforge-pre-built/bookworm")).Err)
			w.round() // it begins
			held, _ := w.Repository("toolforge-pre-built/bookworm")
			moved := held.Artifacts[1].Digest
			require.NoError(t, w.Tag("toolforge-pre-built/bookworm", moved, "latest"))
			for _, name := range names { // how many there are shows without a time
				require.NoError(t, w.Tag(name, "latest", "v2"))
				w.DeleteTag(name, "latest")
			}
			require.NotEqual(t, w.holds(names, public), has(w.State().View))
			most := 0
			for range 31 {
				most = max(most, w.costs(func() { w.round() }))
			}
			require.Equal(t, w.holds(names, public), has(w.State().View))
			report := live.Ask(t.Context(), refs("toolforge-pre-built/bookworm"))
			require.Equal(t, moved, report.Manifests[refs("toolforge-pre-built/bookworm")[0]].Digest)
			perProject := map[string]int{"by project": 1, "one by one": 2}[name]
			require.LessOrEqual(t, most, 1+2*perProject+2, "spread out")
			before := w.State().View
			for range 40 {
				require.Same(t, before, w.round())
			}
		})
	}
}

// A project that cannot be listed whole is found out once.
func TestOneByOneIsRemembered(t *testing.T) {
	w := newWorld(t, setup{harbor: harbortest.StartOptions{Options: harbortest.Options{NoProjectArtifacts: true, Version: "v2.15.2"}}, options: inventory.Options{Concurrency: 1}})
	w.project("tool-a", harbortest.Public, "web", "job")
	w.project("tool-b", harbortest.Public, "web", "job")
	w.round()
	require.Equal(t, 4, w.Count(harbortest.KindArtifacts))
	require.Len(t, slices.DeleteFunc(w.Requests(), func(r harbortest.Request) bool {
		return !strings.HasSuffix(r.Path, "/tool-a/artifacts") && !strings.HasSuffix(r.Path, "/tool-b/artifacts")
	}), 1)
	w.push("tool-a/web", "v2")
	w.push("tool-a/job", "v2")
	require.Equal(t, 3, w.costs(func() { w.round() }))
}

func public(string) bool { return false }

// refs are references to the latest of repositories.
func refs(repositories ...string) []fact.Reference {
	var out []fact.Reference
	for _, r := range repositories {
		out = append(out, fact.Reference{Host: host, Repository: r, Tag: "latest"})
	}
	return out
}

// A sweep reads a few projects in which nothing seems to have changed, others
// each time, and all in the end: scans and labels move no update_time.
func TestASweepReadsAFewProjects(t *testing.T) {
	w := newWorld(t, setup{})
	w.Seed(harbortest.Seed{Prefix: "tool-t", Projects: 60})
	w.round()
	asked := map[string]bool{}
	for range 3 {
		w.ResetRequests()
		w.clock.advance(2 * time.Hour)
		w.round()
		read := 0
		for _, r := range w.Requests() {
			if strings.HasSuffix(r.Path, "/artifacts") {
				asked[r.Path] = true
				read++
			}
		}
		require.Equal(t, 25, read)
	}
	require.Len(t, asked, 60)
}
