package edit

import (
	"fmt"
	"slices"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
)

// New is an image that is to be added: what a first entry says. What else it
// needs is set afterwards.
type New struct {
	State       string
	Description string
	Aliases     []string
	Image       string            // the flat reference; "" for none
	Variants    map[string]string // variant to reference
	Wstype      string            // of the webservice variant
}

// Add adds an image, at the end of the others.
func Add(name string, image New) Change { return add{name, image} }

type add struct {
	name  string
	image New
}

func (a add) write(d *document, _ *chart.Catalog) error {
	lines := []string{scalarText(a.name) + ":", "  state: " + scalarText(a.image.State)}
	if a.image.Description != "" {
		lines = append(lines, "  description: "+scalarText(a.image.Description))
	}
	if len(a.image.Aliases) > 0 {
		lines = append(lines, "  aliases:")
		for _, alias := range a.image.Aliases {
			lines = append(lines, "    - "+scalarText(alias))
		}
	}
	if a.image.Image != "" {
		lines = append(lines, "  image: "+scalarText(a.image.Image))
	}
	if len(a.image.Variants) > 0 {
		lines = append(lines, "  variants:")
		for _, variant := range sortedKeys(a.image.Variants) {
			lines = append(lines, "    "+scalarText(variant)+":", "      image: "+scalarText(a.image.Variants[variant]))
			if variant == chart.VariantWebservice && a.image.Wstype != "" {
				lines = append(lines, "      extra:", "        wstype: "+scalarText(a.image.Wstype))
			}
		}
	}
	return d.insert([]string{"images"}, a.name, nil, lines...)
}

func (a add) expect(c *chart.Catalog) error {
	switch {
	case c.Images[a.name] != nil:
		return fmt.Errorf("there is an image %q already", a.name)
	case a.image.Image == "" && len(a.image.Variants) == 0:
		return fmt.Errorf("%s: a reference is wanted", a.name)
	}
	e := &chart.Entry{State: a.image.State, Description: a.image.Description, Image: a.image.Image}
	if len(a.image.Aliases) > 0 {
		e.Aliases = slices.Clone(a.image.Aliases)
	}
	for variant, image := range a.image.Variants {
		if e.Variants == nil {
			e.Variants = map[string]*chart.Variant{}
		}
		v := &chart.Variant{Image: image}
		if variant == chart.VariantWebservice && a.image.Wstype != "" {
			v.Extra = map[string]any{"wstype": a.image.Wstype}
		}
		e.Variants[variant] = v
	}
	if c.Images == nil {
		c.Images = map[string]*chart.Entry{}
	}
	c.Images[a.name] = e
	return nil
}
