package web

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
)

// sorted walks a map by name, so that equal models make equal pages.
func sorted[M ~map[string]V, V any](m M) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if !yield(name, m[name]) {
				return
			}
		}
	}
}

// plain writes a value of a catalog: a text as it is, anything else as JSON.
func plain(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	out, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(out)
}
