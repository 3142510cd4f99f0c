// Package archive reads a packaged chart (.tgz) within bounds.
//
// A packaged chart comes from a registry, so from somebody else, and a few
// kilobytes can inflate to gigabytes. A catalog chart is a few small files;
// whatever is larger, linked, nested or oddly named is refused here, before any
// other reader (Helm's loader among them) sees it.
package archive

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"unicode"
)

// The bounds. They are far above any real catalog chart (about 10 KB) and far
// below what would hurt.
const (
	MaxCompressed = 1 << 20   // bytes of the .tgz
	MaxInflated   = 8 << 20   // bytes of all files together
	MaxEntries    = 200       // files and folders
	MaxName       = 255       // bytes of an entry's name
	MaxHeaders    = 512 << 10 // bytes of all headers together, with what is said of files beside their content
)

// ErrTooLarge is matched by errors that a bound of this package causes.
var ErrTooLarge = errors.New("over the bound")

// Chart is the content of an archive: file name below the chart's folder, with
// forward slashes, to content.
type Chart struct {
	Folder string
	Files  map[string][]byte

	size  int64             // of all files
	taken map[string]string // what folders and files are called, letters lowered: the name as it was met
}

// Read unpacks an archive in memory. It refuses (with an error that names the
// entry) anything over a bound, links, devices and sparse files, names that
// leave the chart's folder or that readers would spell differently, more than
// one top folder, the same name twice (letters' case aside), a name that is a
// file's and a folder's, subcharts, what is said of all files at once, and
// whatever follows the end of the archive. It takes less than 16 MiB of memory. Errors match [ErrTooLarge] where a bound is met; others mean
// that the archive is damaged or no catalog chart.
func Read(data []byte) (*Chart, error) {
	chart := &Chart{Files: map[string][]byte{}, taken: map[string]string{}}
	if err := Walk(data, chart.add); err != nil {
		return nil, err
	}
	if len(chart.Files) == 0 {
		return nil, errors.New("the archive holds no file")
	}
	return chart, nil
}

// add takes one entry in.
func (c *Chart) add(header *tar.Header, content io.Reader) error {
	folder, name, err := split(header.Name)
	if err != nil {
		return err
	}
	if err := checkType(header); err != nil {
		return err
	}
	if c.Folder == "" {
		c.Folder = folder
	}
	if folder != c.Folder {
		return fmt.Errorf("entry %q is outside the chart's folder %q", header.Name, c.Folder)
	}
	if err := c.take(header.Name, name, header.Typeflag == tar.TypeDir); err != nil {
		return err
	}
	if header.Typeflag == tar.TypeDir {
		return nil
	}
	switch {
	case name == "":
		return fmt.Errorf("entry %q is a file where the chart's folder should be", header.Name)
	case strings.HasPrefix(strings.ToLower(name), "charts/"):
		return fmt.Errorf("entry %q: a catalog chart has no subcharts", header.Name)
	}
	if header.Size > MaxInflated-c.size {
		return fmt.Errorf("entry %q has %d bytes, at most %d are read of all files together: %w", header.Name, header.Size, MaxInflated, ErrTooLarge)
	}
	// At once: a buffer that grows takes several times what it holds in the end.
	data := make([]byte, header.Size)
	if _, err := io.ReadFull(content, data); err != nil {
		return fmt.Errorf("entry %q is damaged: %w", header.Name, err)
	}
	c.Files[name], c.size = data, c.size+header.Size
	return nil
}

// checkType admits folders and plain files. An entry may say one thing by its
// type and another by its mode, and Helm's loader goes by both.
func checkType(header *tar.Header) error {
	mode := header.FileInfo().Mode()
	switch header.Typeflag {
	case tar.TypeDir:
		if mode.IsDir() {
			return nil
		}
	case tar.TypeReg:
		if mode.IsRegular() && !strings.HasSuffix(header.Name, "/") {
			return nil
		}
	}
	return fmt.Errorf("entry %q is neither a file nor a folder", header.Name)
}

// split checks an entry's name and cuts it into the top folder and the rest.
func split(name string) (folder, rest string, err error) {
	if len(name) > MaxName {
		return "", "", fmt.Errorf("an entry's name has %d bytes, at most %d are read: %w", len(name), MaxName, ErrTooLarge)
	}
	trimmed := strings.TrimSuffix(name, "/")
	if !fs.ValidPath(trimmed) || trimmed == "." || strings.Contains(trimmed, `\`) || strings.ContainsFunc(trimmed, unicode.IsControl) {
		return "", "", fmt.Errorf("entry %q has an unsafe name", name)
	}
	folder, rest, _ = strings.Cut(trimmed, "/")
	return folder, rest, nil
}
