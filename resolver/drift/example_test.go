package drift_test

import (
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/drift"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

func ExampleOf() {
	catalog := &chart.Catalog{Images: map[string]*chart.Entry{
		"bookworm": {State: "stable", Image: "registry.example/toolforge-bookworm"},
		"trixie":   {State: "stable", Image: "registry.example/toolforge-trixie"},
	}}
	s := snapshot.Join(snapshot.Input{
		Catalog: catalog, Day: "2026-08-01",
		Facts: facts{
			manifests: map[string]fact.Manifest{
				"registry.example/toolforge-bookworm:latest": {Status: fact.Present},
				"registry.example/toolforge-trixie:latest":   {Status: fact.Absent},
			},
			repositories: map[string]fact.Repository{"registry.example/toolforge-trixie": {Status: fact.Absent}},
		},
		Owned: &snapshot.Owned{
			Prefixes: map[string][]string{"registry.example": {"toolforge-"}},
			Listings: map[string]*snapshot.Listing{"registry.example": {Known: true, Repositories: []string{"toolforge-bookworm", "toolforge-forky"}}},
		},
	})
	for _, e := range drift.Of(s).Entries {
		fmt.Println(e.Reason, e.Text)
	}
	// Output:
	// not_in_catalog registry.example/toolforge-forky is below toolforge-, which the catalog owns, but the catalog does not name it
	// repository_missing registry.example has no repository toolforge-trixie
}
