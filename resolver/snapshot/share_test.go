package snapshot_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

const pair = `images:
  one: {state: stable, image: a.example/one, variants: {v: {image: b.example/one}}}
  two: {state: stable, image: a.example/two, lifecycle: {deprecated: 2026-08-01}}
`

func answers() facts {
	return facts{
		manifests: map[string]fact.Manifest{
			"a.example/one:latest": there("sha256:1"), "b.example/one:latest": there("sha256:2"), "a.example/two:latest": there("sha256:3"),
		},
		repositories: map[string]fact.Repository{"a.example/one": {Status: fact.Present, Tags: []string{"latest"}}},
		stale:        map[string]bool{},
	}
}

func TestEqualInputsGiveTheSnapshotBefore(t *testing.T) {
	in := snapshot.Input{Catalog: load(t, pair), Facts: answers(), Day: day, Warnings: []snapshot.Warning{{Source: "a", Text: "b"}}}
	in.Before = snapshot.Join(in)
	again := in
	again.Facts, again.Warnings = answers(), []snapshot.Warning{{Source: "a", Text: "b"}}
	require.Same(t, in.Before, snapshot.Join(again))
}

// Each single fact makes a new record, and one record only.
func TestWhatChangedIsNewAndTheRestIsShared(t *testing.T) {
	for name, change := range map[string]func(*facts){
		"a digest":             func(f *facts) { f.manifests["a.example/one:latest"] = there("sha256:9") },
		"no longer there":      func(f *facts) { f.manifests["a.example/one:latest"] = gone },
		"no longer known":      func(f *facts) { delete(f.manifests, "a.example/one:latest") },
		"a variant's digest":   func(f *facts) { f.manifests["b.example/one:latest"] = there("sha256:9") },
		"a variant is gone":    func(f *facts) { f.manifests["b.example/one:latest"] = gone },
		"stale":                func(f *facts) { f.stale["a.example/one:latest"] = true },
		"a variant is stale":   func(f *facts) { f.stale["b.example/one:latest"] = true },
		"tags":                 func(f *facts) { f.repositories["a.example/one"] = fact.Repository{Status: fact.Present} },
		"tags that are stale":  func(f *facts) { f.stale["a.example/one"] = true },
		"tags are not known":   func(f *facts) { delete(f.repositories, "a.example/one") },
		"the repository's end": func(f *facts) { f.repositories["a.example/one"] = fact.Repository{Status: fact.Absent} },
	} {
		t.Run(name, func(t *testing.T) {
			in := snapshot.Input{Catalog: load(t, pair), Facts: answers(), Day: day}
			before := snapshot.Join(in)
			f := answers()
			change(&f)
			in.Facts, in.Before = f, before
			s := snapshot.Join(in)
			require.NotSame(t, before, s)
			require.NotEqual(t, before.Image("one"), s.Image("one"))
			require.Same(t, before.Image("two"), s.Image("two"))
			require.Equal(t, snapshot.Join(snapshot.Input{Catalog: in.Catalog, Facts: f, Day: day}).Images, s.Images,
				"as if there had been nothing before")

			in.Facts, in.Before = answers(), s
			back := snapshot.Join(in)
			require.Equal(t, before.Images, back.Images)
		})
	}
}

func TestWarningsAloneMakeASnapshot(t *testing.T) {
	in := snapshot.Input{Catalog: load(t, pair), Facts: answers(), Day: day}
	before := snapshot.Join(in)
	in.Before, in.Warnings = before, []snapshot.Warning{{Source: "a.example", Text: "down"}}
	s := snapshot.Join(in)
	require.NotSame(t, before, s)
	require.Same(t, before.Image("one"), s.Image("one"))
}

func TestADayMakesASnapshot(t *testing.T) {
	in := snapshot.Input{Catalog: load(t, pair), Facts: answers(), Day: day}
	before := snapshot.Join(in)
	in.Before, in.Day = before, "2026-07-23"
	next := snapshot.Join(in)
	require.NotSame(t, before, next, "it says which day it is of")
	require.Equal(t, before.Images, next.Images)
	require.Same(t, before.Image("two"), next.Image("two"))

	in.Before, in.Day = next, "2026-08-01"
	then := snapshot.Join(in)
	require.Same(t, next.Image("one"), then.Image("one"))
	require.Equal(t, "deprecated", then.Image("two").State)
	require.Equal(t, "stable", before.Image("two").State, "snapshots are not changed")
}

func TestAnotherCatalogSharesWhatItSaysTheSame(t *testing.T) {
	before := snapshot.Join(snapshot.Input{Catalog: load(t, pair), Facts: answers(), Day: day})
	in := snapshot.Input{Catalog: load(t, pair+"  three: {state: stable, image: a.example/three}\n"), Facts: answers(), Day: day, Before: before}
	s := snapshot.Join(in)
	require.Equal(t, []string{"one", "three", "two"}, names(s))
	require.Same(t, before.Image("one"), s.Image("one"))
	require.Same(t, before.Image("two"), s.Image("two"))

	in.Before = s
	require.Same(t, s, snapshot.Join(in), "and goes on from there")

	equal := snapshot.Join(snapshot.Input{Catalog: load(t, pair), Facts: answers(), Day: day, Before: before})
	require.NotSame(t, before, equal, "it says which catalog it is of")
	require.Equal(t, before.Images, equal.Images)
}

// Equal facts give equal records on every replica, whatever went before.
func TestHistoryLeavesNoTrace(t *testing.T) {
	catalog := load(t, pair)
	direct := snapshot.Join(snapshot.Input{Catalog: catalog, Facts: answers(), Day: day})
	other := snapshot.Join(snapshot.Input{Catalog: load(t, "images: {two: {state: beta, image: c.example/two}}"), Facts: facts{}, Day: "2026-01-01"})
	along := snapshot.Join(snapshot.Input{Catalog: catalog, Facts: facts{}, Day: "2027-01-01", Before: other})
	along = snapshot.Join(snapshot.Input{Catalog: catalog, Facts: answers(), Day: day, Before: along})
	require.Equal(t, direct.Images, along.Images)
}
