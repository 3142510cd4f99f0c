package lint_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/lint"
)

// FuzzRun holds that any text can be linted; that what package chart finds is
// said, whatever else is; and that each finding is of a rule in the table.
func FuzzRun(f *testing.F) {
	files, err := filepath.Glob("rules/*.txtar")
	require.NoError(f, err)
	for _, file := range files {
		fixture, err := txtar.ParseFile(file)
		require.NoError(f, err)
		f.Add(part(fixture, "values.yaml"))
	}
	f.Fuzz(func(t *testing.T, values []byte) {
		if len(values) > 10_000 {
			return
		}
		for _, source := range []*chart.Source{chart.FromValues(values), chart.FromLegacy(values, chart.Legacy{Kind: "file"})} {
			opts := toolforge
			opts.Facts = &lint.Facts{Owned: []string{"registry.example/x"}}
			result := lint.Run(source, opts)
			_, invalid := source.Check()
			require.Subset(t, result.Findings.Errors(), invalid.Errors())
			for _, finding := range result.Findings {
				_, known := lint.Find(finding.Rule)
				require.True(t, known, finding.Rule)
			}
		}
	})
}
