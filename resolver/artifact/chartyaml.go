package artifact

import (
	"archive/tar"
	"errors"
	"io"
	"path"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/archive"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// chartYAML gives the one Chart.yaml of a chart archive: <directory>/Chart.yaml. It
// reads the archive to its end, because a second one would be what Helm takes,
// within the bounds of package archive. The rest of the archive is package
// chart's to judge.
//
// Errors: fault.Invalid and fault.TooLarge.
func chartYAML(data []byte) (found []byte, err error) {
	err = archive.Walk(data, func(header *tar.Header, content io.Reader) error {
		is, err := isChartYAML(header)
		switch {
		case err != nil || !is:
			return err
		case found != nil:
			return fault.New(fault.Invalid, "", "", "its archive has more than one Chart.yaml")
		case header.Size > maxChartYAML:
			return fault.New(fault.TooLarge, "", "", "its Chart.yaml has more than %d bytes", maxChartYAML)
		}
		found = make([]byte, header.Size) // not nil, even if there is nothing in it
		_, err = io.ReadFull(content, found)
		return err
	})
	switch {
	case err != nil:
		return nil, archiveError(err)
	case found == nil:
		return nil, fault.New(fault.Invalid, "", "", "its archive has no Chart.yaml")
	}
	return found, nil
}

// isChartYAML tells whether an entry is the chart's Chart.yaml. Names that could
// be read in two ways are refused: Helm takes a backslash for a separator, and
// drops the first part of a name whatever it is.
func isChartYAML(header *tar.Header) (bool, error) {
	name := strings.TrimSuffix(header.Name, "/")
	if name == "" || strings.ContainsAny(name, "\\\x00") || path.IsAbs(name) ||
		name != path.Clean(name) || name == ".." || strings.HasPrefix(name, "../") {
		return false, fault.New(fault.Invalid, "", "", "its archive has an entry named %q", clip(header.Name))
	}
	directory, file, _ := strings.Cut(name, "/")
	if directory == "Chart.yaml" && file == "" {
		return false, fault.New(fault.Invalid, "", "", "its Chart.yaml is not in a directory named like the chart").
			WithHint("make the archive with `helm package`")
	}
	if file != "Chart.yaml" {
		return false, nil
	}
	if header.Typeflag != tar.TypeReg {
		return false, fault.New(fault.Invalid, "", "", "its Chart.yaml is no regular file")
	}
	return true, nil
}

func archiveError(err error) error {
	if own, ok := errors.AsType[*fault.Error](err); ok {
		return own
	}
	kind := fault.Invalid
	if errors.Is(err, archive.ErrTooLarge) {
		kind = fault.TooLarge
	}
	return fault.New(kind, "", "", "its archive cannot be read: %w", err)
}
