package reference_test

import (
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
)

func Example() {
	r, err := reference.Parse("registry.example:5000/toolforge/node20")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Host, r.Path, r.WithDefaultTag())

	_, err = reference.Parse("node20")
	fmt.Println(err)
	// Output:
	// registry.example:5000 toolforge/node20 registry.example:5000/toolforge/node20:latest
	// "node20" names no registry host: write it as host/path, for example registry.example/node20
}
