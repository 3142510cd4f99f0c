package names_test

import (
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/names"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// What people have typed over the years leads to one image.
func Example() {
	python := &snapshot.Image{
		ShortName: "python3.11", State: "stable", Aliases: []string{"tf-python311"},
		Offer: snapshot.Offer{Reference: reference.Reference{
			Host: "docker-registry.example", Path: "toolforge-python311-sssd-base", Tag: "latest",
		}},
	}
	index := names.NewIndex([]*snapshot.Image{python})
	for _, text := range []string{
		"python3.11", "tf-python311", "docker-registry.example/toolforge-python311-sssd-base:latest", "python3.1",
	} {
		if m := index.Resolve(text); m.Image != nil {
			fmt.Printf("%s is %s, by its %s\n", text, m.Image.ShortName, m.Rule)
		} else {
			fmt.Printf("%s is unknown; near is %v\n", text, index.Near(text))
		}
	}
	// Output:
	// python3.11 is python3.11, by its short_name
	// tf-python311 is python3.11, by its alias
	// docker-registry.example/toolforge-python311-sssd-base:latest is python3.11, by its reference
	// python3.1 is unknown; near is [python3.11]
}
