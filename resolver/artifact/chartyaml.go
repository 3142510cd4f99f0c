package artifact

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"path"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// chartYAML gives the one Chart.yaml of a chart archive: <directory>/Chart.yaml. It
// reads the archive to its end, because a second one would be what Helm takes;
// inflated size, number of entries and names are bounded on the way. The rest of
// the archive is package chart's to judge.
//
// Errors: fault.Invalid and fault.TooLarge.
func chartYAML(archive []byte) ([]byte, error) {
	inflating, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, fault.New(fault.Invalid, "", "", "its archive is no gzip: %w", err)
	}
	bounded := &io.LimitedReader{R: inflating, N: maxInflated + 1}
	found, err := findChartYAML(tar.NewReader(bounded))
	if err == nil {
		// What follows the end of the tar still has to be sound and bounded.
		_, err = io.Copy(io.Discard, bounded)
	}
	switch {
	case bounded.N <= 0:
		return nil, fault.New(fault.TooLarge, "", "", "its archive inflates to more than %d bytes", maxInflated)
	case err != nil:
		return nil, archiveError(err)
	case found == nil:
		return nil, fault.New(fault.Invalid, "", "", "its archive has no Chart.yaml")
	}
	return found, nil
}

func findChartYAML(files *tar.Reader) (found []byte, err error) {
	for entries := 1; ; entries++ {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		if entries > maxEntries {
			return nil, fault.New(fault.TooLarge, "", "", "its archive has more than %d entries", maxEntries)
		}
		is, err := isChartYAML(header)
		if err != nil {
			return nil, err
		}
		if !is {
			continue
		}
		if found != nil {
			return nil, fault.New(fault.Invalid, "", "", "its archive has more than one Chart.yaml")
		}
		if header.Size > maxChartYAML {
			return nil, fault.New(fault.TooLarge, "", "", "its Chart.yaml has more than %d bytes", maxChartYAML)
		}
		if found, err = io.ReadAll(files); err != nil {
			return nil, err
		}
		if found == nil {
			found = []byte{}
		}
	}
}

// isChartYAML tells whether an entry is the chart's Chart.yaml. Names that could
// be read in two ways are refused: Helm takes a backslash for a separator, and
// drops the first part of a name whatever it is.
func isChartYAML(header *tar.Header) (bool, error) {
	if header.Typeflag == tar.TypeXGlobalHeader {
		return false, nil
	}
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
	return fault.New(fault.Invalid, "", "", "its archive cannot be read: %w", err)
}
