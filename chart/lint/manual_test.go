package lint_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
	"sigs.k8s.io/yaml"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/lint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
)

var update = flag.Bool("update", false, "write the expected findings anew")

// unshown are rules whose example would be as long as what they are about.
var unshown = map[string]bool{"more": true, "replaced-by-chain": true, "rendered-size": true}

// TestManual reads the folder rules, the manual: each file is an example of the
// rule that it is named after, and of no other.
func TestManual(t *testing.T) {
	for _, rule := range lint.Rules() {
		file := filepath.Join("rules", rule.Name+".txtar")
		if unshown[rule.Name] {
			require.NoFileExists(t, file)
			continue
		}
		t.Run(rule.Name, func(t *testing.T) {
			fixture, err := txtar.ParseFile(file)
			require.NoError(t, err, "each rule has an example")
			require.Equal(t, rule.Why, strings.TrimSpace(string(fixture.Comment)))
			result := lint.Run(sourceOf(t, fixture), optionsOf(t, fixture))
			require.Empty(t, result.Allowed)
			last := len(fixture.Files) - 1
			require.Equal(t, "want", fixture.Files[last].Name)
			got := lines(result.Findings)
			if *update {
				fixture.Files[last].Data = []byte(got)
				require.NoError(t, os.WriteFile(file, txtar.Format(fixture), 0o600))
			}
			require.Equal(t, string(fixture.Files[last].Data), got)
			require.NotEmpty(t, result.Findings)
			for _, f := range result.Findings {
				require.Equal(t, rule.Name, f.Rule, "an example shows one rule")
				require.Equal(t, rule.Severity, f.Severity)
			}
			_, err = sourceOf(t, fixture).Load()
			refused := rule.Fixed && rule.Name != chart.RuleUnknownKey && !strings.HasPrefix(rule.Name, "allow-")
			require.Equal(t, refused, err != nil, "a server refuses what is invalid, and nothing else: %v", err)
		})
	}
}

func TestManualHoldsNothingElse(t *testing.T) {
	files, err := filepath.Glob("rules/*")
	require.NoError(t, err)
	require.Len(t, files, len(lint.Rules())-len(unshown))
}

// part gives a file of a fixture, nil if it has none.
func part(fixture *txtar.Archive, name string) []byte {
	for _, f := range fixture.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

func sourceOf(t *testing.T, fixture *txtar.Archive) *chart.Source {
	t.Helper()
	text := part(fixture, "Chart.yaml")
	if text == nil {
		return chart.FromValues(part(fixture, "values.yaml"))
	}
	source, err := chart.FromFS(fstest.MapFS{
		"Chart.yaml": {Data: text}, "values.yaml": {Data: part(fixture, "values.yaml")},
	}, "", "")
	require.NoError(t, err)
	return source
}

// optionsOf reads what a fixture says besides the chart.
func optionsOf(t *testing.T, fixture *txtar.Archive) lint.Options {
	t.Helper()
	var opts lint.Options
	flags := strings.Fields(string(part(fixture, "flags")))
	for i := 0; i < len(flags); i += 2 {
		switch flags[i] {
		case "--today":
			opts.Today = chart.Date(flags[i+1])
		case "--default-type":
			opts.DefaultType = flags[i+1]
		case "--allow-host":
			opts.AllowedHosts = append(opts.AllowedHosts, flags[i+1])
		default:
			t.Fatalf("there is no flag %s", flags[i])
		}
	}
	text := part(fixture, "registries.yaml")
	if text == nil {
		return opts
	}
	var said struct {
		There     map[string]string
		Missing   []string
		Tags      map[string][]string
		Published map[string]string
		Owned     []string
	}
	require.NoError(t, yaml.UnmarshalStrict(text, &said))
	opts.Facts = &lint.Facts{
		Owned:     said.Owned,
		Manifests: map[reference.Reference]lint.Manifest{}, Repositories: map[string][]string{}, Published: map[reference.Reference]string{},
	}
	for ref, digest := range said.There {
		opts.Facts.Manifests[parsed(t, ref)] = lint.Manifest{There: true, Digest: digest}
	}
	for _, ref := range said.Missing {
		opts.Facts.Manifests[parsed(t, ref)] = lint.Manifest{}
		opts.Facts.Repositories[strings.TrimSuffix(ref, ":latest")] = nil
	}
	for repository, tags := range said.Tags {
		opts.Facts.Repositories[repository] = tags
	}
	for ref, digest := range said.Published {
		opts.Facts.Published[parsed(t, ref)] = digest
	}
	return opts
}

func parsed(t *testing.T, text string) reference.Reference {
	t.Helper()
	ref, err := reference.Parse(text)
	require.NoError(t, err)
	return ref
}

func lines(findings chart.Findings) string {
	var b strings.Builder
	for _, f := range findings {
		b.WriteString(f.String() + "\n")
	}
	return b.String()
}
