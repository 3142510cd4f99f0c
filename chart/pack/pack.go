// Package pack makes the archive of a catalog chart that is published.
//
// The same files give the same bytes, on any day, in any folder and for any
// user: the archive's digest says what the chart says. Helm's own packaging
// writes the hour into it. Which files belong to a chart (.helmignore) is
// Helm's loader's word, so only commands import this package.
package pack

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"slices"
	"time"

	helmchart "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
)

// modified is the time of every entry. Tar cannot leave it out, and times
// before 1980 upset other tools.
var modified = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// Package is a chart, ready to be published.
type Package struct {
	// Archive is the .tgz.
	Archive []byte
	// Chart is what the archive says.
	Chart *chart.Chart
}

// File is one file of a chart, named below the chart's folder with forward
// slashes.
type File struct {
	Name string
	Data []byte
}

// Dir packages a chart's directory, leaving out what .helmignore names and
// following symbolic links, as Helm does. A chart that breaks the rules gives a
// [chart.InvalidError], one over the bounds of package archive an error that
// matches archive.ErrTooLarge.
func Dir(path string) (*Package, error) { return DirAs(path, "") }

// DirAs is [Dir] under a version that Chart.yaml does not say: one that holds
// 0.0.0 until it is released. Nothing but that word of Chart.yaml is changed; ""
// leaves it. A Chart.yaml with another version gives an error.
func DirAs(path, version string) (*Package, error) {
	// Before Helm reads it, so that findings name the files in the directory.
	source, err := chart.Open(path)
	if err != nil {
		return nil, err
	}
	if _, err := source.Load(); err != nil {
		return nil, err
	}
	loaded, err := loader.LoadDir(path)
	if err != nil {
		return nil, fmt.Errorf("package %s: %w", path, err)
	}
	files := fromHelm(loaded.Raw)
	if version != "" {
		if err := setVersion(files, version); err != nil {
			return nil, err
		}
	}
	return Files(files)
}

func fromHelm(raw []*helmchart.File) []File {
	files := make([]File, len(raw))
	for i, f := range raw {
		files[i] = File{Name: f.Name, Data: f.Data}
	}
	return files
}

// Files packages files that are in memory. The result is loaded back, so
// whatever is packaged can be read within the bounds of package archive.
func Files(files []File) (*Package, error) {
	data, err := write(files)
	if err != nil {
		return nil, err
	}
	source, err := chart.FromArchive(data, "")
	if err != nil {
		return nil, err
	}
	loaded, err := source.Load()
	if err != nil {
		return nil, err
	}
	return &Package{Archive: data, Chart: loaded}, nil
}

// write makes the archive: Chart.yaml first, as Helm's tools do, then by name.
func write(files []File) ([]byte, error) {
	sorted := slices.Clone(files)
	slices.SortFunc(sorted, func(a, b File) int {
		return cmp.Or(rank(a.Name)-rank(b.Name), cmp.Compare(a.Name, b.Name))
	})
	var out bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	archive := tar.NewWriter(compressed)
	for _, f := range sorted {
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: chart.Name + "/" + f.Name, Size: int64(len(f.Data)),
			Mode: 0o644, ModTime: modified,
		}
		if err := archive.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("package %s: %w", f.Name, err)
		}
		if _, err := archive.Write(f.Data); err != nil {
			return nil, fmt.Errorf("package %s: %w", f.Name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	if err := compressed.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// chartFile is the file that every chart has.
const chartFile = "Chart.yaml"

func rank(name string) int {
	if name == chartFile {
		return 0
	}
	return 1
}
