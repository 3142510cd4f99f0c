package chart_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
)

// sized is a catalog whose legacy document has exactly n bytes.
func sized(n int) []byte {
	const frame = "big:\n  image: registry.example/big\n  state: stable\n  variants:\n    x:\n      extra:\n        filler: %s\n      image: registry.example/x\n"
	return wrap(fmt.Appendf(nil, frame, strings.Repeat("x", n-len(fmt.Sprintf(frame, "")))))
}

func TestTheLegacyDocumentFitsIntoAConfigMap(t *testing.T) {
	require.Len(t, load(t, sized(chart.MaxRendered)).LegacyYAML(), chart.MaxRendered)
	_, findings := chart.FromValues(sized(chart.MaxRendered + 1)).Check()
	require.Len(t, findings, 1)
	require.Equal(t, "rendered-size", findings[0].Rule)
	require.Equal(t, "images-v1.yaml would have 921601 bytes, at most 921600 fit into the ConfigMap: retire images", findings[0].Message)
}

// repeat writes a values.yaml with n entries.
func repeat(n int, entry string) []byte {
	var b strings.Builder
	b.WriteString("formatVersion: \"1.0\"\nimages:\n")
	for i := range n {
		fmt.Fprintf(&b, entry, i, i+1)
	}
	return []byte(b.String())
}

// hostileCatalog is a values.yaml that costs more to judge than it says, and the
// rule that refuses it.
type hostileCatalog struct {
	values []byte
	rule   string
}

func hostileCatalogs() map[string]hostileCatalog {
	return map[string]hostileCatalog{
		"tens of thousands of wrong entries": {repeat(20_000, " a%d: %d\n"), "more"},
		"a chain of thousands of images":     {repeat(4_000, " a%d: {state: stable, image: a.b/c, replacedBy: a%d}\n"), "replaced-by-chain"},
		"a long text, often": {[]byte("formatVersion: \"1.0\"\nx: &a " + strings.Repeat("a", 100_000) +
			"\nimages:\n a: {state: stable, image: a.b/c, webservice-defaults: {k: [" + strings.Repeat("*a,", 100_000) + "]}}\n"), "yaml-syntax"},
		"a word of a megabyte":  {[]byte("formatVersion: \"" + strings.Repeat("9", 1<<20) + "\"\nimages:\n a: {state: stable, image: a.b/c}\n"), "format-version"},
		"a state of a megabyte": {[]byte("formatVersion: \"1.0\"\nimages:\n a: {state: " + strings.Repeat("é", 1<<19) + ", image: a.b/c}\n"), "unknown-state"},
		"mistakes far below long keys": {[]byte("formatVersion: \"1.0\"\nimages:\n a: {state: stable, image: a.b/c, webservice-defaults: " +
			strings.Repeat("{"+strings.Repeat("k", 1000)+": ", 55) + "[" + strings.Repeat("~,", 50_000) + "]" + strings.Repeat("}", 55) + "}\n"), "yaml-syntax"},
		"a long key above many mistakes": {[]byte("formatVersion: \"1.0\"\nimages:\n ? " + strings.Repeat("a", 100_000) +
			"\n : [" + strings.Repeat("~,", 50_000) + "]\n"), "yaml-syntax"},
	}
}

// Without the bounds each of these takes from seconds to all of the memory.
func TestHostileCatalogsAreRefused(t *testing.T) {
	for name, c := range hostileCatalogs() {
		t.Run(name, func(t *testing.T) {
			_, findings := chart.FromValues(c.values).Check()
			require.LessOrEqual(t, len(findings), chart.MaxFindings+1)
			rules, bytes := map[string]bool{}, 0
			for _, f := range findings.Errors() {
				rules[f.Rule] = true
				bytes += len(f.String())
			}
			require.Contains(t, rules, c.rule)
			require.Less(t, bytes, 1<<20)
			_, err := chart.FromValues(c.values).Load()
			require.Error(t, err)
			require.Less(t, len(err.Error()), 1000)
		})
	}
}

// BenchmarkHostileCatalogs judges each, and the largest that is one.
func BenchmarkHostileCatalogs(b *testing.B) {
	catalogs := hostileCatalogs()
	catalogs["the largest that is taken"] = hostileCatalog{values: repeat(14_000, " a%d: {state: stable, image: a.b/c%d, description: "+strings.Repeat("d", 70)+"}\n")}
	for name, c := range catalogs {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, err := chart.FromValues(c.values).Load()
				require.Equal(b, c.rule != "", err != nil)
			}
		})
	}
}

// A flood of warnings must not wash away the error behind it.
func TestTooManyFindingsStillCountAsWhatTheyAre(t *testing.T) {
	unknown := repeat(chart.MaxFindings+5, " a%d: {state: stable, image: a.b/c, colour%d: red}\n")
	loaded, err := chart.FromValues(unknown).Load()
	require.NoError(t, err)
	require.Len(t, loaded.Warnings, chart.MaxFindings+1)
	require.Equal(t, "values.yaml: warning: 5 more findings, 0 of them errors (more)", loaded.Warnings[chart.MaxFindings].String())

	unknown = append(unknown, " zz: {state: stable}\n"...)
	_, err = chart.FromValues(unknown).Load()
	var invalid *chart.InvalidError
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, "values.yaml: error: 6 more findings, 1 of them errors (more)", invalid.Error())
}

func TestAChainOfSuccessorsMayHaveItsLength(t *testing.T) {
	chain := func(n int) []byte {
		return append(repeat(n, " a%d: {state: deprecated, image: a.b/c, replacedBy: a%d}\n"), fmt.Sprintf(" a%d: {state: stable, image: a.b/c}\n", n)...)
	}
	require.Equal(t, fmt.Sprint("a", chart.MaxSuccessors), load(t, chain(chart.MaxSuccessors)).SuccessorOf("a0"))
	_, findings := chart.FromValues(chain(chart.MaxSuccessors + 1)).Check()
	require.Len(t, findings, 1)
	require.Equal(t, "replaced-by-chain", findings[0].Rule)
	require.Equal(t, "images.a0.replacedBy", findings[0].Path)
}

func TestAChainOfStacksMayHaveItsLength(t *testing.T) {
	findings := func(n int) []chart.Finding {
		text := "formatVersion: \"1.0\"\nimages:\n a: {state: stable, image: a.b/c}\nstacks:\n"
		for i := range n {
			text += fmt.Sprintf(" s%d: {state: deprecated, replacedBy: s%d}\n", i, i+1)
		}
		_, findings := chart.FromValues([]byte(text + fmt.Sprintf(" s%d: {state: stable}\n", n))).Check()
		return findings
	}
	require.Empty(t, findings(chart.MaxSuccessors))
	long := findings(chart.MaxSuccessors + 1)
	require.Len(t, long, 1)
	require.Equal(t, "replaced-by-chain", long[0].Rule)
	require.Equal(t, "stacks.s0.replacedBy", long[0].Path)
}
