package edit

import (
	"errors"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
)

// Remove takes an image out and leaves a tombstone, so that whoever asks for it
// is told when and why it went, and what replaces it: what the tombstone says, or
// else what the entry said.
func Remove(name string, left chart.Tombstone) Change { return remove{name, left} }

type remove struct {
	image string
	left  chart.Tombstone
}

func (r remove) write(d *document, now *chart.Catalog) error {
	e, err := entry(now, r.image)
	if err != nil {
		return err
	}
	if len(now.Images) == 1 {
		return errLastImage
	}
	if err := d.remove("images", r.image); err != nil {
		return err
	}
	left := r.of(e)
	lines := []string{scalarText(r.image) + ":", "  date: " + scalarText(string(left.Date)), "  reason: " + scalarText(left.Reason)}
	if left.ReplacedBy != "" {
		lines = append(lines, "  replacedBy: "+scalarText(left.ReplacedBy))
	}
	return d.insert([]string{"tombstones"}, r.image, nil, lines...)
}

var errLastImage = errors.New("it is the only image: a catalog has one at least")

func (r remove) expect(c *chart.Catalog) error {
	e, err := entry(c, r.image)
	switch {
	case err != nil:
		return err
	case r.left.Reason == "":
		return errors.New("a reason is wanted: it is what users are told")
	case r.left.Date == "":
		return errors.New("a date is wanted")
	}
	left := r.of(e)
	delete(c.Images, r.image)
	if c.Tombstones == nil {
		c.Tombstones = map[string]*chart.Tombstone{}
	}
	c.Tombstones[r.image] = &left
	return nil
}

func (r remove) of(e *chart.Entry) chart.Tombstone {
	left := r.left
	if left.ReplacedBy == "" {
		left.ReplacedBy = e.ReplacedBy
	}
	return left
}
