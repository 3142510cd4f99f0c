package main

import (
	"archive/tar"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// refName names what an image layout holds.
const refName = "org.opencontainers.image.ref.name"

// write writes an OCI image layout, or an archive of one. What is there already
// is not touched.
func (made *product) write(path string) error {
	if !strings.HasSuffix(path, ".tar") {
		if err := os.Mkdir(path, 0o755); err != nil {
			return err
		}
		return made.layout(path)
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".bayplan-image-")
	if err == nil {
		err = errors.Join(made.layout(dir), pack(out, dir), os.RemoveAll(dir))
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func (made *product) layout(dir string) error {
	at, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	if err := at.AppendIndex(made.index, layout.WithAnnotations(map[string]string{refName: made.version})); err != nil {
		return err
	}
	for _, beside := range made.referrers {
		if err := at.AppendImage(beside); err != nil {
			return err
		}
	}
	return nil
}

// pack writes a folder's files, in the order of their names, and nothing that
// differs from one machine to the next.
func pack(to io.Writer, dir string) error {
	w := tar.NewWriter(to)
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(content)), Format: tar.FormatUSTAR}
		if err := w.WriteHeader(header); err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	})
	return errors.Join(err, w.Close())
}
