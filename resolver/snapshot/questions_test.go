package snapshot_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

func TestQuestions(t *testing.T) {
	catalog := load(t, `images:
  b:
    state: stable
    image: a.example/b:v1
    variants: {jobs-framework: {image: a.example/b}, webservice: {image: b.example:5000/b}}
  a:
    state: stable
    variants: {jobs-framework: {image: a.example/b:latest}, webservice: {image: "a.example/a@`+digestA+`"}}
  c:
    state: deprecated
    image: a.example/b:v1
    formerly: [c.example/c]
    lifecycle: {removed: 2020-01-01}
`)
	require.Equal(t, map[string][]fact.Reference{
		"a.example": {
			{Host: "a.example", Repository: "b", Tag: "latest"},
			{Host: "a.example", Repository: "a", Digest: digestA},
			{Host: "a.example", Repository: "b", Tag: "v1"},
		},
		"b.example:5000": {{Host: "b.example:5000", Repository: "b", Tag: "latest"}},
	}, snapshot.Questions(catalog), "each once, by host, in the order of names; former places are not asked")
}

func TestQuestionsOfAnInvalidCatalog(t *testing.T) {
	require.Empty(t, snapshot.Questions(&chart.Catalog{Images: map[string]*chart.Entry{
		"none": {State: "stable"}, "bad": {State: "stable", Image: "no host"},
	}}))
}

// Whatever is asked is what the join looks up.
func TestQuestionsAreWhatTheJoinWants(t *testing.T) {
	source, err := chart.Bundled()
	require.NoError(t, err)
	loaded, err := source.Load()
	require.NoError(t, err)
	all := everything{asked: map[fact.Reference]bool{}}
	count := 0
	for _, refs := range snapshot.Questions(loaded.Catalog) {
		for _, ref := range refs {
			all.asked[ref] = true
			count++
		}
	}
	require.Len(t, all.asked, count, "each once")
	s := snapshot.Join(snapshot.Input{Catalog: loaded.Catalog, Facts: all, Day: day})
	for _, i := range s.Images {
		require.Equal(t, fact.Present, i.Exists, i.ShortName)
		for _, v := range i.Variants {
			require.Equal(t, fact.Present, v.Exists, i.ShortName+" "+v.Name)
		}
	}
}

// everything answers for what was asked, and for nothing else.
type everything struct{ asked map[fact.Reference]bool }

func (e everything) Manifest(ref fact.Reference) (fact.Manifest, bool) {
	if !e.asked[ref] {
		return fact.Manifest{}, false
	}
	return there("sha256:1"), false
}

func (e everything) Repository(string, string) (fact.Repository, bool) {
	return fact.Repository{}, false
}
