package snapshot_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

const (
	digestA = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	digestB = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// What an image's own reference is, and what is said of it.
func TestOffers(t *testing.T) {
	answers := facts{manifests: map[string]fact.Manifest{
		"a.example/x:latest":            there("sha256:x"),
		"a.example/x:v1":                there("sha256:v1"),
		"a.example/x@" + digestA:        there(digestA),
		"a.example/x:v1@" + digestA:     there("sha256:v1"), // the tag has moved on
		"a.example/lost@" + digestA:     {Status: fact.Absent, Digest: digestA},
		"a.example/jobs:latest":         there("sha256:jobs"),
		"a.example/web:latest":          there("sha256:web"),
		"a.example:5000/deep/er:latest": there("sha256:deep"),
		"a.example/gone:latest":         gone,
	}}
	for name, c := range map[string]struct {
		entry          string
		image          string
		exists         fact.Status
		digest, pinned string
		live           string
	}{
		"flat": {
			"image: a.example/x",
			"a.example/x:latest", fact.Present, "sha256:x", "a.example/x:latest@sha256:x", "a.example",
		},
		"flat goes before variants": {
			"image: a.example/x, variants: {jobs-framework: {image: a.example/jobs}}",
			"a.example/x:latest", fact.Present, "sha256:x", "a.example/x:latest@sha256:x", "a.example",
		},
		"the jobs variant": {
			"variants: {webservice: {image: a.example/web, extra: {wstype: generic}}, jobs-framework: {image: a.example/jobs}}",
			"a.example/jobs:latest", fact.Present, "sha256:jobs", "a.example/jobs:latest@sha256:jobs", "a.example",
		},
		"the web variant only": {
			"variants: {webservice: {image: a.example/web, extra: {wstype: generic}}}",
			"a.example/web:latest", fact.Present, "sha256:web", "a.example/web:latest@sha256:web", "a.example",
		},
		"a tag of the catalog": {
			"image: \"a.example/x:v1\"",
			"a.example/x:v1", fact.Present, "sha256:v1", "a.example/x:v1@sha256:v1", "a.example",
		},
		"a digest of the catalog": {
			"image: \"a.example/x@" + digestA + "\"",
			"a.example/x@" + digestA, fact.Present, digestA, "a.example/x@" + digestA, "a.example",
		},
		"a tag that has left its digest": {
			"image: \"a.example/x:v1@" + digestA + "\"",
			"a.example/x:v1@" + digestA, fact.Present, digestA, "a.example/x:v1@" + digestA, "a.example",
		},
		"a digest that is gone": {
			"image: \"a.example/lost@" + digestA + "\"",
			"a.example/lost@" + digestA, fact.Absent, digestA, "a.example/lost@" + digestA, "a.example",
		},
		"a digest that nobody was asked for": {
			"image: \"a.example/other@" + digestB + "\"",
			"a.example/other@" + digestB, fact.Unknown, digestB, "a.example/other@" + digestB, "",
		},
		"a port and a deep path": {
			"image: \"a.example:5000/deep/er\"",
			"a.example:5000/deep/er:latest", fact.Present, "sha256:deep", "a.example:5000/deep/er:latest@sha256:deep", "a.example:5000",
		},
		"not there": {
			"image: a.example/gone",
			"a.example/gone:latest", fact.Absent, "", "", "a.example",
		},
		"could not be asked": {
			"image: b.example/x",
			"b.example/x:latest", fact.Unknown, "", "", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := join(t, "images: {x: {state: stable, "+c.entry+"}}", answers)
			i := s.Image("x")
			require.Equal(t, snapshot.Standard, i.Type)
			require.Equal(t, c.image, i.Reference.String())
			require.Equal(t, c.exists, i.Exists)
			require.Equal(t, c.digest, i.Digest)
			require.Equal(t, c.pinned, i.Pinned())
			require.Equal(t, c.live, i.LiveSource)
			require.False(t, i.Stale)
		})
	}
}

func TestVariantsHaveTheirOwnAnswers(t *testing.T) {
	s := join(t, `images:
  x:
    state: stable
    image: a.example/x
    variants:
      webservice: {image: a.example/web, extra: {wstype: generic, deep: {er: [1]}}}
      jobs-framework: {image: b.example/jobs}
      another: {image: a.example/x}
`, facts{manifests: map[string]fact.Manifest{
		"a.example/x:latest": there("sha256:x"), "a.example/web:latest": gone,
	}})
	i := s.Image("x")
	require.Len(t, i.Variants, 3)
	require.Equal(t, "another", i.Variants[0].Name, "by name")
	require.Equal(t, "sha256:x", i.Variant("another").Digest)
	require.Equal(t, fact.Unknown, i.Variant("jobs-framework").Exists)
	require.Nil(t, i.Variant("jobs-framework").Extra)
	require.Equal(t, fact.Absent, i.Variant("webservice").Exists)
	require.Equal(t, "generic", i.Variant("webservice").Extra["wstype"])
	require.Nil(t, i.Variant("nope"))
}

