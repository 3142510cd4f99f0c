// Package edit changes the text of a values.yaml: what a change is about, and
// nothing else. Comments, order, quoting and line breaks of all other lines stay
// as they are, byte for byte.
//
// A [Change] is written into the text at the places that a YAML parser gives, and
// is then put to the proof: the new text has to say what the old one said, with
// that change and no other. A text that cannot be changed so (flow style where
// lines are needed, anchors) is refused with what to do about it, and never
// mangled. Whether the result is a good catalog is the word of packages chart and
// lint; writing files is the business of commands.
package edit

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/nearest"
)

// Change is one change of a catalog.
type Change interface {
	// write changes the text of what a catalog says now.
	write(d *document, now *chart.Catalog) error
	// expect changes what the text is to say. It gets a catalog of its own.
	expect(c *chart.Catalog) error
}

// Apply makes changes, one after the other, and gives the new text. The error
// says which image or key it is about and what to do.
func Apply(values []byte, changes ...Change) ([]byte, error) {
	now, err := said(values)
	if err != nil {
		return nil, err
	}
	want, err := said(values)
	if err != nil {
		return nil, err
	}
	d, err := parse(values)
	if err != nil {
		return nil, err
	}
	for _, change := range changes {
		if err := change.expect(want); err != nil {
			return nil, err
		}
		if err := change.write(d, now); err != nil {
			return nil, err
		}
		if err := change.expect(now); err != nil {
			return nil, err
		}
	}
	next := d.bytes()
	got, err := said(next)
	if err != nil || !reflect.DeepEqual(got, want) {
		return nil, errors.New("values.yaml is written in a way that this change would spoil: make it by hand")
	}
	return next, nil
}

// said is what a text says, whether that is valid or not.
func said(values []byte) (*chart.Catalog, error) {
	loaded, findings := chart.FromValues(values).Check()
	if loaded == nil {
		if len(findings) > 0 {
			return nil, errors.New(findings[0].String())
		}
		return nil, errors.New("values.yaml cannot be read")
	}
	return loaded.Catalog, nil
}

// Worse gives the errors that a new text has and the old one had not, wherever
// they stand.
func Worse(before, after []byte) chart.Findings {
	type mistake struct{ rule, path, message string }
	had := map[mistake]bool{}
	_, old := chart.FromValues(before).Check()
	for _, f := range old {
		had[mistake{f.Rule, f.Path, f.Message}] = true
	}
	var out chart.Findings
	_, found := chart.FromValues(after).Check()
	for _, f := range found.Errors() {
		if !had[mistake{f.Rule, f.Path, f.Message}] {
			out = append(out, f)
		}
	}
	return out
}

// entry gives an image of a catalog, or says that there is none.
func entry(c *chart.Catalog, name string) (*chart.Entry, error) {
	if e := c.Images[name]; e != nil {
		return e, nil
	}
	return nil, unknown(c, name)
}

// unknown says that there is no such image, and which one may be meant.
func unknown(c *chart.Catalog, name string) error {
	for _, of := range sortedKeys(c.Images) {
		if slices.Contains(c.Images[of].Aliases, name) {
			return fmt.Errorf("there is no image %q: it is an alias of %s", name, of)
		}
	}
	if near := nearest.Words(name, sortedKeys(c.Images), 1); len(near) > 0 {
		return fmt.Errorf("there is no image %q: did you mean %s?", name, near[0])
	}
	return fmt.Errorf("there is no image %q", name)
}
