package lint_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/lint"
)

var mistake = regexp.MustCompile(`# mistake: (.*)$`)

// Every mistake of the catalog is found in one run, where it is, and nothing
// else.
func TestEachMistakeIsFound(t *testing.T) {
	text, err := os.ReadFile("testdata/mistakes.yaml")
	require.NoError(t, err)
	var want []string
	for i, line := range strings.Split(string(text), "\n") {
		if m := mistake.FindStringSubmatch(line); m != nil {
			for rule := range strings.SplitSeq(m[1], ", ") {
				want = append(want, fmt.Sprintf("%d: %s", i+1, rule))
			}
		}
	}
	require.GreaterOrEqual(t, len(want), 30)
	var got []string
	for _, f := range lint.Run(chart.FromValues(text), toolforge).Findings {
		got = append(got, fmt.Sprintf("%d: %s", f.Line, f.Rule))
	}
	slices.Sort(want)
	slices.Sort(got)
	require.Equal(t, want, got)
}