func TestTags(t *testing.T) {
	for name, c := range map[string]struct {
		repository fact.Repository
		wanted     []string
	}{
		"unknown":   {fact.Repository{}, nil},
		"some":      {fact.Repository{Status: fact.Present, Tags: []string{"1", "latest"}}, []string{"1", "latest"}},
		"none left": {fact.Repository{Status: fact.Present}, []string{}},
		"not there": {fact.Repository{Status: fact.Absent}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := join(t, "images: {x: {state: stable, image: a.example/x, variants: {v: {image: a.example/v}}}}",
				facts{repositories: map[string]fact.Repository{"a.example/x": c.repository, "a.example/v": {Status: fact.Present, Tags: []string{"v"}}}})
			require.Equal(t, c.wanted, s.Image("x").Tags, "of the image's own repository")
		})
	}
}

// An image is as stale as the oldest of its facts.
func TestStale(t *testing.T) {
	const images = "images: {x: {state: stable, image: a.example/x, variants: {v: {image: b.example/v}}}, other: {state: stable, image: a.example/other}}"
	for _, what := range []string{"a.example/x:latest", "b.example/v:latest", "a.example/x"} {
		t.Run(what, func(t *testing.T) {
			s := join(t, images, facts{
				manifests: map[string]fact.Manifest{"a.example/x:latest": there("sha256:x"), "b.example/v:latest": there("sha256:v")},
				stale:     map[string]bool{what: true},
			})
			require.True(t, s.Image("x").Stale)
			require.False(t, s.Image("other").Stale)
			require.Equal(t, "sha256:x", s.Image("x").Digest, "the last good answer is an answer")
		})
	}
}

func TestEverythingOfAnEntryIsInItsRecord(t *testing.T) {
	s := join(t, `images:
  x:
    state: beta
    image: a.example/x
    aliases: [z, a, m]
    description: What it is.
    links: [{title: More, url: "https://a.example/more"}]
    webservice-defaults: {command: run, port: 8000}
    formerly: ["old.example/x", "old.example/x:v1"]
`, facts{})
	i := s.Image("x")
	require.Equal(t, "beta", i.State)
	require.Equal(t, []string{"z", "a", "m"}, i.Aliases, "in the catalog's order")
	require.Equal(t, "What it is.", i.Description)
	require.Equal(t, []chart.Link{{Title: "More", URL: "https://a.example/more"}}, i.Links)
	require.Equal(t, "run", i.WebserviceDefaults["command"])
	require.Equal(t, "old.example/x:latest", i.Formerly[0].String())
	require.Equal(t, parse(t, "old.example/x:v1"), i.Formerly[1])
}

func TestRecordsAreSortedByName(t *testing.T) {
	s := join(t, `images:
  b: {state: stable, image: a.example/b}
  a/c: {state: stable, image: a.example/ac}
  B: {state: stable, image: a.example/upper}
  a: {state: stable, image: a.example/a}
  "3.20": {state: stable, image: a.example/number}
  a.b: {state: stable, image: a.example/ab}
`, facts{})
	require.Equal(t, []string{"3.20", "B", "a", "a.b", "a/c", "b"}, names(s))
	for _, name := range names(s) {
		require.Equal(t, name, s.Image(name).ShortName)
	}
	require.Nil(t, s.Image("c"))
	require.Nil(t, s.Image(""))
}

func TestWarningsGoToTheImagesThatTheyConcern(t *testing.T) {
	a, b := snapshot.Warning{Source: "a.example", Text: "a is down"}, snapshot.Warning{Source: "b.example", Text: "b is down"}
	s := snapshot.Join(snapshot.Input{
		Catalog: load(t, `images:
  one: {state: stable, image: a.example/one}
  two: {state: stable, image: c.example/two, variants: {v: {image: b.example/two}, w: {image: a.example/two}}}
  three: {state: stable, image: c.example/three}
`), Facts: facts{}, Day: day, Warnings: []snapshot.Warning{a, b},
	})
	require.Equal(t, []snapshot.Warning{a, b}, s.Warnings)
	require.Equal(t, []snapshot.Warning{a}, s.WarningsFor(s.Image("one")))
	require.Equal(t, []snapshot.Warning{a, b}, s.WarningsFor(s.Image("two")))
	require.Empty(t, s.WarningsFor(s.Image("three")))
}

// The real catalog: each of its names once, each with a reference.
func TestTheBundledCatalog(t *testing.T) {
	source, err := chart.Bundled()
	require.NoError(t, err)
	loaded, err := source.Load()
	require.NoError(t, err)
	s := snapshot.Join(snapshot.Input{Catalog: loaded.Catalog, Facts: facts{}, Day: day})
	require.Len(t, s.Images, 41)
	for _, i := range s.Images {
		require.NotEmpty(t, i.Reference.Host, i.ShortName)
		require.Equal(t, "latest", i.Reference.Tag, i.ShortName)
		require.Equal(t, fact.Unknown, i.Exists)
		require.False(t, strings.HasPrefix(i.Notice, "It "), i.Notice)
	}
}
