package chart

import (
	"embed"
	"io/fs"
)

//go:embed all:image-config
var bundled embed.FS

// BundledFS gives the files of the catalog chart that ships with Bayplan: a
// sample of Toolforge's catalog, for the demo and for tests. A platform begins
// with its own.
func BundledFS() fs.FS {
	root, err := fs.Sub(bundled, Name)
	if err != nil {
		panic("chart: the bundled chart is not embedded: " + err.Error())
	}
	return root
}

// Bundled reads the chart that ships with Bayplan.
func Bundled() (*Source, error) { return FromFS(BundledFS(), "bundled", Name) }
