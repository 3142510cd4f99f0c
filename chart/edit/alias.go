package edit

import (
	"fmt"
	"slices"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
)

// AddAlias gives an image another name. One that it has already stays as it is.
func AddAlias(name, alias string) Change { return addAlias{name, alias} }

type addAlias struct{ image, alias string }

func (a addAlias) write(d *document, _ *chart.Catalog) error {
	if has, err := d.holds(a.alias, "images", a.image, "aliases"); has || err != nil {
		return err
	}
	return d.add(a.alias, "images", a.image, "aliases")
}

func (a addAlias) expect(c *chart.Catalog) error {
	e, err := entry(c, a.image)
	if err != nil {
		return err
	}
	if !slices.Contains(e.Aliases, a.alias) {
		e.Aliases = append(e.Aliases, a.alias)
	}
	return nil
}

// RemoveAlias takes a name from an image.
func RemoveAlias(name, alias string) Change { return removeAlias{name, alias} }

type removeAlias struct{ image, alias string }

func (a removeAlias) write(d *document, _ *chart.Catalog) error {
	return d.drop(a.alias, "images", a.image, "aliases")
}

func (a removeAlias) expect(c *chart.Catalog) error {
	e, err := entry(c, a.image)
	if err != nil {
		return err
	}
	at := slices.Index(e.Aliases, a.alias)
	if at < 0 {
		return fmt.Errorf("%s has no alias %q", a.image, a.alias)
	}
	if e.Aliases = slices.Delete(e.Aliases, at, at+1); len(e.Aliases) == 0 {
		e.Aliases = nil
	}
	return nil
}

// holds tells whether a list has a text.
func (d *document) holds(item string, path ...string) (bool, error) {
	p, err := d.find(path...)
	if err != nil || p == nil {
		return false, err
	}
	for _, n := range p.value.Content {
		if n.Value == item {
			return true, nil
		}
	}
	return false, nil
}
