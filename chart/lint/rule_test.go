package lint_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/lint"
)

func TestRulesHaveANameASeverityAndOneLineOfWhy(t *testing.T) {
	form := regexp.MustCompile(`^[a-z]+(-[a-z0-9]+)*$`)
	seen := map[string]bool{}
	for _, rule := range lint.Rules() {
		require.Regexp(t, form, rule.Name)
		require.False(t, seen[rule.Name], rule.Name)
		seen[rule.Name] = true
		require.Contains(t, []chart.Severity{chart.SeverityError, chart.SeverityWarning}, rule.Severity, rule.Name)
		require.Regexp(t, `^[^\n]{20,150}\.$`, rule.Why, rule.Name)
		found, ok := lint.Find(rule.Name)
		require.True(t, ok)
		require.Equal(t, rule.Why, found.Why)
	}
	_, ok := lint.Find("no-such-rule")
	require.False(t, ok)
}

// What package chart finds has its place in the table too.
func TestTheTableHasTheRulesOfPackageChart(t *testing.T) {
	files, err := filepath.Glob("../testdata/invalid/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		fixture, err := txtar.ParseFile(file)
		require.NoError(t, err)
		_, findings := chart.FromValues(fixture.Files[0].Data).Check()
		for _, f := range findings {
			_, known := lint.Find(f.Rule)
			require.True(t, known, "%s: %s", file, f.Rule)
		}
	}
}

// Whatever package chart finds is said, first and unchanged.
func TestNothingOfPackageChartIsLost(t *testing.T) {
	files, err := filepath.Glob("../testdata/invalid/*.txtar")
	require.NoError(t, err)
	for _, file := range files {
		fixture, err := txtar.ParseFile(file)
		require.NoError(t, err)
		source := chart.FromValues(fixture.Files[0].Data)
		_, want := source.Check()
		require.Subset(t, lint.Run(source, toolforge).Findings, want, file)
	}
}

func TestManyFindingsAreCounted(t *testing.T) {
	var b strings.Builder
	b.WriteString("formatVersion: \"1.0\"\nimages:\n")
	for i := range chart.MaxFindings + 5 {
		fmt.Fprintf(&b, "  a%d: {state: stable, aliases: [b%d-DEPRECATED], image: registry.example/c%d}\n", i, i, i)
	}
	findings := lint.Run(chart.FromValues([]byte(b.String())), lint.Options{}).Findings
	require.Len(t, findings, chart.MaxFindings+1)
	last := findings[chart.MaxFindings]
	require.Equal(t, chart.RuleMore, last.Rule)
	require.Equal(t, "5 more findings of good style", last.Message)
}

func TestExplain(t *testing.T) {
	for _, rule := range lint.Rules() {
		text := rule.Explain()
		require.True(t, strings.HasPrefix(text, rule.Name+" ("+string(rule.Severity)+")\n\n"+rule.Why+"\n"))
		require.Equal(t, !rule.Fixed, strings.Contains(text, "# lint:allow "+rule.Name+": the reason\n"), rule.Name)
		require.Equal(t, unshown[rule.Name], rule.Example() == nil, rule.Name)
	}
}
