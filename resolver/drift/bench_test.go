package drift_test

import (
	"fmt"
	"testing"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/drift"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// BenchmarkOf is the drift of a catalog of so many images with two variants, of
// which one in ten is missing, beside as many repositories that it does not name.
func BenchmarkOf(b *testing.B) {
	for _, n := range []int{41, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			catalog := &chart.Catalog{FormatVersion: "1.0", Images: map[string]*chart.Entry{}, Tombstones: map[string]*chart.Tombstone{}}
			f := facts{manifests: map[string]fact.Manifest{}, repositories: map[string]fact.Repository{}}
			listing := &snapshot.Listing{Known: true}
			for i := range n {
				entry := &chart.Entry{State: chart.StateStable, Variants: map[string]*chart.Variant{}}
				for _, variant := range []string{"jobs-framework", "webservice"} {
					path := fmt.Sprintf("toolforge-image%d-%s", i, variant)
					entry.Variants[variant] = &chart.Variant{Image: host + "/" + path}
					f.manifests[host+"/"+path+":latest"], f.repositories[host+"/"+path] = there(old), holds("latest")
					if i%10 == 0 {
						f.manifests[host+"/"+path+":latest"], f.repositories[host+"/"+path] = gone, nobody
					}
					listing.Repositories = append(listing.Repositories, path)
				}
				catalog.Images[fmt.Sprintf("image%d", i)] = entry
				listing.Repositories = append(listing.Repositories, fmt.Sprintf("toolforge-other%d", i))
			}
			catalog.Tombstones["gone"] = &chart.Tombstone{Date: "2026-01-01", Reason: "old"}
			s := snapshot.Join(snapshot.Input{Catalog: catalog, Facts: f, Day: day, Owned: &snapshot.Owned{
				Prefixes: map[string][]string{host: {"toolforge-"}}, Listings: map[string]*snapshot.Listing{host: listing},
			}})
			b.ReportAllocs()
			for b.Loop() {
				if len(drift.Of(s).Entries) <= n {
					b.Fatal("too little drift")
				}
			}
		})
	}
}
