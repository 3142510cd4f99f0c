package edit

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
)

// Matching gives the short names of images that a pattern matches, sorted; an
// exact name matches itself. The pattern is path.Match's, but * and ? match
// slashes too. The error says that the pattern is none, or matches nothing.
func Matching(c *chart.Catalog, pattern string) ([]string, error) {
	if c.Images[pattern] != nil {
		return []string{pattern}, nil
	}
	flat := strings.NewReplacer("/", "\x00")
	var out []string
	for _, name := range sortedKeys(c.Images) {
		matched, err := path.Match(flat.Replace(pattern), flat.Replace(name))
		if err != nil {
			return nil, fmt.Errorf("%q is no pattern: write for example 'python3.*'", pattern)
		}
		if matched {
			out = append(out, name)
		}
	}
	if len(out) == 0 {
		return nil, unknown(c, pattern)
	}
	return out, nil
}

// Rename gives an image another short name. The old one stays as an alias, and
// whatever was replaced by it is replaced by the new name.
func Rename(name, to string) Change { return rename{name, to} }

type rename struct{ from, to string }

func (r rename) write(d *document, now *chart.Catalog) error {
	if err := d.rename(r.to, "images", r.from); err != nil {
		return err
	}
	if err := d.drop(r.to, "images", r.to, "aliases"); err != nil {
		return err
	}
	if err := (addAlias{r.to, r.from}).write(d, now); err != nil {
		return err
	}
	for _, name := range sortedKeys(now.Images) {
		if now.Images[name].ReplacedBy == r.from && name != r.from {
			if err := d.set(r.to, "images", name, "replacedBy"); err != nil {
				return err
			}
		}
	}
	for _, name := range sortedKeys(now.Tombstones) {
		if now.Tombstones[name].ReplacedBy == r.from {
			if err := d.set(r.to, "tombstones", name, "replacedBy"); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r rename) expect(c *chart.Catalog) error {
	e, err := entry(c, r.from)
	if err != nil {
		return err
	}
	if c.Images[r.to] != nil {
		return fmt.Errorf("there is an image %q already", r.to)
	}
	e.Aliases = slices.DeleteFunc(e.Aliases, func(a string) bool { return a == r.to })
	e.Aliases = append(e.Aliases, r.from)
	delete(c.Images, r.from)
	c.Images[r.to] = e
	for _, other := range c.Images {
		if other.ReplacedBy == r.from {
			other.ReplacedBy = r.to
		}
	}
	for _, t := range c.Tombstones {
		if t.ReplacedBy == r.from {
			t.ReplacedBy = r.to
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
