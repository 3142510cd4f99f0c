package resolver_test

import (
	"context"
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
)

// registryOf is a source of facts that knows a few tags by heart. Package
// registry has the one that asks.
type registryOf map[string]string

func (r registryOf) Ask(_ context.Context, refs []fact.Reference) fact.Report {
	report := fact.Report{Manifests: map[fact.Reference]fact.Manifest{}}
	for _, ref := range refs {
		answer := fact.Manifest{Status: fact.Absent}
		if digest, ok := r[ref.Repository+":"+ref.Tag]; ok {
			answer = fact.Manifest{Status: fact.Present, Digest: digest}
		}
		report.Manifests[ref] = answer
	}
	return report
}

// A resolver joins the catalog with what registries hold. Refresh asks once;
// Run goes on asking.
func Example() {
	held := registryOf{"toolforge-bookworm-sssd:latest": "sha256:4bcf"}
	live := func(string) resolver.Live { return held }

	r := resolver.New(resolver.FromBundled(), live, resolver.Options{})
	defer r.Close()
	if err := r.Refresh(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	s := r.Snapshot()
	fmt.Println(len(s.Images), "images")
	for _, name := range []string{"bookworm", "bullseye"} {
		image := s.Image(name)
		fmt.Println(image.ShortName, image.State, image.Exists, image.Digest)
	}
	// Output:
	// 41 images
	// bookworm stable present sha256:4bcf
	// bullseye stable absent
}
