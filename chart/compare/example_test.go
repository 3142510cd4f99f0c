package compare_test

import (
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/compare"
)

func ExampleCatalogs() {
	from := &chart.Catalog{Images: map[string]*chart.Entry{
		"node18": {State: "stable", Image: "registry.example/node18", Aliases: []string{"node"}},
		"node20": {State: "beta", Image: "registry.example/node20"},
	}}
	to := &chart.Catalog{Images: map[string]*chart.Entry{
		"node18": {State: "stable", Image: "registry.example/node18"},
		"node20": {State: "stable", Image: "registry.example/node20", Aliases: []string{"node"}},
	}}
	for _, c := range compare.Catalogs(from, to) {
		fmt.Println(c.Kind, c.Breaking, c.Reason)
	}
	// Output:
	// alias-moved true jobs that name it silently run another reference from their next start on: registry.example/node20
	// state-changed false jobs-api lists it now
}
