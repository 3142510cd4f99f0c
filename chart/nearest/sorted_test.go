package nearest_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/nearest"
)

// A list that is searched as a tree gives what looking at each word gives.
func TestSortedIsAsLookingAtEach(t *testing.T) {
	known := []string{
		"BOOKWORM", "Python", "bookworm", "bookworm-slim", "go", "go-a", "go-b", "golang", "node", "node18", "node20",
		"php7.4", "php8.2", "php8.2", "python3.11", "python3.13", "python3.4", "tcl", "tf-python311", "tf-python37", "trixie", "x",
	}
	slices.Sort(known)
	for _, word := range []string{
		"", "a", "x", "y", "tc", "tlc", "nod", "node", "node1", "NODE18", "pyton", "python", "python3", "python3.1", "Python3.11",
		"bokworm", "bookwurm", "bookworm", "golag", "gol", "go-", "php", "php8", "php8.3", "tf-pyton37", "trixi", "zzz", "python3.12",
	} {
		for _, limit := range []int{-1, 0, 1, 3, 5, 100} {
			require.Equal(t, nearest.Words(word, known, limit), nearest.SortedSlice(known).Words(word, limit), "%q, %d", word, limit)
		}
	}
	require.Empty(t, nearest.SortedSlice(nil).Words("node", 3))
}

// The same of words that nobody thought of. They are short enough that a third
// of their letters are three.
func TestSortedIsAsLookingAtEachOfRandomWords(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	word := func() string {
		letters := make([]byte, random.IntN(11))
		for i := range letters {
			letters[i] = "abC-1."[random.IntN(6)]
		}
		return string(letters)
	}
	for range 300 {
		known := make([]string, random.IntN(60))
		for i := range known {
			known[i] = word()
		}
		slices.Sort(known)
		for range 20 {
			w := word()
			require.Equal(t, nearest.Words(w, known, 5), nearest.SortedSlice(known).Words(w, 5), "%q among %q", w, known)
		}
	}
}

func TestSortedIsBounded(t *testing.T) {
	known := numbered(30_000)
	require.Equal(t, []string{"image-07777"}, nearest.SortedSlice(known).Words("imoge-07777", 1))
	require.Empty(t, nearest.SortedSlice(known).Words(strings.Repeat("image-07777", 1000), 5), "far longer than any name")
	require.Len(t, nearest.SortedSlice(known).Words("image", 5), 5, "what begins with it")
	require.Empty(t, nearest.SortedSlice(known).Words("nothing-of-the-kind", 5))
}

func numbered(n int) []string {
	known := make([]string, n)
	for i := range known {
		known[i] = fmt.Sprintf("image-%05d", i)
	}
	return known
}

func BenchmarkSorted(b *testing.B) {
	known := numbered(100_000)
	list := nearest.SortedSlice(known)
	for name, word := range map[string]string{
		"one-letter": "imoge-07777", "two-letters": "imoge-o7777", "three-letters": "imoge-o777x", "prefix": "image", "nothing": "nothing-of-the-kind",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				list.Words(word, 5)
			}
		})
	}
	b.Run("looking-at-each", func(b *testing.B) {
		for b.Loop() {
			nearest.Words("imoge-07777", known, 5)
		}
	})
}

func ExampleSorted_Words() {
	names := []string{"bookworm", "bullseye", "buster", "trixie"}
	fmt.Println(nearest.SortedSlice(names).Words("bookwurm", 3))
	// Output: [bookworm]
}
