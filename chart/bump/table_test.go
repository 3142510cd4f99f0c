package bump_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/bump"
)

// The table in the cookbook is the one in the code.
func TestTheDocumentHasTheTable(t *testing.T) {
	text, err := os.ReadFile("../../docs/cookbook.md")
	require.NoError(t, err)
	table := bump.Table()
	rows := "| change | step |\n|---|---|\n"
	for _, kind := range slices.Sorted(maps.Keys(table)) {
		rows += fmt.Sprintf("| `%s` | %s |\n", kind, table[kind])
	}
	require.Contains(t, string(text), "\n"+rows+"\n")
}
