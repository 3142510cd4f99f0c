package fact_test

import (
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
)

// A report has three answers for a reference: present, absent, and no entry at
// all where nobody could be asked.
func Example() {
	asked := []fact.Reference{
		{Host: "registry.example", Repository: "bookworm", Tag: "latest"},
		{Host: "registry.example", Repository: "wheezy", Tag: "latest"},
		{Host: "registry.example", Repository: "secret", Tag: "latest"},
	}
	report := fact.Report{Manifests: map[fact.Reference]fact.Manifest{
		asked[0]: {Status: fact.Present, Digest: "sha256:4f53"},
		asked[1]: {Status: fact.Absent},
	}}
	for _, r := range asked {
		fmt.Println(r, report.Manifests[r].Status)
	}
	// Output:
	// registry.example/bookworm:latest present
	// registry.example/wheezy:latest absent
	// registry.example/secret:latest unknown
}
