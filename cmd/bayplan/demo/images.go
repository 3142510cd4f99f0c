package demo

import (
	"context"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
)

// leftOut are the images that the demo's registries lack, with the variant that
// is missing ("" for all), so that the answers show what that looks like.
var leftOut = map[string]string{
	"jdk8":       "",
	"mono6.12":   "",
	"python3.13": chart.VariantWebservice,
}

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

// fill pushes a small image for each reference of the catalog at one registry.
func fill(ctx context.Context, address string, catalog *chart.Catalog, refs []fact.Reference) error {
	without := absent(catalog)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for _, ref := range refs {
		if without[ref.Host+"/"+ref.Repository] {
			continue
		}
		group.Go(func() error { return push(ctx, address, ref) })
	}
	return group.Wait()
}

// absent gives the repositories (with their host) that are left out.
func absent(catalog *chart.Catalog) map[string]bool {
	out := map[string]bool{}
	for name, only := range leftOut {
		entry := catalog.Images[name]
		if entry == nil {
			continue
		}
		if only == "" {
			leave(out, entry.Reference())
		}
		for variant, v := range entry.Variants {
			if only == "" || only == variant {
				leave(out, v.Image)
			}
		}
	}
	return out
}

// leave adds the repository of a reference. The catalog was checked, so that a
// text which is none does not occur; it would leave out nothing.
func leave(out map[string]bool, text string) {
	if ref, err := reference.Parse(text); err == nil {
		out[ref.Host+"/"+ref.Path] = true
	}
}
