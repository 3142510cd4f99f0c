// Package nearest finds the known words that somebody may have meant.
package nearest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// Words gives up to limit of the known words that are close to word, the
// closest first and equals in alphabetical order. Close means that at most a
// third of the letters (and always one, or two of four) have to change, or that
// one is a prefix of the other. Case does not count. A limit of zero or less gives none.
func Words(word string, known []string, limit int) []string {
	type candidate struct {
		word     string
		distance int
	}
	folded := strings.ToLower(word)
	allowed := max(1, len(folded)/3)
	if len(folded) >= 4 {
		allowed = max(allowed, 2)
	}
	var found []candidate
	for _, k := range known {
		if c, ok := compare(folded, strings.ToLower(k), allowed); ok {
			found = append(found, candidate{k, c})
		}
	}
	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.word, b.word))
	})
	words := make([]string, 0, max(0, min(limit, len(found))))
	for _, c := range found {
		if len(words) >= limit {
			break
		}
		if !slices.Contains(words, c.word) {
			words = append(words, c.word)
		}
	}
	return words
}

// compare tells how far b is from a, if it is near at all. A prefix of three
// letters or more counts as near, whatever its length: who types "python"
// wants to see the pythons.
func compare(a, b string, allowed int) (int, bool) {
	if d := len(a) - len(b); d <= allowed && -d <= allowed {
		if distance := levenshtein.Distance(a, b, nil); distance <= allowed {
			return distance, true
		}
	}
	if len(a) >= 3 && len(b) >= 3 && (strings.HasPrefix(b, a) || strings.HasPrefix(a, b)) {
		return allowed + max(len(a), len(b)) - min(len(a), len(b)), true
	}
	return 0, false
}
