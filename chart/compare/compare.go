// Package compare tells what changes from one catalog to another, in the terms
// of those who read it: which names go, which jobs are out of sync, what
// `webservice` no longer starts.
//
// It judges by how the consumers are known to read the catalog (jobs-api, and
// webservice 0.98) and by nothing else: whether a registry has what a reference
// names is not its business, and neither is the clock. States are compared as
// they are written. What the changes look like to a reader is the business of
// commands and of the server.
package compare

import (
	"maps"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// Catalogs gives what changes from one catalog to another: first the format,
// then images, tombstones and stacks, each by name. The same two catalogs give
// the same list. It is empty only if the catalogs say the same; a list or map
// that is there and empty says what one says that is not there, but for
// variants, which webservice reads of every image.
func Catalogs(from, to *chart.Catalog) Changes {
	c := &comparison{from: from, to: to, before: meaningsOf(from), after: meaningsOf(to), hosts: hostsOf(from)}
	c.former = c.predecessors()
	c.format()
	c.images()
	c.tombstones()
	c.stacks()
	return c.changes
}

// comparison is one run.
type comparison struct {
	from, to      *chart.Catalog
	before, after meanings
	// former has the old name of each image that was renamed.
	former map[string]string
	// hosts are the registries that the old catalog names.
	hosts   map[string]bool
	changes Changes
}

func (c *comparison) add(change Change) { c.changes = append(c.changes, change) }

func (c *comparison) format() {
	if c.from.FormatVersion == c.to.FormatVersion {
		return
	}
	v := safe("a Bayplan that knows the major version reads it; keys that it does not know are warnings")
	major := func(version string) string { before, _, _ := strings.Cut(version, "."); return before }
	if major(c.from.FormatVersion) != major(c.to.FormatVersion) {
		v.breaks("a Bayplan that does not know this major version refuses the catalog: upgrade every one first")
	}
	c.add(v.on(Change{Kind: KindFormat, Path: "formatVersion", Old: c.from.FormatVersion, New: c.to.FormatVersion}))
}

// bothKeys gives the keys of two maps in order.
func bothKeys[V any](a, b map[string]V) []string {
	all := make(map[string]bool, len(a)+len(b))
	for key := range a {
		all[key] = true
	}
	for key := range b {
		all[key] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// at is a place below an image.
func at(name string, steps ...string) string {
	return strictyaml.Keys(append([]string{"images", name}, steps...)...).String()
}

// listed writes a few words as people do.
func listed(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
