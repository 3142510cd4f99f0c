package chart

import (
	"fmt"
	"strings"
	"unicode"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// Reserved is the name that no image or alias may have: it is the word for
// user-built images wherever a type is expected.
const Reserved = "buildservice"

// MaxRendered is the largest legacy document, in bytes. Kubernetes refuses a
// ConfigMap above 1 MiB, and the rest of the object needs room too.
const MaxRendered = 900 << 10

// rules checks what a schema cannot say: how entries relate to each other.
func (c *checker) rules(catalog *Catalog) {
	for _, name := range sortedKeys(catalog.Images) {
		c.entry(name, catalog.Images[name])
	}
	c.names(catalog)
	c.successors(catalog)
	for _, name := range sortedKeys(catalog.Stacks) {
		c.lifecycle(strictyaml.Keys("stacks", name, "lifecycle"), catalog.Stacks[name].Lifecycle)
	}
	for _, name := range sortedKeys(catalog.Tombstones) {
		c.date(strictyaml.Keys("tombstones", name, "date"), catalog.Tombstones[name].Date)
	}
	if size := len(catalog.LegacyYAML()); size > MaxRendered {
		c.fail("rendered-size", strictyaml.Keys("images"), fmt.Sprintf("%s would have %d bytes, at most %d fit into the ConfigMap: retire images", LegacyKey, size, MaxRendered))
	}
}

func (c *checker) entry(name string, e *Entry) {
	at := strictyaml.Keys("images", name)
	if e.Image != "" {
		c.reference(at.With(strictyaml.Key("image")), e.Image)
	}
	for _, variant := range sortedKeys(e.Variants) {
		if image := e.Variants[variant].Image; image != "" {
			c.reference(at.With(strictyaml.Key("variants"), strictyaml.Key(variant), strictyaml.Key("image")), image)
		}
	}
	for i, former := range e.Formerly {
		if former == "" {
			continue // the schema says so
		}
		c.reference(at.With(strictyaml.Key("formerly"), strictyaml.Index(i)), former)
	}
	for i, link := range e.Links {
		path := at.With(strictyaml.Key("links"), strictyaml.Index(i), strictyaml.Key("url"))
		switch {
		case link.URL == "":
			// The schema says so.
		case !strings.HasPrefix(link.URL, "https://"):
			c.fail("bad-link", path, fmt.Sprintf("url %q does not begin with https://", link.URL))
		case strings.ContainsFunc(link.URL, unicode.IsSpace):
			c.fail("bad-link", path, fmt.Sprintf("url %q holds white space: write it as %%20", link.URL))
		}
	}
	c.lifecycle(at.With(strictyaml.Key("lifecycle")), e.Lifecycle)
}

func (c *checker) reference(path strictyaml.Path, text string) {
	if _, err := reference.Parse(text); err != nil {
		c.fail("bad-reference", path, err.Error())
	}
}
