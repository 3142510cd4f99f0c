package chart

import (
	"fmt"
	"slices"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/nearest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// ownKeys are the root keys that a catalog is made of.
var ownKeys = []string{"formatVersion", "images", "tombstones", "stacks"}

// rootKeys looks for own keys that are misspelt. Others pass: deployers give
// charts values that are not theirs.
func (c *checker) rootKeys() {
	for _, f := range c.root.Fields {
		if slices.Contains(ownKeys, f.Key) {
			continue
		}
		if near := nearest.Words(f.Key, ownKeys, 1); len(near) > 0 && c.root.Get(near[0]) == nil {
			c.report(RuleUnknownKey, c.leniently(true), strictyaml.Keys(f.Key),
				fmt.Sprintf("this key is not known: did you mean %s?", near[0]))
		}
	}
}
