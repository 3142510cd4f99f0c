package inventory_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

var (
	modelSeed  = flag.Uint64("seed", 0, "the seed of the random test; 0 chooses one")
	modelSteps = flag.Int("steps", 400, "how many quiet rounds the random test has")
)

// model does random things to a Harbor. What it must hold then, Harbor itself is
// asked, not the model.
type model struct {
	*world
	rand     *rand.Rand
	projects []string
	names    []string // of repositories, in all projects
	held     *harbortest.HeldCommit

	mu      sync.Mutex
	private map[string]bool // projects as they are now
	secret  map[string]bool // projects that have been private since they were made
	leaks   []string
}

// TestWhateverHappens does random things between rounds, while rounds ask, and
// while single tools are asked about; after each round in which nothing happens,
// the view is what Harbor holds, and no project that never was public was ever
// shown as if it were.
func TestWhateverHappens(t *testing.T) {
	seed := cmp.Or(*modelSeed, rand.Uint64())
	for name, s := range map[string]setup{
		"robot":             {},
		"anonymous":         {anonymous: true},
		"old":               {harbor: harbortest.StartOptions{Options: harbortest.Options{NoProjectArtifacts: true}}},
		"update times stay": {harbor: harbortest.StartOptions{Options: harbortest.Options{PushesKeepUpdateTime: true, Version: "v2.11.0"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Logf("to see it again: -seed %d -steps %d", seed, *modelSteps)
			m := newModel(t, s, seed)
			for range 30 {
				m.act()
			}
			m.release()
			m.quiet()
			for step := range *modelSteps {
				m.step()
				m.release()
				if !m.quiet() {
					t.Fatalf("step %d", step)
				}
			}
		})
	}
}

func newModel(t *testing.T, s setup, seed uint64) *model {
	m := &model{
		world: newWorld(t, s), rand: rand.New(rand.NewPCG(seed, 1)),
		private: map[string]bool{}, secret: map[string]bool{},
	}
	m.projects = []string{"toolforge", "tool--broken", "tool-a-char.sep-b"}
	for i := range 9 {
		m.projects = append(m.projects, fmt.Sprintf("tool-t%d", i))
	}
	m.projects = slices.DeleteFunc(m.projects, func(p string) bool { return !harbor.ValidProject(p) })
	for _, p := range m.projects {
		for _, r := range []string{p, "web", "sub/dir", "sub/dir/deep", "x", "y"} {
			m.names = append(m.names, p+"/"+r)
		}
	}
	m.Follow(m.watch)
	return m
}

// watch looks at each state for what must not be seen.
func (m *model) watch(s *inventory.State) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s.View.Walk("", func(t *inventory.Tool) bool {
		if m.secret[t.Project] && !t.Private {
			m.leaks = append(m.leaks, t.Project)
		}
		return true
	})
}

// step lets some things happen, before rounds and beside them.
func (m *model) step() {
	ctx := m.t.Context()
	for range m.rand.IntN(6) {
		m.act()
	}
	var beside sync.WaitGroup
	for range m.rand.IntN(3) {
		tool, isTool := inventory.ToolOf(m.any(m.projects))
		if isTool {
			beside.Go(func() { _ = m.Refresh(ctx, tool) })
		}
	}
	if m.rand.IntN(2) == 0 {
		m.clock.advance(2 * time.Second)
		beside.Go(func() { m.check(m.Round(ctx)) })
		for range m.rand.IntN(6) {
			m.act()
		}
	}
	beside.Wait()
}

// check allows a round to fail only where Harbor changes under its hands.
func (m *model) check(err error) {
	if err != nil && !fault.Is(err, fault.Refused) && !fault.Is(err, fault.Unreachable) {
		m.t.Errorf("a round failed: %v", err)
	}
}

// quiet asks once and compares; sometimes late enough for a new proof.
func (m *model) quiet() bool {
	late := m.rand.IntN(3) == 0
	if late {
		m.clock.advance(31 * time.Second)
	}
	m.clock.advance(2 * time.Second)
	if m.State().Health.Plan == inventory.PlanRescan {
		m.clock.advance(10 * time.Minute)
		late = true
	}
	err := m.Round(context.Background())
	for fault.Is(err, fault.Refused) { // most of it went on purpose
		m.clock.advance(40 * time.Second)
		late = true
		err = m.Round(context.Background())
	}
	if !m.same(err, late) {
		return false
	}
	if !late || m.rand.IntN(2) > 0 || m.State().Health.Plan == inventory.PlanRescan {
		return true
	}
	view := m.State().View
	m.clock.advance(2 * time.Second)
	n := m.costs(func() { err = m.Round(context.Background()) })
	if err != nil || m.State().View != view || n > 3 {
		m.t.Errorf("a round without any change cost %d requests: %v\n%s", n, err, m.RequestLines())
		return false
	}
	return true
}

