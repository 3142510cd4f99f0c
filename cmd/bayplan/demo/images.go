package demo

import (
	"maps"
	"slices"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/cmd/bayplan/standin"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
)

// leftOut are the images that the demo's registries lack, with the variant that
// is missing ("" for all), so that the answers show what that looks like.
var leftOut = map[string]string{
	"jdk8":       "",
	"mono6.12":   "",
	"python3.13": chart.VariantWebservice,
}

// unnamed is an image that the catalog does not name, so that there is drift of
// this kind too.
var unnamed = fact.Reference{Host: "docker-registry.svc.toolforge.org", Repository: "toolforge-forky-sssd", Tag: "latest"}

// missing gives the short names of which nothing was pushed.
func missing() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(leftOut)) {
		if leftOut[name] == "" {
			out = append(out, name)
		}
	}
	return out
}

// absent gives the repositories (with their host) that are left out.
func absent(catalog *chart.Catalog) map[string]bool {
	out := map[string]bool{}
	for name, only := range leftOut {
		if entry := catalog.Images[name]; entry != nil {
			standin.Repositories(out, entry, only)
		}
	}
	return out
}
