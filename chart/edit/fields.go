package edit

import (
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
)

// SetState changes the state of an image.
func SetState(name, state string) Change { return field{name, "state", state} }

// SetDescription changes what is said of an image; "" says nothing.
func SetDescription(name, text string) Change { return field{name, "description", text} }

// SetReplacedBy names what takes the place of an image; "" nothing.
func SetReplacedBy(name, successor string) Change { return field{name, "replacedBy", successor} }

// field is a text of an entry.
type field struct{ image, key, value string }

func (f field) write(d *document, _ *chart.Catalog) error {
	return d.set(f.value, "images", f.image, f.key)
}

func (f field) expect(c *chart.Catalog) error {
	e, err := entry(c, f.image)
	if err != nil {
		return err
	}
	switch f.key {
	case "state":
		if f.value == "" {
			return fmt.Errorf("%s: an image has a state", f.image)
		}
		e.State = f.value
	case "description":
		e.Description = f.value
	case "replacedBy":
		e.ReplacedBy = f.value
	}
	return nil
}

// SetDate changes one of the dates of an image's life: deprecated, unsupported or
// removed; "" takes it out.
func SetDate(name, which string, day chart.Date) Change { return date{name, which, day} }

type date struct {
	image, which string
	day          chart.Date
}

func (t date) write(d *document, _ *chart.Catalog) error {
	return d.set(string(t.day), "images", t.image, "lifecycle", t.which)
}

func (t date) expect(c *chart.Catalog) error {
	e, err := entry(c, t.image)
	if err != nil {
		return err
	}
	switch t.which {
	case "deprecated":
		e.Lifecycle.Deprecated = t.day
	case "unsupported":
		e.Lifecycle.Unsupported = t.day
	case "removed":
		e.Lifecycle.Removed = t.day
	default:
		return fmt.Errorf("there is no date %q: there are deprecated, unsupported and removed", t.which)
	}
	return nil
}

// SetExtra changes what a variant's consumer needs; "" takes it out.
func SetExtra(name, variant, key, value string) Change { return extra{name, variant, key, value} }

type extra struct{ image, variant, key, value string }

func (x extra) write(d *document, _ *chart.Catalog) error {
	return d.set(x.value, "images", x.image, "variants", x.variant, "extra", x.key)
}

func (x extra) expect(c *chart.Catalog) error {
	e, err := entry(c, x.image)
	if err != nil {
		return err
	}
	v := e.Variants[x.variant]
	if v == nil {
		return fmt.Errorf("%s has no variant %q", x.image, x.variant)
	}
	if x.value != "" {
		if v.Extra == nil {
			v.Extra = map[string]any{}
		}
		v.Extra[x.key] = x.value
		return nil
	}
	delete(v.Extra, x.key)
	if len(v.Extra) == 0 {
		v.Extra = nil
	}
	return nil
}
