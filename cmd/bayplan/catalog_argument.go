package main

import (
	"os"
	"path/filepath"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/legacy"
)

// openCatalog opens what people have of a catalog: a chart's directory, a
// packaged chart, or a file with the legacy document (alone, in its ConfigMap, or
// among the manifests of a release). Errors are those of chart.Open and
// legacy.Open.
func openCatalog(path string) (*chart.Source, error) {
	// One file of a chart is no catalog: chart.Open says so.
	if base := filepath.Base(path); base == "values.yaml" || base == "Chart.yaml" || isChart(path) {
		return chart.Open(path)
	}
	return legacy.Open(path)
}

// isChart tells a chart from a file of text. What is not there may be either,
// and what is named like a packaged chart is meant as one.
func isChart(path string) bool {
	if filepath.Ext(path) == ".tgz" {
		return true
	}
	info, err := os.Stat(path)
	if err != nil || info.IsDir() || !info.Mode().IsRegular() {
		return true
	}
	file, err := os.Open(path)
	if err != nil {
		return true
	}
	defer func() { _ = file.Close() }() // nothing was written
	var magic [2]byte
	n, _ := file.Read(magic[:])
	return n == 2 && magic == [2]byte{0x1f, 0x8b}
}
