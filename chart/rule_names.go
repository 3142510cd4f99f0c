package chart

import (
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// names checks that each name and alias means one image.
func (c *checker) names(catalog *Catalog) {
	owner := map[string]string{} // alias → the image that has it
	for _, name := range c.imagesInFileOrder() {
		entry := catalog.Images[name]
		if entry == nil {
			continue
		}
		if catalog.Tombstones[name] != nil {
			c.fail("name-is-tombstone", strictyaml.Keys("tombstones", name), fmt.Sprintf("%q is an image of this catalog too: remove the image or the tombstone", name))
		}
		own := map[string]bool{}
		for i, alias := range entry.Aliases {
			path := strictyaml.Keys("images", name, "aliases").With(strictyaml.Index(i))
			switch first := owner[alias]; {
			case alias == Reserved, alias == "":
				// The schema refuses it by its name rule, or is no text at all.
			case alias == name:
				c.report("alias-is-own-name", SeverityWarning, path, "an alias that is the image's own name says nothing: remove it")
			case catalog.Images[alias] != nil:
				c.fail("alias-is-name", path, fmt.Sprintf("alias %q is the name of another image", alias))
			case catalog.Tombstones[alias] != nil:
				c.fail("alias-is-tombstone", path, fmt.Sprintf("alias %q is the name of a removed image: it would hide the tombstone", alias))
			case own[alias]:
				// Twice in one list: the schema says so.
			case first != "":
				c.fail("duplicate-alias", path, fmt.Sprintf("alias %q belongs to %s already", alias, first))
			default:
				owner[alias] = name
			}
			own[alias] = true
		}
	}
}

// imagesInFileOrder gives the short names as they are written, so that of two
// owners of one alias the second is reported.
func (c *checker) imagesInFileOrder() []string {
	images := c.root.Get("images")
	if images == nil {
		return nil
	}
	names := make([]string, 0, len(images.Fields))
	for _, f := range images.Fields {
		names = append(names, f.Key)
	}
	return names
}

// successors checks every replacedBy.
func (c *checker) successors(catalog *Catalog) {
	for _, name := range sortedKeys(catalog.Images) {
		c.successor(catalog, strictyaml.Keys("images", name, "replacedBy"), name, catalog.Images[name].ReplacedBy)
	}
	for _, name := range sortedKeys(catalog.Tombstones) {
		c.successor(catalog, strictyaml.Keys("tombstones", name, "replacedBy"), name, catalog.Tombstones[name].ReplacedBy)
	}
	for _, name := range sortedKeys(catalog.Stacks) {
		c.stackSuccessor(catalog, strictyaml.Keys("stacks", name, "replacedBy"), name)
	}
}

func (c *checker) stackSuccessor(catalog *Catalog, path strictyaml.Path, name string) {
	next := catalog.Stacks[name].ReplacedBy
	if next != "" && catalog.Stacks[next] == nil {
		c.fail("replaced-by-unknown", path, fmt.Sprintf("stack %q is not in this catalog", next))
		return
	}
	seen := map[string]bool{} // a circle ends; package lint reports it
	for ; next != "" && catalog.Stacks[next] != nil && !seen[next]; next = catalog.Stacks[next].ReplacedBy {
		if len(seen) == MaxSuccessors {
			c.fail("replaced-by-chain", path, fmt.Sprintf("more than %d stacks replace each other from %q on: name the last one here", MaxSuccessors, name))
			return
		}
		seen[next] = true
	}
}

// MaxSuccessors is how many replacedBy may follow each other: every reader of a
// record walks the whole way.
const MaxSuccessors = 100

func (c *checker) successor(catalog *Catalog, path strictyaml.Path, name, next string) {
	switch {
	case next == "":
	case next == name:
		c.fail("replaced-by-circle", path, fmt.Sprintf("%q replaces itself", name))
	case catalog.Images[next] == nil && catalog.Tombstones[next] == nil:
		c.fail("replaced-by-unknown", path, fmt.Sprintf("%q is no image of this catalog: name an image by its short name", next))
	default:
		switch steps, circle := catalog.follow(name); {
		case circle:
			c.fail("replaced-by-circle", path, fmt.Sprintf("following replacedBy from %q leads back to it", name))
		case steps > MaxSuccessors:
			c.fail("replaced-by-chain", path, fmt.Sprintf("more than %d images replace each other from %q on: name the last one here", MaxSuccessors, name))
		}
	}
}

// follow counts the steps of replacedBy from name until they end, meet
// themselves or are too many, and tells whether they come back to name.
func (c *Catalog) follow(name string) (steps int, circle bool) {
	seen := map[string]bool{}
	for next := c.replacedBy(name); next != "" && !seen[next] && steps <= MaxSuccessors; next = c.replacedBy(next) {
		if next == name {
			return steps, true
		}
		seen[next] = true
		steps++
	}
	return steps, false
}
