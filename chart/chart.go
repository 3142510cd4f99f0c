// Package chart knows what a catalog says: the catalog chart's files, the
// rules that they follow, and the legacy view that today's consumers read.
//
// A catalog chart is a Helm chart whose values.yaml is the catalog. This
// package loads one from a directory, an archive or bytes, reports everything
// that is wrong with it at once, and gives it as a typed [Catalog]. It never
// asks the network, executes no templates and links no Helm engine: rendering
// is package chart/render, packaging is chart/pack, and only commands import
// those. What registries hold is joined to a catalog by package resolver.
package chart

// Name is the name of the catalog chart, and of the ConfigMap that it renders.
const Name = "image-config"

// LegacyKey is the one key of the legacy ConfigMap.
const LegacyKey = "images-v1.yaml"

// FormatMajor and FormatMinor are the newest formatVersion that this build
// knows. A chart with a newer major is refused, one with a newer minor is
// loaded with warnings about what is not understood.
const (
	FormatMajor = 1
	FormatMinor = 0
)

// Chart is a loaded catalog chart.
type Chart struct {
	Metadata Metadata
	Catalog  *Catalog
	// Warnings are the findings that did not stop the chart from loading.
	Warnings Findings
}

// Metadata is what Bayplan reads of Chart.yaml.
type Metadata struct {
	APIVersion  string
	Name        string
	Version     string // SemVer 2
	AppVersion  string
	Description string
}
