package consumers_test

import (
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/consumers"
)

// What one entry without a state does to those who read the catalog.
func Example() {
	source := chart.FromLegacy([]byte(`
bookworm: {image: registry.example/bookworm, variants: {}}
trixie: {state: stable, image: registry.example/trixie, variants: {}}
`), chart.Legacy{Kind: "file"})
	for _, b := range consumers.Faults(consumers.Check(consumers.Of(source), "jobs-api-2026-05")) {
		fmt.Println(b.Name)
		fmt.Println(b.Message)
	}
	// Output:
	// jobs-api-2026-05/fails
	// bookworm has no state: no image is listed, and no job of any tool can be created or changed
}
