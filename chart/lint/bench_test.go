package lint_test

import (
	"fmt"
	"strings"
	"testing"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/lint"
)

// BenchmarkRun lints the chart that ships, and a catalog near the bound of what
// a ConfigMap holds.
func BenchmarkRun(b *testing.B) {
	shipped, err := chart.Open("../image-config")
	if err != nil {
		b.Fatal(err)
	}
	var large strings.Builder
	large.WriteString("formatVersion: \"1.0\"\nimages:\n")
	for i := range 3000 {
		fmt.Fprintf(&large, "  language%d:\n    state: stable\n    aliases: [tf-language%d, toolforge-language%d]\n    image: registry.example/toolforge-language%d-web\n    variants:\n      webservice: {image: registry.example/toolforge-language%d-web, extra: {wstype: generic}}\n", i, i, i, i, i)
	}
	for name, source := range map[string]*chart.Source{"shipped": shipped, "3000": chart.FromValues([]byte(large.String()))} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				lint.Run(source, toolforge)
			}
		})
	}
}
