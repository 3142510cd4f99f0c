package strictyaml_test

import (
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// Every value that readers disagree about is reported, with its place.
func Example() {
	node, problems := strictyaml.Parse([]byte("name: \"3.20\"\nversion: 3.20\nenabled: on\n"))
	fmt.Println(node.Get("name").Value)
	for _, p := range problems {
		fmt.Printf("%d:%d %s: %s\n", p.Line, p.Column, p.Path, p.Message)
	}
	// Output:
	// 3.20
	// 2:10 version: 3.20 is read as a number that loses digits: quote it ("3.20") or write what you mean
	// 3:10 enabled: on is read as a boolean by some readers: quote it ("on") or write what you mean
}
