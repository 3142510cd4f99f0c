package nearest

import (
	"cmp"
	"slices"
	"sort"
	"strings"
)

const (
	// furthest is how many letters may have to change at most in a long word:
	// what needs more is rarely what was meant, and costs the most to find.
	furthest = 3
	// visits bounds the work of one search. Among some ten thousand words it is
	// reached by words that nothing is near to.
	visits = 3000
	// looked bounds how many words that begin with a word are looked at.
	looked = 256
	// longest bounds the words that are looked for, in bytes.
	longest = 256
)

// Sorted is a list of words in ascending order that [Sorted.Words] searches
// without looking at each of them. It is whatever has them: a slice, or a field
// of other things.
type Sorted struct {
	Len int
	At  func(int) string
}

// SortedSlice is a list of words that are sorted already.
func SortedSlice(words []string) Sorted {
	return Sorted{Len: len(words), At: func(i int) string { return words[i] }}
}

// Words gives what the function [Words] gives for the same list, but that at
// most three letters may have to change, and that in a list of thousands what is
// furthest away may be left out. It reads the list as a tree whose branches are
// the letters, so that common beginnings are compared once.
func (s Sorted) Words(word string, limit int) []string {
	if len(word) > longest || limit <= 0 {
		return []string{}
	}
	q := search{list: s, word: strings.ToLower(word), limit: limit, found: []string{}}
	allowed := max(1, len(q.word)/3)
	if len(q.word) >= 4 {
		allowed = max(allowed, 2)
	}
	first := make([]int, len(q.word)+1)
	for i := range first {
		first[i] = i
	}
	for q.most = 0; q.most <= min(allowed, furthest) && len(q.found) < limit && q.visited < visits; q.most++ {
		q.within(0, s.Len, 0, first)
	}
	if len(q.found) < limit && len(q.word) >= shortestPrefix {
		q.prefixes(0, s.Len, 0)
		slices.SortStableFunc(q.also, func(a, b string) int { return cmp.Compare(q.lengthens(a), q.lengthens(b)) })
		q.found = append(q.found, q.also...)
	}
	return q.found[:min(limit, len(q.found))]
}

// search is one search under way.
type search struct {
	list    Sorted
	word    string // in lower case
	limit   int
	most    int      // the distance that is looked for now
	found   []string // the closest first
	also    []string // words that the word begins, or that begin with it
	visited int
	rows    [][]int // by depth
}

// lengthens tells by how many bytes a word and the one that is looked for differ.
func (q *search) lengthens(other string) int {
	return max(len(other), len(q.word)) - min(len(other), len(q.word))
}

// within finds the words at the distance q.most among those from lo to hi, which
// have their first letters in common. row has, for each beginning of the word,
// its distance from those letters.
func (q *search) within(lo, hi, depth int, row []int) {
	q.visited++
	for lo < hi && len(q.list.At(lo)) == depth {
		if row[len(q.word)] == q.most {
			q.add(&q.found, q.list.At(lo))
		}
		lo++
	}
	next := q.row(depth)
	for lo < hi && q.visited < visits && len(q.found) < q.limit {
		letter, end := q.branch(lo, hi, depth)
		next[0] = row[0] + 1
		best := next[0]
		for i := 1; i < len(row); i++ {
			change := 1
			if q.word[i-1] == letter {
				change = 0
			}
			next[i] = min(row[i-1]+change, row[i]+1, next[i-1]+1)
			best = min(best, next[i])
		}
		if best <= q.most {
			q.within(lo, end, depth+1, next)
		}
		lo = end
	}
}

// row gives the row of a depth to write to.
func (q *search) row(depth int) []int {
	if depth == len(q.rows) {
		q.rows = append(q.rows, make([]int, len(q.word)+1))
	}
	return q.rows[depth]
}

// branch gives the letter that the words from lo on have at a place, in lower
// case, and where those that have it end.
func (q *search) branch(lo, hi, depth int) (letter byte, end int) {
	raw := q.list.At(lo)[depth]
	end = lo + sort.Search(hi-lo, func(i int) bool { return q.list.At(lo + i)[depth] > raw })
	return lower(raw), end
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// shortestPrefix is how long a beginning has to be to count as near.
const shortestPrefix = 3

// prefixes finds the words that the word begins, or that begin with it, among
// those from lo to hi, which have its first letters.
func (q *search) prefixes(lo, hi, depth int) {
	if depth == len(q.word) {
		for i := lo; i < min(hi, lo+looked); i++ {
			q.add(&q.also, q.list.At(i))
		}
		return
	}
	for lo < hi && len(q.list.At(lo)) == depth {
		if depth >= shortestPrefix {
			q.add(&q.also, q.list.At(lo))
		}
		lo++
	}
	for lo < hi {
		letter, end := q.branch(lo, hi, depth)
		if letter == q.word[depth] {
			q.prefixes(lo, end, depth+1)
		}
		lo = end
	}
}

// add adds a word to a list, unless it was found already.
func (q *search) add(to *[]string, word string) {
	if !slices.Contains(q.found, word) && !slices.Contains(*to, word) {
		*to = append(*to, word)
	}
}
