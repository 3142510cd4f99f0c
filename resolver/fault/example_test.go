package fault_test

import (
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// Whoever meets a failure says what kind it is; whoever answers looks at the
// kind, however deep it lies.
func Example() {
	err := error(fault.New(fault.NotFound, "pull chart", "oci://registry.example/image-config:1.0.0", "no such version").
		WithHint("publish it first"))
	err = fmt.Errorf("start: %w", err)

	fmt.Println(err)
	fmt.Println(fault.KindOf(err), fault.Is(err, fault.Unreachable))
	fmt.Println(fault.HintOf(err))
	// Output:
	// start: pull chart: oci://registry.example/image-config:1.0.0: no such version
	// not_found false
	// publish it first
}
