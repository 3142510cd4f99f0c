package nearest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/nearest"
)

func TestWords(t *testing.T) {
	known := []string{"php8.2", "php7.4", "python3.11", "python3.13", "node20", "node18", "bookworm", "trixie", "tcl"}
	for _, c := range []struct {
		word  string
		limit int
		want  string
	}{
		{"php8.4", 3, "php7.4 php8.2"},
		{"php8.2", 1, "php8.2"},
		{"python", 5, "python3.11 python3.13"},
		{"python3.12", 1, "python3.11"},
		{"PYTHON3.11", 1, "python3.11"},
		{"bokworm", 3, "bookworm"},
		{"bookworm-slim", 3, "bookworm"},
		{"nod", 5, "node18 node20"},
		{"tlc", 3, ""}, // two letters of three
		{"tc", 3, "tcl"},
		{"t", 3, ""},
		{"x", 3, ""},
		{"", 3, ""},
		{"golang", 3, ""},
		{"node", 1, "node18"},
		{"node", 0, ""},
		{"node", -1, ""},
		{"éé", 3, ""},
	} {
		require.Equal(t, c.want, strings.Join(nearest.Words(c.word, known, c.limit), " "), c.word)
	}
	require.Empty(t, nearest.Words("node", nil, 3))
	require.Equal(t, []string{"a"}, nearest.Words("a", []string{"a", "a"}, 3), "each word once")
}

func Example() {
	fmt.Println(nearest.Words("stabel", []string{"stable", "beta", "deprecated"}, 1))
	// Output: [stable]
}
