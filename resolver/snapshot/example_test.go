package snapshot_test

import (
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// A join puts what the catalog says together with what registries hold.
func Example() {
	loaded, err := chart.FromValues([]byte(`
formatVersion: "1.0"
images:
  bookworm: {state: stable, image: registry.example/bookworm}
  buster:
    state: stable
    image: registry.example/buster
    replacedBy: bookworm
    lifecycle: {deprecated: 2024-06-30}
`)).Load()
	if err != nil {
		fmt.Println(err)
		return
	}
	s := snapshot.Join(snapshot.Input{
		Catalog: loaded.Catalog, Day: "2026-07-22",
		Facts: facts{manifests: map[string]fact.Manifest{
			"registry.example/bookworm:latest": {Status: fact.Present, Digest: "sha256:4bcf"},
			"registry.example/buster:latest":   {Status: fact.Absent},
		}},
	})
	for _, image := range s.Images {
		fmt.Printf("%s is %s and %s\n", image.ShortName, image.State, image.Exists)
	}
	fmt.Println(s.Image("bookworm").Pinned())
	fmt.Println(s.Image("buster").Notice)
	// Output:
	// bookworm is stable and present
	// buster is deprecated and absent
	// registry.example/bookworm:latest@sha256:4bcf
	// Image buster is deprecated. Use bookworm instead.
}
