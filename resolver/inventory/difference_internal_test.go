package inventory

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// pair is a tool of two views.
type pair struct{ before, after *Tool }

// differences gives what a walk over two views tells, by project.
func differences(t *testing.T, before, after *View) map[string]pair {
	t.Helper()
	found, last := map[string]pair{}, ""
	Difference(before, after, func(a, b *Tool) {
		project := ""
		if a != nil {
			project = a.Project
		}
		if b != nil {
			project = b.Project
		}
		if last != "" && compareProjects(last, project) >= 0 {
			require.Failf(t, "the order is not that of lists", "%s after %s", project, last)
		}
		found[project], last = pair{a, b}, project
	})
	return found
}

// Whatever changes between two views, the walk finds it and nothing else.
func TestDifference(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 7))
	project := func() string { return fmt.Sprintf("tool-%c%d", 'a'+random.IntN(3), random.IntN(1500)) }
	views := []*View{emptyView()}
	holds := []map[string]*Tool{{}}
	for range 40 {
		now := maps.Clone(holds[len(holds)-1])
		changes := map[string]*Tool{}
		for range random.IntN(2 + 4*random.IntN(400)) {
			name := project()
			changes[name] = nil
			if random.IntN(3) > 0 {
				changes[name] = newTool(name)
			}
			if now[name] = changes[name]; changes[name] == nil {
				delete(now, name)
			}
		}
		view := *views[len(views)-1]
		view.shelves = view.shelves.with(changes)
		views, holds = append(views, &view), append(holds, now)
	}
	for range 100 {
		i, j := random.IntN(len(views)), random.IntN(len(views))
		want := map[string]pair{}
		for name, tool := range holds[i] {
			if holds[j][name] != tool {
				want[name] = pair{before: tool, after: holds[j][name]}
			}
		}
		for name, tool := range holds[j] {
			if holds[i][name] == nil {
				want[name] = pair{after: tool}
			}
		}
		require.Equal(t, want, differences(t, views[i], views[j]))
	}
	all := differences(t, nil, views[len(views)-1])
	require.Len(t, all, len(holds[len(holds)-1]))
	require.Len(t, differences(t, views[len(views)-1], nil), len(all))
	require.Empty(t, differences(t, nil, nil))
}

// Projects that are kept for standard images are no tools.
func TestDifferenceOfProjectsThatAreNoTools(t *testing.T) {
	view := View{shelves: shelves(nil).with(map[string]*Tool{"toolforge": newTool("toolforge"), "tool-a": newTool("tool-a")})}
	require.Len(t, differences(t, nil, &view), 1)
	require.Len(t, differences(t, &view, nil), 1)
}

// BenchmarkDifference finds one tool that changed among 100,000. "of-walk" is
// what that costs of a walk that looks at each tool.
func BenchmarkDifference(b *testing.B) {
	const walks = 10
	all := map[string]*Tool{}
	for n := range 100_000 {
		project := fmt.Sprintf("tool-t%06d", n)
		all[project] = newTool(project)
	}
	before := &View{shelves: shelves(nil).with(all)}
	after := &View{shelves: before.shelves.with(map[string]*Tool{"tool-t050000": newTool("tool-t050000")})}
	found := 0
	for b.Loop() {
		Difference(before, after, func(_, _ *Tool) { found++ })
	}
	require.Equal(b, b.N, found)
	began := time.Now()
	for range walks {
		same := 0
		after.Walk("", func(t *Tool) bool {
			if before.byProject(t.Project) == t {
				same++
			}
			return true
		})
		require.Equal(b, len(all)-1, same)
	}
	walk := float64(time.Since(began)) / walks
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/walk, "of-walk")
}