func (m *model) same(err error, late bool) bool {
	if err != nil {
		m.t.Errorf("a quiet round failed: %v", err)
		return false
	}
	tools := slices.DeleteFunc(slices.Clone(m.names), func(name string) bool {
		project, _ := harbor.SplitName(name)
		_, isTool := inventory.ToolOf(project)
		return !isTool || m.who == "" && m.private[project]
	})
	want, got := m.holds(tools, func(p string) bool { return m.private[p] }), has(m.State().View)
	if !late { // privacy may be 30 s old
		want, got = m.holds(tools, func(string) bool { return false }), withoutPrivacy(got)
	}
	m.mu.Lock()
	leaks := m.leaks
	m.mu.Unlock()
	if !slices.Equal(want, got) || len(leaks) > 0 {
		m.t.Errorf("after a quiet round:\nHarbor holds %d: %q\nthe view     %d: %q\nleaks: %q\n%s", len(want), missing(want, got), len(got), missing(got, want), leaks, m.RequestLines())
		return false
	}
	view := m.State().View
	var all, public inventory.Counts
	view.Walk("", func(t *inventory.Tool) bool {
		count(&all, t)
		if !t.Private {
			count(&public, t)
		}
		return true
	})
	if all != view.Counts || public != view.Public {
		m.t.Errorf("the view counts %+v, %+v of them public, and has %+v and %+v", view.Counts, view.Public, all, public)
		return false
	}
	m.ResetRequests()
	return true
}

func count(c *inventory.Counts, t *inventory.Tool) {
	c.Tools++
	c.Repositories += len(t.Repositories)
	c.Images += t.Images()
}

func missing(from, in []string) []string {
	return slices.DeleteFunc(slices.Clone(from), func(l string) bool { return slices.Contains(in, l) })
}

func withoutPrivacy(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = l
		if n := len(l) - len(" private"); n > 0 && l[n:] == " private" {
			out[i] = l[:n]
		}
	}
	slices.Sort(out)
	return out
}

func (m *model) any(of []string) string { return of[m.rand.IntN(len(of))] }

// tag gives one of few tags, so that they move.
func (m *model) tag() string { return []string{"latest", "v1", "v2", ""}[m.rand.IntN(4)] }

// reference gives an artifact of a repository, or "".
func (m *model) reference(repository string) string {
	info, ok := m.Repository(repository)
	if !ok || len(info.Artifacts) == 0 {
		return ""
	}
	return info.Artifacts[m.rand.IntN(len(info.Artifacts))].Digest
}

// act does one random thing. What is not possible now does nothing.
func (m *model) act() {
	repository, project := m.any(m.names), m.any(m.projects)
	switch n := m.rand.IntN(100); {
	case n < 35:
		_, _ = m.Push(repository, m.tag(), harbortest.Profile{})
	case n < 47:
		if ref, tag := m.reference(repository), m.tag(); ref != "" && tag != "" {
			require.NoError(m.t, m.Tag(repository, ref, tag))
		}
	case n < 55:
		m.DeleteTag(repository, "latest")
	case n < 63:
		if ref := m.reference(repository); ref != "" {
			_ = m.DeleteArtifact(repository, ref)
		}
	case n < 69:
		m.DeleteRepository(repository)
	case n < 72:
		m.remove(project)
	case n < 82:
		m.create(project, m.rand.IntN(3) == 0)
	case n < 86:
		m.turn(project, m.rand.IntN(2) == 0)
	case n < 91:
		if ref := m.reference(repository); ref != "" && m.Pull(repository, ref, 1) == nil {
			m.FlushPulls()
		}
	case n < 93: // gone, and back with what it was called
		project, _ := harbor.SplitName(repository)
		m.remove(project)
		m.create(project, m.rand.IntN(2) == 0)
		_, _ = m.Push(repository, "latest", harbortest.Profile{})
	case n < 96 && m.held == nil:
		m.held = m.HoldNextCommit()
	default:
		m.Describe(repository, "words")
	}
}

func (m *model) release() {
	if m.held != nil {
		m.held.Release()
		m.held = nil
	}
}

func (m *model) remove(project string) {
	m.RemoveProject(project)
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.private, project)
	delete(m.secret, project)
}

// create notes before that a project is secret, so that no look at it comes too
// early. One that was public a moment ago and is made anew as private is no
// secret: it may be taken for the old one.
func (m *model) create(project string, private bool) {
	m.mu.Lock()
	_, there := m.private[project]
	if !there {
		m.private[project] = private
		m.secret[project] = private && m.State().View.Tool(toolOf(project)) == nil
	}
	m.mu.Unlock()
	if !there {
		m.AddProject(project, harbortest.Visibility(private))
	}
}

func (m *model) turn(project string, private bool) {
	m.mu.Lock()
	_, there := m.private[project]
	if there {
		m.private[project], m.secret[project] = private, false
	}
	m.mu.Unlock()
	if there {
		require.NoError(m.t, m.SetVisibility(project, harbortest.Visibility(private)))
	}
}

func toolOf(project string) string {
	tool, _ := inventory.ToolOf(project)
	return tool
}
