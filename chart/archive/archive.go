// Package archive reads a packaged chart (.tgz) within bounds.
//
// A packaged chart comes from a registry, so from somebody else, and a few
// kilobytes can inflate to gigabytes. A catalog chart is a few small files;
// whatever is larger, linked, nested or oddly named is refused here, before any
// other reader (Helm's loader among them) sees it.
package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
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
	MaxCompressed = 4 << 20 // bytes of the .tgz
	MaxInflated   = 8 << 20 // bytes of all files together
	MaxEntries    = 200     // files and folders
	MaxName       = 255     // bytes of an entry's name
)

// ErrTooLarge is matched by errors that a bound of this package causes.
var ErrTooLarge = errors.New("over the bound")

// Chart is the content of an archive: file name below the chart's folder, with
// forward slashes, to content.
type Chart struct {
	Folder string
	Files  map[string][]byte

	size int64 // of all files
}

// Read unpacks an archive in memory. It refuses (with an error that names the
// entry) anything over a bound, links, devices and sparse files, names that
// leave the chart's folder or that readers would spell differently, more than
// one top folder, the same name twice, subcharts, and whatever follows the end
// of the archive. Errors match [ErrTooLarge] where a bound is met; others mean
// that the archive is damaged or no catalog chart.
func Read(data []byte) (*Chart, error) {
	if len(data) > MaxCompressed {
		return nil, fmt.Errorf("the archive has %d bytes, at most %d are read: %w", len(data), MaxCompressed, ErrTooLarge)
	}
	source := bytes.NewReader(data)
	inflated, err := gzip.NewReader(source)
	if err != nil {
		return nil, fmt.Errorf("the archive is not gzip: %w", err)
	}
	inflated.Multistream(false)
	// Headers and padding count as well: an archive of empty files is bounded too.
	budget := &io.LimitedReader{R: inflated, N: MaxInflated + 1}
	chart, err := readTar(tar.NewReader(budget))
	if budget.N <= 0 {
		return nil, fmt.Errorf("the archive inflates to more than %d bytes: %w", MaxInflated, ErrTooLarge)
	}
	if err != nil {
		return nil, err
	}
	if err := readEnd(budget, source); err != nil {
		return nil, err
	}
	return chart, nil
}

// readEnd reads what follows the tar's end, so that gzip's own checksum is
// verified and nothing hides behind it.
func readEnd(rest *io.LimitedReader, source *bytes.Reader) error {
	padding := &zeros{}
	_, err := io.Copy(padding, rest)
	switch {
	case rest.N <= 0:
		return fmt.Errorf("the archive inflates to more than %d bytes: %w", MaxInflated, ErrTooLarge)
	case err != nil:
		return fmt.Errorf("the archive is damaged: %w", err)
	case padding.other:
		return errors.New("something follows the end of the archive's last file")
	}
	if source.Len() > 0 {
		return fmt.Errorf("%d bytes follow the end of the archive", source.Len())
	}
	return nil
}

// zeros takes anything and tells whether it was only the padding of a tar.
type zeros struct{ other bool }

func (z *zeros) Write(p []byte) (int, error) {
	z.other = z.other || len(bytes.Trim(p, "\x00")) > 0
	return len(p), nil
}

func readTar(r *tar.Reader) (*Chart, error) {
	chart := &Chart{Files: map[string][]byte{}}
	for entries := 1; ; entries++ {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("the archive is damaged: %w", err)
		}
		if entries > MaxEntries {
			return nil, fmt.Errorf("the archive has more than %d entries: %w", MaxEntries, ErrTooLarge)
		}
		if header.Typeflag == tar.TypeXGlobalHeader {
			continue // a comment that git archive writes
		}
		if err := chart.add(header, r); err != nil {
			return nil, err
		}
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
	if header.Typeflag == tar.TypeDir {
		return nil
	}
	switch {
	case name == "":
		return fmt.Errorf("entry %q is a file where the chart's folder should be", header.Name)
	case strings.HasPrefix(name, "charts/"):
		return fmt.Errorf("entry %q: a catalog chart has no subcharts", header.Name)
	}
	if _, twice := c.Files[name]; twice {
		return fmt.Errorf("entry %q is in the archive twice", header.Name)
	}
	if header.Size > MaxInflated-c.size {
		return fmt.Errorf("entry %q has %d bytes, at most %d are read of all files together: %w", header.Name, header.Size, MaxInflated, ErrTooLarge)
	}
	data, err := io.ReadAll(content)
	if err != nil {
		return fmt.Errorf("entry %q is damaged: %w", header.Name, err)
	}
	c.Files[name], c.size = data, c.size+header.Size
	return nil
}

// checkType admits folders and plain files. An entry may say one thing by its
// type and another by its mode, and Helm's loader goes by both. A sparse file
// has no bytes for its holes: a kilobyte may declare, and be read as, gigabytes.
func checkType(header *tar.Header) error {
	mode := header.FileInfo().Mode()
	switch header.Typeflag {
	case tar.TypeDir:
		if mode.IsDir() {
			return nil
		}
	case tar.TypeReg:
		for key := range header.PAXRecords {
			if strings.HasPrefix(key, "GNU.sparse.") {
				return fmt.Errorf("entry %q is a sparse file", header.Name)
			}
		}
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
