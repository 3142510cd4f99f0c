package lint

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// common is in how many images a word has to be to count as one that is known.
const common = 3

var letters = regexp.MustCompile(`[a-z]+`)

// wordsOf gives the words of a name: python3.9-DEPRECATED has two.
func wordsOf(name string) []string { return letters.FindAllString(strings.ToLower(name), -1) }

// nearMiss looks for words, in names and aliases, that are in one image only
// and one slip away from a word of the image's own name, or from one that many
// images share. Short words are left alone: they are near to anything.
func (l *linter) nearMiss() {
	in := l.imagesWith()
	shared := map[int][]string{} // by length
	for _, word := range slices.Sorted(maps.Keys(in)) {
		if in[word] >= common {
			shared[len(word)] = append(shared[len(word)], word)
		}
	}
	judge := func(path strictyaml.Path, what, name string, own []string) {
		for _, word := range wordsOf(name) {
			if in[word] > 1 || slices.Contains(own, word) {
				continue
			}
			candidates := slices.Concat(own, shared[len(word)-1], shared[len(word)], shared[len(word)+1])
			if i := slices.IndexFunc(candidates, func(c string) bool { return slipped(word, c) }); i >= 0 {
				l.say(path, "%s %q holds %q, which is nearly %q: is it misspelt?", what, name, word, candidates[i])
				return
			}
		}
	}
	for _, n := range l.images {
		judge(n.at(), "name", n.name, nil)
		own := wordsOf(n.name)
		for i, alias := range n.entry.Aliases {
			judge(n.at("aliases").With(strictyaml.Index(i)), "alias", alias, own)
		}
	}
}

// imagesWith counts in how many images each word is.
func (l *linter) imagesWith() map[string]int {
	in := map[string]int{}
	for _, n := range l.images {
		words := map[string]bool{}
		for _, name := range append([]string{n.name}, n.entry.Aliases...) {
			for _, word := range wordsOf(name) {
				words[word] = true
			}
		}
		for word := range words {
			in[word]++
		}
	}
	return in
}

// slipped tells whether a is b with one slip of the hand: a letter more, less or
// another, or two neighbours swapped; in words of three letters the last alone.
// A plural is no slip.
func slipped(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if a == b || len(a) < 3 || len(b)-len(a) > 1 || a+"s" == b {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return len(a) > 3 && a[i:] == b[i+1:]
	}
	swapped := i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
	return swapped || len(a) > 3 && a[i+1:] == b[i+1:]
}
