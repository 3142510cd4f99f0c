package names_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/lint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/names"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// silent are facts of registries that never answered.
type silent struct{}

func (silent) Manifest(fact.Reference) (fact.Manifest, bool)     { return fact.Manifest{}, false }
func (silent) Repository(string, string) (fact.Repository, bool) { return fact.Repository{}, false }

// A spelling with path and tag is an exact tie here if, and only if, lint calls
// it one beforehand.
func TestLintFindsExactTies(t *testing.T) {
	sources := map[string]*chart.Source{}
	for _, rule := range []string{"resolution-tie", "same-repository", "near-miss"} {
		fixture, err := txtar.ParseFile(filepath.Join("../../chart/lint/rules", rule+".txtar"))
		require.NoError(t, err)
		sources[rule] = chart.FromValues(fixture.Files[0].Data)
	}
	for _, name := range []string{"images-v1.yaml", "images-v1-harbor.yaml", "images-v1-flat-sample.yaml"} {
		text, err := os.ReadFile(filepath.Join("../../testdata/catalogs", name))
		require.NoError(t, err)
		sources[name] = chart.FromLegacy(text, chart.Legacy{Kind: "file"})
	}
	const variants = "formatVersion: \"1.0\"\nimages:\n" +
		"  a: {state: stable, image: a.example/a, variants: {v: {image: a.example/v}}}\n" +
		"  b: {state: stable, image: b.example/b, variants: {v: {image: b.example/v}}}\n"
	sources["variants"] = chart.FromValues([]byte(variants))
	sources["tags"] = chart.FromValues([]byte(strings.Replace(variants, "b.example/v", "b.example/v:next", 1)))
	ties := 0
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			want := false
			for _, f := range lint.Run(source, lint.Options{}).Findings {
				want = want || f.Rule == "resolution-tie"
			}
			loaded, err := source.Load()
			require.NoError(t, err)
			s := snapshot.Join(snapshot.Input{Catalog: loaded.Catalog, Facts: silent{}, Day: "2026-11-26"})
			index := names.NewIndex(s.Images)
			got := false
			for _, image := range s.Images {
				offers := []snapshot.Offer{image.Offer}
				for _, v := range image.Variants {
					offers = append(offers, v.Offer)
				}
				for _, former := range image.Formerly {
					offers = append(offers, snapshot.Offer{Reference: former.WithDefaultTag()})
				}
				for _, o := range offers {
					got = got || len(index.Resolve(o.Reference.Path+":"+o.Reference.Tag).Also) > 0
				}
			}
			require.Equal(t, want, got)
			if got {
				ties++
			}
		})
	}
	require.Equal(t, 2, ties, "of the catalogs here")
}
