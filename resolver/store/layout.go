package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// maxContent bounds one blob of a catalog, in bytes. Package artifact pulls none
// that is as large.
const maxContent = 8 << 20

// layout is an OCI image layout of catalogs. Blobs are what counts; the index is
// for tools that read layouts.
type layout struct{ dir string }

func (l layout) blobs() string {
	return filepath.Join(l.dir, ocispec.ImageBlobsDir, string(digest.SHA256))
}

func (l layout) path(d digest.Digest) string { return filepath.Join(l.blobs(), d.Encoded()) }

// open makes the directories, and removes what crashes left.
func (l layout) open() error {
	if err := os.MkdirAll(l.blobs(), 0o700); err != nil {
		return err
	}
	return errors.Join(sweep(l.dir), sweep(l.blobs()), syncDir(l.dir), syncDir(filepath.Dir(l.blobs())))
}

// put writes the contents of a catalog that are not there yet, or not whole.
func (l layout) put(c *Catalog) error {
	for _, name := range slices.Sorted(maps.Keys(c.Contents)) {
		d, content := digest.Digest(name), c.Contents[name]
		if there, err := l.get(name); err == nil && bytes.Equal(there, content) {
			continue
		}
		if err := d.Validate(); err != nil || d != digest.FromBytes(content) {
			return fmt.Errorf("content %s is something else", name)
		}
		err := writeFile(l.path(d), func(to io.Writer) error {
			_, err := to.Write(content)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// get reads a content, and sees that it is what its digest says.
func (l layout) get(name string) ([]byte, error) {
	d, err := digest.Parse(name)
	if err != nil || d.Algorithm() != digest.SHA256 {
		return nil, fmt.Errorf("content %q has no sha256 digest", name)
	}
	content, err := readFile(l.path(d), maxContent)
	if err != nil {
		return nil, fmt.Errorf("content %s: %w", d, err)
	}
	if digest.FromBytes(content) != d {
		return nil, fmt.Errorf("content %s: %w", d, errDamaged)
	}
	return content, nil
}

// fill reads the contents of a catalog.
func (l layout) fill(c *Catalog) error {
	for name := range c.Contents {
		content, err := l.get(name)
		if err != nil {
			return err
		}
		c.Contents[name] = content
	}
	return nil
}

// list writes what tools read: that this is a layout, and which catalogs it has.
func (l layout) list(kept []kept) error {
	index := ocispec.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex, Manifests: []ocispec.Descriptor{}}
	listed, named := map[string]bool{"": true}, map[string]bool{"": true}
	for _, k := range kept {
		if listed[k.manifest] {
			continue
		}
		listed[k.manifest] = true
		info, err := os.Stat(l.path(digest.Digest(k.manifest)))
		if errors.Is(err, fs.ErrNotExist) {
			continue // somebody removed it: the generation before is no longer whole
		}
		if err != nil {
			return err
		}
		entry := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: digest.Digest(k.manifest), Size: info.Size()}
		if !named[k.chosen] { // one name means one manifest: the newest
			named[k.chosen] = true
			entry.Annotations = map[string]string{ocispec.AnnotationRefName: k.chosen}
		}
		index.Manifests = append(index.Manifests, entry)
	}
	return errors.Join(
		l.write(ocispec.ImageLayoutFile, ocispec.ImageLayout{Version: ocispec.ImageLayoutVersion}),
		l.write(ocispec.ImageIndexFile, index))
}

// write writes a document if it is not there already.
func (l layout) write(name string, document any) error {
	text, err := json.Marshal(document)
	if err != nil {
		return err
	}
	path := filepath.Join(l.dir, name)
	if there, err := readFile(path, maxContent); err == nil && bytes.Equal(there, text) {
		return nil
	}
	return writeFile(path, func(to io.Writer) error {
		_, err := to.Write(text)
		return err
	})
}

// prune removes the contents that nothing kept needs.
func (l layout) prune(kept []kept) error {
	needed := map[string]bool{}
	for _, k := range kept {
		for _, name := range k.contents {
			needed[digest.Digest(name).Encoded()] = true
		}
	}
	there, err := os.ReadDir(l.blobs())
	for _, entry := range there {
		if !needed[entry.Name()] {
			err = errors.Join(err, os.RemoveAll(filepath.Join(l.blobs(), entry.Name())))
		}
	}
	return err
}
