package snapshot_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// life has one image for each way of getting old.
const life = `images:
  plain: {state: stable, image: a.example/plain}
  fresh: {state: beta, image: a.example/fresh}
  retired: {state: deprecated, image: a.example/retired}
  replaced: {state: deprecated, image: a.example/replaced, replacedBy: plain}
  successor: {state: stable, image: a.example/successor, replacedBy: plain}
  planned:
    state: stable
    image: a.example/planned
    replacedBy: plain
    lifecycle: {deprecated: 2026-08-01, unsupported: 2026-09-01, removed: 2026-10-01}
  aging-beta:
    state: beta
    image: a.example/aging-beta
    lifecycle: {deprecated: 2026-08-01}
  unsupported-only:
    state: stable
    image: a.example/unsupported-only
    lifecycle: {unsupported: 2026-09-01}
  removed-only:
    state: stable
    image: a.example/removed-only
    lifecycle: {removed: 2026-10-01}
  retired-early:
    state: deprecated
    image: a.example/retired-early
    lifecycle: {deprecated: 2026-08-01, removed: 2026-10-01}
`

// The golden file is to be read as prose: it is what people see.
func TestNotices(t *testing.T) {
	catalog := load(t, life)
	var text strings.Builder
	for _, on := range []chart.Date{"2026-07-31", "2026-08-01", "2026-08-31", "2026-09-01", "2026-09-30", "2026-10-01"} {
		fmt.Fprintf(&text, "On %s\n", on)
		s := snapshot.Join(snapshot.Input{Catalog: catalog, Facts: facts{}, Day: on})
		for _, i := range s.Images {
			fmt.Fprintf(&text, "  %-18s %-12s%s\n", i.ShortName, i.State, i.Notice)
		}
		for _, name := range []string{"planned", "removed-only", "retired-early"} {
			if stone := s.Tombstone(name); stone != nil {
				fmt.Fprintf(&text, "  %-18s removed on %s: %s. %s\n", name, stone.Date, stone.Reason, stone.ReplacedBy)
			}
		}
	}
	lines := strings.Split(text.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	golden := filepath.Join("testdata", "notices.txt")
	got := strings.Join(lines, "\n")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
	}
	wanted, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(wanted), got)
}

func TestTombstones(t *testing.T) {
	s := join(t, `images:
  new: {state: stable, image: a.example/new}
  old:
    state: stable
    image: a.example/old
    aliases: [ancient, "deep/old"]
    replacedBy: new
    lifecycle: {removed: 2026-07-22}
  lasting:
    state: stable
    image: a.example/lasting
    lifecycle: {removed: 2026-07-23}
tombstones:
  buried: {date: 2025-01-01, reason: Nobody used it., replacedBy: old}
  alone: {date: 2025-01-02, reason: Nobody used it either.}
`, facts{})
	require.Equal(t, []string{"lasting", "new"}, names(s), "removed on its day, not before")
	require.Equal(t, &snapshot.Tombstone{ShortName: "old", Date: "2026-07-22", Reason: "its lifecycle ended", ReplacedBy: "new"}, s.Tombstone("old"))
	require.Same(t, s.Tombstone("old"), s.Tombstone("ancient"), "its aliases lead there")
	require.Same(t, s.Tombstone("old"), s.Tombstone("deep/old"))
	require.Equal(t, &snapshot.Tombstone{ShortName: "buried", Date: "2025-01-01", Reason: "Nobody used it.", ReplacedBy: "new"}, s.Tombstone("buried"))
	require.Equal(t, &snapshot.Tombstone{ShortName: "alone", Date: "2025-01-02", Reason: "Nobody used it either."}, s.Tombstone("alone"))
	require.Nil(t, s.Tombstone("new"))
	require.Nil(t, s.Tombstone("never"))
}

// replaced_by is what people are told to use: the end of the chain, as far as
// it is still there.
func TestReplacementsAreFollowedToTheirEnd(t *testing.T) {
	s := join(t, `images:
  a: {state: deprecated, image: a.example/a, replacedBy: b}
  b: {state: deprecated, image: a.example/b, replacedBy: gone}
  c: {state: stable, image: a.example/c, replacedBy: d}
  d: {state: stable, image: a.example/d, replacedBy: ended}
  e: {state: stable, image: a.example/e}
  f: {state: deprecated, image: a.example/f, replacedBy: dead-end}
  ended: {state: stable, image: a.example/ended, lifecycle: {removed: 2026-01-01}}
tombstones:
  gone: {date: 2025-01-01, reason: it went, replacedBy: e}
  dead-end: {date: 2025-01-01, reason: it went}
`, facts{})
	for name, wanted := range map[string]string{
		"a": "e", // by way of an image and a tombstone
		"b": "e",
		"c": "d", // the end of the chain is gone: the last that is there
		"d": "",
		"e": "",
		"f": "",
	} {
		require.Equal(t, wanted, s.Image(name).ReplacedBy, name)
	}
	require.Equal(t, "Image f is deprecated.", s.Image("f").Notice)
}

// Validation refuses a circle; a join must not hang on one all the same.
func TestACircleEnds(t *testing.T) {
	catalog := &chart.Catalog{Images: map[string]*chart.Entry{
		"a": {State: "stable", Image: "a.example/a", ReplacedBy: "b"},
		"b": {State: "stable", Image: "a.example/b", ReplacedBy: "a"},
		"c": {State: "stable", Image: "a.example/c", ReplacedBy: "a"},
	}}
	catalog.Stacks = map[string]*chart.Stack{
		"s1": {State: "deprecated", ReplacedBy: "s2"}, "s2": {State: "stable", ReplacedBy: "s1"}, "s3": {State: "stable", ReplacedBy: "s3"},
	}
	s := snapshot.Join(snapshot.Input{Catalog: catalog, Facts: facts{}, Day: day})
	require.Equal(t, "b", s.Image("a").ReplacedBy)
	require.Equal(t, "b", s.Image("c").ReplacedBy)
	require.Equal(t, "s2", s.Stack("s1").ReplacedBy)
	require.Empty(t, s.Stack("s3").ReplacedBy)
}

// A word that a newer format may know is carried along, and said.
func TestAnUnknownState(t *testing.T) {
	catalog := &chart.Catalog{Images: map[string]*chart.Entry{
		"x": {State: "frozen", Image: "a.example/x", Lifecycle: chart.Lifecycle{Deprecated: "2026-08-01"}},
	}}
	s := snapshot.Join(snapshot.Input{Catalog: catalog, Facts: facts{}, Day: day})
	require.Equal(t, "frozen", s.Image("x").State)
	require.Equal(t, "Image x is in state frozen. It will be deprecated on 2026-08-01.", s.Image("x").Notice)
}
