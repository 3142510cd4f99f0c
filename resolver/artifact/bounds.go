package artifact

import (
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/archive"
)

// Limits bound what a registry can make us read. A zero field has its default;
// the defaults are far above any real catalog (a few hundred KiB) and far below
// what would hurt.
type Limits struct {
	// Manifest is the largest manifest, in bytes; 0 means 1 MiB. More is not
	// possible: it is the cap.
	Manifest int64
	// Config is the largest config blob, in bytes; 0 means 256 KiB.
	Config int64
	// Archive is the largest chart layer, compressed, in bytes; 0 means 1 MiB.
	Archive int64
	// Provenance is the largest provenance layer, in bytes; 0 means 256 KiB.
	Provenance int64
	// TagPages is the largest number of pages in a listing of tags; 0 means 20
	// (of up to 1000 tags each).
	TagPages int
	// TagBytes is the largest page of tags, and the largest sum of all tags, in
	// bytes; 0 means 4 MiB.
	TagBytes int64
}

const (
	maxManifest = 1 << 20

	// tagPageSize is the page size asked for. ECR refuses more than 1000:
	// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ListImages.html
	tagPageSize = 1000

	maxChartYAML = chart.MaxChartFile

	// smallAnswer is what errors and tokens may take; oras-go itself stops at
	// 8 KiB and 128 KiB.
	smallAnswer = 128 << 10
)

func (l Limits) withDefaults() Limits {
	if l.Manifest <= 0 || l.Manifest > maxManifest {
		l.Manifest = maxManifest
	}
	if l.Config <= 0 {
		l.Config = 256 << 10
	}
	if l.Archive <= 0 {
		l.Archive = archive.MaxCompressed
	}
	if l.Provenance <= 0 {
		l.Provenance = 256 << 10
	}
	if l.TagPages <= 0 {
		l.TagPages = 20
	}
	if l.TagBytes <= 0 {
		l.TagBytes = 4 << 20
	}
	return l
}
