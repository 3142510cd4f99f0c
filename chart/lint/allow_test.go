package lint_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/lint"
)

// ruby is a catalog with one finding, on the line of the alias.
func ruby(lines ...string) *chart.Source {
	return chart.FromValues([]byte("formatVersion: \"1.0\"\nimages:\n  ruby2.1:\n    state: stable\n    image: registry.example/ruby21\n    aliases:\n" + strings.Join(lines, "\n") + "\n"))
}

const alias = "      - tf-ruby21-DEPRECATED"

func TestACommentAcceptsAFinding(t *testing.T) {
	const comment = "# lint:allow alias-contradicts-state: "
	for name, lines := range map[string][]string{
		"on the line":              {alias + " " + comment + "it stays"},
		"on the line above":        {"      " + comment + "it stays", alias},
		"above other comments":     {"      " + comment + "it stays", "", "      # more words", alias},
		"with another rule's":      {"      # lint:allow alias-reads-as-name: no", "      " + comment + "it stays", alias},
		"with spaces":              {"      #   lint: allow   alias-contradicts-state :  it stays  ", alias},
		"with lines that end CRLF": {alias + " " + comment + "it stays\r"},
	} {
		t.Run(name, func(t *testing.T) {
			result := lint.Run(ruby(lines...), lint.Options{})
			require.Len(t, result.Allowed, 1)
			require.Equal(t, "it stays", result.Allowed[0].Reason)
			require.Equal(t, "alias-contradicts-state", result.Allowed[0].Rule)
			for _, f := range result.Findings {
				require.Equal(t, "allow-unused", f.Rule)
			}
		})
	}
}

func TestACommentAcceptsNothingElse(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		rules []string // that find something, besides the one that is not accepted
	}{
		"of another line":       {[]string{"      # lint:allow alias-contradicts-state: it stays", "      - tf-ruby", alias}, []string{"allow-unused"}},
		"below":                 {[]string{alias, "      # lint:allow alias-contradicts-state: it stays"}, []string{"allow-unused"}},
		"of another rule":       {[]string{alias + " # lint:allow near-miss: it stays"}, []string{"allow-unused"}},
		"of no rule":            {[]string{alias + " # lint:allow"}, []string{"allow-unknown-rule"}},
		"of no known rule":      {[]string{alias + " # lint:allow alias: it stays"}, []string{"allow-unknown-rule"}},
		"without a reason":      {[]string{alias + " # lint:allow alias-contradicts-state:  "}, []string{"allow-without-reason"}},
		"without a colon":       {[]string{alias + " # lint:allow alias-contradicts-state"}, []string{"allow-without-reason"}},
		"of a rule of comments": {[]string{alias + " # lint:allow allow-unused: it stays"}, []string{"allow-refused"}},
		"in a text":             {[]string{alias, "    description: 'a # lint:allow alias-contradicts-state: b'"}, nil},
		"in a text of lines":    {[]string{alias, "    description: |", "      one", "      # lint:allow no-such-rule: b"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			result := lint.Run(ruby(c.lines...), lint.Options{})
			require.Empty(t, result.Allowed)
			rules := []string{}
			for _, f := range result.Findings {
				rules = append(rules, f.Rule)
			}
			require.ElementsMatch(t, append(c.rules, "alias-contradicts-state"), rules)
		})
	}
}

// What a server refuses stays refused, whatever a comment says.
func TestACommentDoesNotAcceptWhatAServerRefuses(t *testing.T) {
	source := ruby("      - tf-ruby21", "      - tf-ruby21 # lint:allow duplicate-alias: on purpose")
	result := lint.Run(source, lint.Options{})
	require.Empty(t, result.Allowed)
	require.Len(t, result.Findings, 2)
	require.Equal(t, "duplicate-alias", result.Findings[0].Rule)
	require.Equal(t, "allow-refused", result.Findings[1].Rule)
	_, err := source.Load()
	require.Error(t, err)
}

// A warning of package chart does not stop a server, and may be accepted.
func TestACommentAcceptsAWarningOfPackageChart(t *testing.T) {
	result := lint.Run(ruby("      - ruby2.1 # lint:allow alias-is-own-name: generated"), lint.Options{})
	require.Empty(t, result.Findings)
	require.Len(t, result.Allowed, 1)
}

// A comment is not called useless by a run that did not look.
func TestACommentOfARuleThatDidNotRunIsNotUnused(t *testing.T) {
	source := ruby("      # lint:allow host-not-allowed: moving in March", "      - tf-ruby21")
	require.Empty(t, lint.Run(source, lint.Options{}).Findings)
	findings := lint.Run(source, lint.Options{AllowedHosts: []string{"registry.example"}}).Findings
	require.Len(t, findings, 1)
	require.Equal(t, "allow-unused", findings[0].Rule)
}
