package snapshot_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// table is facts as a resolver keeps them: by reference, without making text.
type table struct {
	manifests    map[fact.Reference]fact.Manifest
	repositories map[[2]string]fact.Repository
}

func (t table) Manifest(ref fact.Reference) (fact.Manifest, bool) { return t.manifests[ref], false }

func (t table) Repository(host, path string) (fact.Repository, bool) {
	return t.repositories[[2]string{host, path}], false
}

// answered makes facts for everything that a catalog asks.
func answered(catalog *chart.Catalog) table {
	t := table{map[fact.Reference]fact.Manifest{}, map[[2]string]fact.Repository{}}
	for host, refs := range snapshot.Questions(catalog) {
		for _, ref := range refs {
			t.manifests[ref] = there(digestA)
			t.repositories[[2]string{host, ref.Repository}] = fact.Repository{Status: fact.Present, Tags: []string{"latest"}}
		}
	}
	return t
}

// large is a catalog of n images that are like the real ones.
func large(n int) *chart.Catalog {
	catalog := &chart.Catalog{FormatVersion: "1.0", Images: make(map[string]*chart.Entry, n)}
	for i := range n {
		catalog.Images[fmt.Sprintf("image%d", i)] = &chart.Entry{
			State: chart.StateStable, Aliases: []string{fmt.Sprintf("tf-image%d", i)},
			Variants: map[string]*chart.Variant{
				chart.VariantJobs:       {Image: fmt.Sprintf("docker-registry.example/image%d-sssd-base", i)},
				chart.VariantWebservice: {Image: fmt.Sprintf("docker-registry.example/image%d-sssd-web", i), Extra: map[string]any{"wstype": "generic"}},
			},
		}
	}
	return catalog
}

// BenchmarkJoin is one join of the real catalog and of a very large one: the
// first, one that finds nothing changed, one that finds one image changed, and
// the one that follows an edit of one entry.
func BenchmarkJoin(b *testing.B) {
	source, err := chart.Bundled()
	require.NoError(b, err)
	bundled, err := source.Load()
	require.NoError(b, err)
	for _, c := range []struct {
		name    string
		catalog *chart.Catalog
	}{{"41", bundled.Catalog}, {"10000", large(10_000)}} {
		f := answered(c.catalog)
		in := snapshot.Input{Catalog: c.catalog, Facts: f, Day: day}
		before := snapshot.Join(in)
		b.Run(c.name+"/first", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				snapshot.Join(in)
			}
		})
		in.Before = before
		b.Run(c.name+"/unchanged", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if snapshot.Join(in) != before {
					b.Fatal("nothing has changed")
				}
			}
		})
		b.Run(c.name+"/one-changed", func(b *testing.B) {
			b.ReportAllocs()
			benchmarkOneChanged(b, in, f)
		})
		b.Run(c.name+"/catalog-edited", func(b *testing.B) {
			edited := *c.catalog
			edited.Images = make(map[string]*chart.Entry, len(c.catalog.Images))
			for name, entry := range c.catalog.Images {
				edited.Images[name] = entry
			}
			edit := *edited.Images[before.Images[0].ShortName]
			edit.Description = "Edited."
			edited.Images[before.Images[0].ShortName] = &edit
			in := in
			in.Catalog = &edited
			b.ReportAllocs()
			for b.Loop() {
				snapshot.Join(in)
			}
		})
	}
}

func benchmarkOneChanged(b *testing.B, in snapshot.Input, f table) {
	i := in.Before.Images[len(in.Before.Images)/2]
	ref := fact.Reference{Host: i.Reference.Host, Repository: i.Reference.Path, Tag: i.Reference.Tag}
	defer func() { f.manifests[ref] = there(digestA) }()
	digests := [2]string{digestA, digestB}
	for n := 1; b.Loop(); n++ {
		f.manifests[ref] = there(digests[n%2])
		next := snapshot.Join(in)
		if next == in.Before {
			b.Fatal("one image has changed")
		}
		in.Before = next
	}
}
