package marker_test

import (
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/marker"
)

// A repository with three tags, of which two are markers.
func Example() {
	var r marker.Reader
	for _, tag := range []string{"latest", "state-deprecated", "aliases-web_.front_-my__tool"} {
		if !r.Read(tag, 0) {
			fmt.Println("an image:", tag)
		}
	}
	marks := r.Marks()
	fmt.Println(marks.State)
	for _, alias := range marks.Aliases {
		fmt.Println(alias.Name)
	}
	// Output:
	// an image: latest
	// deprecated
	// my_tool
	// web/front
}
