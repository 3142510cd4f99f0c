package resolver

import (
	"context"
	"errors"
	"io/fs"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/archive"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/legacy"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// Files is an [Origin] on this machine: a chart's directory, a packaged chart,
// the chart that ships with Bayplan, or a legacy document. It is read again at each fetch, so that
// whoever edits a chart sees the result.
type Files struct {
	name string
	open func() (*chart.Source, error)
}

// FromPath follows a chart's directory or a packaged chart (.tgz).
func FromPath(path string) *Files {
	return &Files{name: path, open: func() (*chart.Source, error) { return chart.Open(path) }}
}

// FromBundled follows the sample catalog that ships with Bayplan.
func FromBundled() *Files { return &Files{name: string(OriginBundled), open: chart.Bundled} }

// FromLegacyFile follows a file with the legacy document, or with manifests that
// hold it as a ConfigMap.
func FromLegacyFile(path string) *Files {
	return &Files{name: path, open: func() (*chart.Source, error) { return legacy.Open(path) }}
}

// Name is the path.
func (f *Files) Name() string { return f.name }

// Fetch reads the files.
func (f *Files) Fetch(_ context.Context, last string) (*Offer, error) {
	source, err := f.open()
	if err != nil {
		return nil, fault.Wrap(fileFault(err), "read catalog", f.name, err)
	}
	identity := source.Digest()
	if identity == last {
		return nil, nil
	}
	return &Offer{Identity: identity, Kind: OriginKind(source.Kind), Source: source}, nil
}

func fileFault(err error) fault.Kind {
	switch {
	case errors.Is(err, archive.ErrTooLarge):
		return fault.TooLarge
	case errors.Is(err, fs.ErrNotExist):
		return fault.NotFound
	case errors.Is(err, fs.ErrPermission):
		return fault.Denied
	}
	return fault.Invalid
}
