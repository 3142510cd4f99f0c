package chart

import (
	"maps"
	"slices"
)

// sortedKeys gives a map's keys in order, so that findings and output are
// stable.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
