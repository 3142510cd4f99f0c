package edit

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
)

// SetImage moves the flat reference of an image (variant "") or one of its
// variants. The reference that it had goes to formerly, unless something of the
// image still has it, so that whoever names it is still understood.
func SetImage(name, variant, to string) Change { return move{name, variant, to} }

type move struct{ image, variant, to string }

func (m move) path() []string {
	if m.variant == "" {
		return []string{"images", m.image, "image"}
	}
	return []string{"images", m.image, "variants", m.variant, "image"}
}

func (m move) write(d *document, now *chart.Catalog) error {
	e, err := entry(now, m.image)
	if err != nil {
		return err
	}
	old := m.old(e)
	if err := d.set(m.to, m.path()...); err != nil {
		return err
	}
	formerly := []string{"images", m.image, "formerly"}
	if slices.Contains(e.Formerly, m.to) {
		if err := d.drop(m.to, formerly...); err != nil {
			return err
		}
	}
	if m.leaves(e, old) {
		return d.add(old, formerly...)
	}
	return nil
}

func (m move) expect(c *chart.Catalog) error {
	e, err := entry(c, m.image)
	if err != nil {
		return err
	}
	if _, err := reference.Parse(m.to); err != nil {
		return fmt.Errorf("%s: %w", m.image, err)
	}
	old, leaves := m.old(e), m.leaves(e, m.old(e))
	switch {
	case m.variant == "":
		e.Image = m.to
	case e.Variants[m.variant] != nil:
		e.Variants[m.variant].Image = m.to
	default:
		if e.Variants == nil {
			e.Variants = map[string]*chart.Variant{}
		}
		e.Variants[m.variant] = &chart.Variant{Image: m.to}
	}
	e.Formerly = slices.DeleteFunc(e.Formerly, func(r string) bool { return r == m.to })
	if len(e.Formerly) == 0 {
		e.Formerly = nil
	}
	if leaves {
		e.Formerly = append(e.Formerly, old)
	}
	return nil
}

// old is the reference that moves; "" if there was none.
func (m move) old(e *chart.Entry) string {
	if m.variant == "" {
		return e.Image
	}
	if v := e.Variants[m.variant]; v != nil {
		return v.Image
	}
	return ""
}

// leaves tells whether the old reference is to be kept as a former one: nothing
// else of the image has it, and it is not among the former ones already.
func (m move) leaves(e *chart.Entry, old string) bool {
	if old == "" || old == m.to || slices.Contains(e.Formerly, old) {
		return false
	}
	if m.variant != "" && e.Image == old {
		return false
	}
	for name, v := range e.Variants {
		if name != m.variant && v.Image == old {
			return false
		}
	}
	return true
}

// MoveHost gives the changes that move every reference of an image from one
// registry host to another; none if it has none there.
func MoveHost(c *chart.Catalog, name, from, to string) []Change {
	e := c.Images[name]
	if e == nil {
		return nil
	}
	var out []Change
	add := func(variant, old string) {
		if path, found := strings.CutPrefix(old, from+"/"); found {
			out = append(out, SetImage(name, variant, to+"/"+path))
		}
	}
	add("", e.Image)
	for _, variant := range sortedKeys(e.Variants) {
		add(variant, e.Variants[variant].Image)
	}
	return out
}
