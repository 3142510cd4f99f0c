package chart

import (
	"fmt"

	"github.com/Masterminds/semver/v3"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// MaxChartFile bounds Chart.yaml, in bytes.
const MaxChartFile = 64 << 10

// metadata reads Chart.yaml. Its format is Helm's, so only what a catalog
// needs is checked here: that it is one document without duplicate keys, and
// the keys below. Helm's own lint knows the rest, and more keys are Helm's
// business.
func (c *checker) metadata() Metadata {
	root, problems := strictyaml.Parse(c.source.chart)
	c.open(chartFile, root)
	for _, p := range problems {
		if root == nil || p.Rule == strictyaml.RuleSyntax || p.Rule == strictyaml.RuleDuplicate || isEmptyEntry(p) {
			c.problem(p)
		}
	}
	if size := len(c.source.chart); root != nil && size > MaxChartFile {
		c.fail(strictyaml.RuleSyntax, nil, fmt.Sprintf("the file has %d bytes, at most %d are read", size, MaxChartFile))
	}
	if root == nil {
		return Metadata{}
	}
	m := Metadata{
		APIVersion: text(root, "apiVersion"), Name: text(root, "name"), Version: text(root, "version"),
		AppVersion: text(root, "appVersion"), Description: text(root, "description"),
	}
	if m.APIVersion != "v2" {
		c.fail("chart-api-version", strictyaml.Keys("apiVersion"), fmt.Sprintf("apiVersion is %q: write v2", m.APIVersion))
	}
	if m.Name != Name {
		c.fail("chart-name", strictyaml.Keys("name"), fmt.Sprintf("the chart is named %q: a catalog chart is named %s", m.Name, Name))
	}
	if _, err := semver.StrictNewVersion(m.Version); err != nil {
		c.fail("chart-version", strictyaml.Keys("version"), fmt.Sprintf("version %q is no SemVer version: write MAJOR.MINOR.PATCH, for example 0.0.29", m.Version))
	}
	return m
}

// isEmptyEntry tells a null among those of whom Helm's loader reads the fields.
func isEmptyEntry(p strictyaml.Problem) bool {
	return p.Rule == strictyaml.RuleNull && len(p.Path) == 2 && (p.Path[0].Key == "maintainers" || p.Path[0].Key == "dependencies")
}
