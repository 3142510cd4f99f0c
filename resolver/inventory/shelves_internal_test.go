package inventory

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// inOrder gives projects as their names with a slash behind are sorted.
func inOrder(projects map[string]*Tool) []string {
	out := slices.AppendSeq([]string{}, maps.Keys(projects))
	slices.SortFunc(out, func(a, b string) int { return cmp.Compare(a+"/", b+"/") })
	return out
}

func names(walk func(func(*Tool) bool)) []string {
	out := []string{}
	walk(func(t *Tool) bool { out = append(out, t.Project); return true })
	return out
}

// Whatever is put and taken away, shelves hold it in the order of image names,
// and what went before stays as it was.
func TestShelves(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	source := rand.New(rand.NewPCG(seed, 3))
	word := func() string {
		parts := []string{"tool-a", "-b", "0", "_c", ".d", "1", "z"}
		name := parts[0]
		for range source.IntN(7) {
			name += parts[1+source.IntN(len(parts)-1)]
		}
		return name
	}
	truth, s := map[string]*Tool{}, shelves(nil)
	for range 60 {
		before := names(func(f func(*Tool) bool) { s.from("", f) })
		changes := map[string]*Tool{}
		for range source.IntN(1 + 4*source.IntN(200)) {
			project := word()
			changes[project] = nil
			if source.IntN(3) > 0 {
				changes[project] = &Tool{Project: project}
			}
		}
		next := s.with(changes)
		require.Equal(t, before, names(func(f func(*Tool) bool) { s.from("", f) }), "it is immutable")
		s = next
		for project, tool := range changes {
			if truth[project] = tool; tool == nil {
				delete(truth, project)
			}
		}
		all := inOrder(truth)
		require.Equal(t, len(all), len(truth))
		require.Equal(t, all, append([]string{}, names(func(f func(*Tool) bool) { s.from("", f) })...))
		backwards := names(func(f func(*Tool) bool) { s.back("", f) })
		slices.Reverse(backwards)
		require.Equal(t, all, append([]string{}, backwards...))
		for range 10 {
			project := word()
			require.Same(t, truth[project], s.get(project))
			text := project + []string{"", "/", "/x", "-", "0"}[source.IntN(5)]
			want := slices.DeleteFunc(slices.Clone(all), func(p string) bool { return p+"/" < text })
			require.Equal(t, want, append([]string{}, names(func(f func(*Tool) bool) { s.from(text, f) })...))
			want = slices.DeleteFunc(slices.Clone(all), func(p string) bool { return p+"/" > project+"/" })
			slices.Reverse(want)
			require.Equal(t, want, append([]string{}, names(func(f func(*Tool) bool) { s.back(project, f) })...))
		}
		for _, shelf := range s {
			require.NotEmpty(t, shelf)
			require.LessOrEqual(t, len(shelf), fullShelf)
		}
	}
}

func TestCompareProjects(t *testing.T) {
	all := []string{"tool-a", "tool-a-b", "tool-a.b", "tool-a0", "tool-a_b", "tool-ab", "tool-b", ""}
	for _, a := range all {
		for _, b := range all {
			require.Equal(t, strings.Compare(a+"/", b+"/"), compareProjects(a, b), "%s %s", a, b)
			for _, tail := range []string{"", "/", "/z", "-"} {
				require.Equal(t, strings.Compare(a+"/", b+tail), compareKey(a, b+tail), "%s %s", a, b+tail)
			}
		}
	}
}

// A tag that moved while a list was read is on two artifacts of it: the later
// one has it.
func TestATagOnTwoArtifacts(t *testing.T) {
	artifact := func(digit string, at int64) harbor.Artifact {
		return harbor.Artifact{
			Type: typeImage, Digest: "sha256:" + strings.Repeat(digit, 64),
			Tags: []harbor.Tag{{Name: "latest", PushTime: time.UnixMilli(at)}},
		}
	}
	for _, list := range [][]harbor.Artifact{{artifact("1", 1000), artifact("2", 2000)}, {artifact("2", 2000), artifact("1", 1000)}} {
		images := imagesOf(list, false)
		require.Len(t, images, 1)
		require.Equal(t, list[0].Digest[:7]+strings.Repeat("2", 64), images[0].Digest.String())
	}
}
