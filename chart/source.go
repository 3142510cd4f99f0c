package chart

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/archive"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// The files of a chart that say what the catalog is.
const (
	chartFile  = "Chart.yaml"
	valuesFile = "values.yaml"
)

// Source is a catalog chart's text, read but not yet understood.
type Source struct {
	// Kind is "directory", "archive", "bundled" or "values", or for a legacy
	// document what [Legacy] says.
	Kind string
	// Path is where it was read from, for messages; may be empty.
	Path   string
	chart  []byte // nil if the source is a values file or a legacy document alone
	values []byte
	// legacy is true if values is what chart.LegacyKey holds; version is then
	// that of the chart behind it, as far as it is known.
	legacy  bool
	version string
}

// Open reads a chart from a path: a chart's directory or a packaged chart
// (.tgz). Errors match fs.ErrNotExist where nothing is there, and
// archive.ErrTooLarge where a bound is met.
func Open(path string) (*Source, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return FromFS(os.DirFS(path), "directory", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is neither a directory nor a file", path)
	}
	data, err := readBounded(os.DirFS(filepath.Dir(path)), filepath.Base(path), archive.MaxCompressed)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(string(data), "\x1f\x8b") {
		return nil, fmt.Errorf("%s is neither a chart's directory nor a packaged chart (.tgz)", path)
	}
	return FromArchive(data, path)
}

// FromArchive reads a packaged chart. path is for messages and may be empty.
// Errors match archive.ErrTooLarge where a bound is met, and fs.ErrNotExist
// where the archive lacks one of the two files.
func FromArchive(data []byte, path string) (*Source, error) {
	content, err := archive.Read(data)
	if err != nil {
		return nil, err
	}
	s := &Source{Kind: "archive", Path: path}
	err = s.fill(func(name string) ([]byte, error) {
		if text, ok := content.Files[name]; ok {
			return text, nil
		}
		return nil, fmt.Errorf("the archive holds no %s: %w", name, fs.ErrNotExist)
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// FromFS reads a chart from the root of a file system. kind and path are for
// messages. Errors are those of [Open].
func FromFS(root fs.FS, kind, path string) (*Source, error) {
	s := &Source{Kind: kind, Path: path}
	err := s.fill(func(name string) ([]byte, error) {
		text, err := readBounded(root, name, strictyaml.MaxBytes)
		if err != nil && path != "" {
			err = fmt.Errorf("%s is no catalog chart: %w", path, err)
		}
		return text, err
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// fill reads the chart's files, always in the same order.
func (s *Source) fill(read func(name string) ([]byte, error)) (err error) {
	if s.chart, err = read(chartFile); err != nil {
		return err
	}
	s.values, err = read(valuesFile)
	return err
}

// FromValues makes a source of a values.yaml alone.
func FromValues(values []byte) *Source { return &Source{Kind: "values", values: values} }

// Legacy says where a legacy document was found.
type Legacy struct {
	// Kind is "file" or "configmap".
	Kind string
	// Path is the place, for messages; may be empty.
	Path string
	// Version is that of the chart that it was rendered from; "" while unknown.
	Version string
}

// FromLegacy makes a source of a legacy document, the value of [LegacyKey]. It
// keeps to the rules of a catalog without the keys that it cannot have. Package
// chart/legacy finds the document in files and manifests.
func FromLegacy(document []byte, found Legacy) *Source {
	return &Source{Kind: found.Kind, Path: found.Path, values: document, legacy: true, version: found.Version}
}

// readBounded reads a regular file. A pipe is not opened: that would wait for
// whoever writes into it.
func readBounded(root fs.FS, name string, limit int64) (data []byte, err error) {
	info, err := fs.Stat(root, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", name)
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	data, err = io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s has more than %d bytes: %w", name, limit, archive.ErrTooLarge)
	}
	return data, err
}

// Values gives the text of values.yaml, or of the legacy document, for readers who need more than its
// meaning, such as its comments. It must not be changed.
func (s *Source) Values() []byte { return s.values }

// Document gives values.yaml with the place of everything, as the rules see it;
// nil if it is no YAML. A legacy document is below images there.
func (s *Source) Document() *strictyaml.Node {
	root, problems := strictyaml.Parse(s.values)
	if s.legacy {
		_, root, _ = s.wrap(root, problems)
	}
	return root
}

// IsLegacy tells whether the source is a legacy document and no chart.
func (s *Source) IsLegacy() bool { return s.legacy }

// ValuesFile gives the name that findings show for values.yaml, or for the
// legacy document.
func (s *Source) ValuesFile() string { return s.file(valuesFile) }

// file gives the name that a finding shows for one of the chart's files.
func (s *Source) file(name string) string {
	if s.legacy {
		return cmp.Or(s.Path, LegacyKey)
	}
	if s.Kind == "directory" && s.Path != "" {
		return filepath.Join(s.Path, name)
	}
	if s.Path != "" {
		return s.Path + "!" + name
	}
	return name
}

// Digest says what the text is: "sha256:…" over the files that a catalog is
// made of, or over a legacy document and its version. Equal digests are equal catalogs.
func (s *Source) Digest() string {
	h := sha256.New()
	texts := [][]byte{s.chart, s.values}
	if s.legacy {
		texts = append(texts, []byte(s.version))
	}
	for _, text := range texts {
		fmt.Fprintf(h, "%d\n", len(text))
		h.Write(text)
	}
	return fmt.Sprintf("sha256:%x", h.Sum(nil))
}
