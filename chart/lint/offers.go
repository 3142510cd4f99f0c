package lint

import (
	"slices"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// offer is a reference of an image, where it stands, and by which rule of name
// resolution its repository leads to the image.
type offer struct {
	image string
	path  strictyaml.Path
	// variant is the name of its variant, "" for the flat image.
	variant string
	// own is true for the reference of the image itself: the flat one, or that of
	// the variant that stands in.
	own bool
	ref reference.Reference
}

// readOffers gives the references of all images that can be read, as written.
func (l *linter) readOffers() []offer {
	var out []offer
	for _, n := range l.images {
		add := func(o offer, text string, keys ...string) {
			ref, err := reference.Parse(text)
			if err != nil {
				return // package chart says so
			}
			o.image, o.path, o.ref = n.name, n.at(append(keys, "image")...), ref
			out = append(out, o)
		}
		if n.entry.Image != "" {
			add(offer{own: true}, n.entry.Image)
		}
		standsIn := standIn(n.entry)
		for _, variant := range sortedVariants(n.entry) {
			add(offer{variant: variant, own: variant == standsIn}, n.entry.Variants[variant].Image, "variants", variant)
		}
	}
	return out
}

// standIn gives the variant whose reference is the image's own, "" if the
// image has a flat one.
func standIn(e *chart.Entry) string {
	if e.Image != "" {
		return ""
	}
	if e.Variants[chart.VariantJobs] != nil {
		return chart.VariantJobs
	}
	if names := sortedVariants(e); len(names) > 0 {
		return names[0]
	}
	return ""
}

func sortedVariants(e *chart.Entry) []string {
	names := make([]string, 0, len(e.Variants))
	for name := range e.Variants {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
