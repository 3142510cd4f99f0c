package chart_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
)

var update = flag.Bool("update", false, "write the expected findings anew")

// TestCheckFindsEverything reads testdata/invalid, the manual of the rules:
// each file has a line of purpose, a catalog and what is said about it.
func TestCheckFindsEverything(t *testing.T) {
	files, err := filepath.Glob("testdata/invalid/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			fixture, err := txtar.ParseFile(file)
			require.NoError(t, err)
			require.Len(t, fixture.Files, 2, "values.yaml and want")
			got := checkFixture(fixture.Files[0].Data)
			if *update {
				fixture.Files[1].Data = []byte(got)
				require.NoError(t, os.WriteFile(file, txtar.Format(fixture), 0o644))
			}
			require.Equal(t, string(fixture.Files[1].Data), got)
			_, err = chart.FromValues(fixture.Files[0].Data).Load()
			var invalid *chart.InvalidError
			require.ErrorAs(t, err, &invalid, "what lint refuses, a server refuses too")
		})
	}
}

func checkFixture(values []byte) string {
	_, findings := chart.FromValues(values).Check()
	var b strings.Builder
	for _, f := range findings {
		f.File = "values.yaml"
		b.WriteString(f.String() + "\n")
	}
	return b.String()
}

func TestLoadToleratesWhatIsNewer(t *testing.T) {
	const newer = `
formatVersion: "1.7"
images:
  a:
    state: sunset
    image: registry.example/a
    shape: round
`
	loaded, err := chart.FromValues([]byte(newer)).Load()
	require.NoError(t, err)
	rules := map[string]bool{}
	for _, w := range loaded.Warnings {
		rules[w.Rule] = true
	}
	require.Equal(t, map[string]bool{chart.RuleFormat: true, chart.RuleState: true, chart.RuleUnknownKey: true}, rules)
	require.Equal(t, "sunset", loaded.Catalog.Images["a"].State)
	require.Contains(t, string(loaded.Catalog.LegacyYAML()), "state: deprecated", "no consumer of today knows the word")
}

func TestLoadCarriesUnknownKeysWithAWarning(t *testing.T) {
	loaded, err := chart.FromValues([]byte("formatVersion: \"1.0\"\nimages:\n  a: {state: stable, image: registry.example/a, colour: red}\n")).Load()
	require.NoError(t, err)
	require.Len(t, loaded.Warnings, 1)
	require.Equal(t, chart.RuleUnknownKey, loaded.Warnings[0].Rule)
}

func TestNotYAML(t *testing.T) {
	_, findings := chart.FromValues([]byte("images:\n  - [\n")).Check()
	require.Len(t, findings, 1)
	require.Equal(t, "yaml-syntax", findings[0].Rule)
	require.Positive(t, findings[0].Line)
}

// At the root, values of deployers pass; misspelt keys of the catalog do not.
func TestMisspeltRootKeys(t *testing.T) {
	source := chart.FromValues([]byte(`formatVersion: "1.0"
chartVersion: 0.0.28
environment: {name: tools}
images:
  a: {state: stable, image: registry.example/a}
tombstone:
  b: {date: 2026-01-01, reason: nobody used it}
`))
	_, findings := source.Check()
	require.Len(t, findings, 1)
	require.Equal(t, `values.yaml:6:1: error: tombstone: this key is not known: did you mean tombstones? (unknown-key)`, findings[0].String())
	loaded, err := source.Load()
	require.NoError(t, err, "a server may be older than its catalog")
	require.Equal(t, findings[0].Message, loaded.Warnings[0].Message)
}
