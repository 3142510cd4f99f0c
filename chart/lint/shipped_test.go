package lint_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/lint"
)

// toolforge is what the maintainers of Toolforge's catalog would lint with: the
// hosts are those that its admission lets tools start.
var toolforge = lint.Options{
	Today: "2026-11-26", DefaultType: lint.DefaultType,
	AllowedHosts: []string{"docker-registry.svc.toolforge.org", "docker-registry.tools.wmflabs.org", "tools-harbor.wmcloud.org"},
}

func TestTheShippedChartHasNothingToMend(t *testing.T) {
	source, err := chart.Open("../image-config")
	require.NoError(t, err)
	result := lint.Run(source, toolforge)
	require.Empty(t, result.Findings)
	var accepted []string
	for _, a := range result.Allowed {
		require.NotEmpty(t, a.Reason)
		accepted = append(accepted, a.Rule+" "+a.Path)
	}
	require.Equal(t, []string{
		`alias-reads-as-name images."golang1.11".aliases[0]`,
		`alias-reads-as-name images."php5.6".aliases[0]`,
		`alias-reads-as-name images."python3.4".aliases[0]`,
		`alias-reads-as-name images.python2.aliases[0]`,
		`alias-contradicts-state images."ruby2.1".aliases[1]`,
		`alias-reads-as-name images."tcl8.6".aliases[0]`,
	}, accepted)
}

// oddities are what is known to be odd about the real catalog.
const oddities = `images."golang1.11".aliases[0]: alias "golang" reads like a short name, and means golang1.11 (alias-reads-as-name)
images."php5.6".aliases[0]: alias "php5" reads like a short name, and means php5.6 (alias-reads-as-name)
images."python3.4".aliases[0]: alias "python" reads like a short name, and means python3.4 (alias-reads-as-name)
images.python2.aliases[0]: alias "python2.7" reads like a short name, and means python2 (alias-reads-as-name)
images."ruby2.1".aliases[1]: alias "tf-ruby21-DEPRECATED" says DEPRECATED, and ruby2.1 is stable: mend the state, or remove the alias (alias-contradicts-state)
images."tcl8.6".aliases[0]: alias "tcl" reads like a short name, and means tcl8.6 (alias-reads-as-name)
`

// In the sample of the flat shape some entries have no extra, and the webservice
// command would not get over that.
const withoutExtra = `images.node12.variants.webservice: the webservice variant has no extra.wstype: write one of generic, js, lighttpd, lighttpd-plain, python (missing-wstype)
images.node16.variants.webservice: the webservice variant has no extra.wstype: write one of generic, js, lighttpd, lighttpd-plain, python (missing-wstype)
images."php7.3".variants.webservice: the webservice variant has no extra.wstype: write one of generic, js, lighttpd, lighttpd-plain, python (missing-wstype)
images."php7.4".variants.webservice: the webservice variant has no extra.wstype: write one of generic, js, lighttpd, lighttpd-plain, python (missing-wstype)
`

func TestNothingIsInventedAboutTheRealCatalogs(t *testing.T) {
	for name, want := range map[string]string{
		"images-v1.yaml": oddities, "images-v1-harbor.yaml": oddities, "images-v1-flat-sample.yaml": withoutExtra,
	} {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("../../testdata/catalogs", name))
			require.NoError(t, err)
			var got strings.Builder
			for _, f := range lint.Run(chart.FromValues(imported(string(text))), toolforge).Findings {
				require.Positive(t, f.Line)
				got.WriteString(f.Path + ": " + f.Message + " (" + f.Rule + ")\n")
			}
			require.Equal(t, want, got.String())
		})
	}
}

// imported makes a values.yaml of a legacy catalog.
func imported(legacy string) []byte {
	return []byte("formatVersion: \"1.0\"\nimages:\n  " + strings.ReplaceAll(legacy, "\n", "\n  ") + "\n")
}
