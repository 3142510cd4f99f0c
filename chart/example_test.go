package chart_test

import (
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
)

// What is wrong with a catalog is said at once, with the place of each mistake.
func Example() {
	source := chart.FromValues([]byte(`
formatVersion: "1.0"
images:
  node20:
    state: stabel
    image: registry.example/node20
  node18:
    state: deprecated
    image: registry.example/node18
    replacedBy: node22
`))
	_, findings := source.Check()
	for _, finding := range findings {
		fmt.Println(finding)
	}
	// Output:
	// values.yaml:5:5: error: images.node20.state: "stabel" is not one of stable, beta, deprecated: did you mean stable? (unknown-state)
	// values.yaml:10:5: error: images.node18.replacedBy: "node22" is no image of this catalog: name an image by its short name (replaced-by-unknown)
}

// The legacy view is what the consumers of the ConfigMap read.
func ExampleCatalog_LegacyYAML() {
	loaded, err := chart.FromValues([]byte(`
formatVersion: "1.0"
images:
  node18:
    state: deprecated
    aliases: [nodejs]
    image: registry.example/node18
    replacedBy: node20
  node20:
    state: stable
    image: registry.example/node20
`)).Load()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(string(loaded.Catalog.LegacyYAML()))
	fmt.Println("use", loaded.Catalog.SuccessorOf("node18"))
	// Output:
	// node18:
	//   aliases:
	//   - nodejs
	//   image: registry.example/node18
	//   state: deprecated
	// node20:
	//   image: registry.example/node20
	//   state: stable
	// use node20
}
