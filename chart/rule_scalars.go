package chart

import (
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// scalars refuses single values, anywhere in the catalog, that one of its
// readers would bend or choke on although they are proper YAML. What deployers
// put beside the catalog is their business.
func (c *checker) scalars() {
	for _, key := range []string{"images", "tombstones", "stacks"} {
		if n := c.root.Get(key); n != nil {
			c.walkScalars(n, strictyaml.Keys(key))
		}
	}
}

func (c *checker) walkScalars(n *strictyaml.Node, path strictyaml.Path) {
	// An unquoted date is a date object to Python and a string to Go. The keys
	// that only Bayplan reads may hold one.
	if n.Date && !mayBeDate(path) {
		c.fail(strictyaml.RuleBends, path, fmt.Sprintf("%v is read as a date by some readers: quote it (%q)", n.Value, n.Value))
	} else if s, ok := n.Text(); ok && !n.Date {
		c.carried(s, path)
	}
	for i, item := range n.Items {
		c.walkScalars(item, path.With(strictyaml.Index(i)))
	}
	for _, f := range n.Fields {
		at := path.With(strictyaml.Key(f.Key))
		c.carried(f.Key, at)
		c.walkScalars(f.Node, at)
	}
}

// carried checks that a string survives being written as YAML by Helm's
// toYaml. It loses control characters; and it writes without quotes what it
// takes for a string itself, some of which PyYAML takes for something else: "="
// stops it, and so does "2026-02-30", a date that does not exist.
func (c *checker) carried(s string, path strictyaml.Path) {
	if i := strings.IndexFunc(s, isUnwritable); i >= 0 {
		c.fail("control-character", path, fmt.Sprintf("%q holds a control character, which Helm does not write: remove it", s))
		return
	}
	if strictyaml.Ambiguous(s) && plain(s) {
		c.fail(strictyaml.RuleBends, path, fmt.Sprintf("Helm writes %q without quotes, and some readers do not take that for a string: choose another word", s))
	}
}

func isUnwritable(r rune) bool {
	return r >= 0x7f && r <= 0x9f || r == 0xfffe || r == 0xffff
}

// plain tells whether Helm's YAML library writes a string without quotes.
func plain(s string) bool {
	text, err := yaml.Marshal(s)
	return err == nil && strings.TrimSuffix(string(text), "\n") == s
}
