package standin

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
)

// created is the day on which all images say they were made, so that their
// digests are the same each time.
var created = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// push puts a small image where the catalog expects one.
func push(ctx context.Context, address string, ref fact.Reference, where string) error {
	image, err := small(nameOf(ref), where)
	if err != nil {
		return err
	}
	tag, err := name.NewTag(fmt.Sprintf("%s/%s:%s", address, ref.Repository, ref.Tag), name.Insecure)
	if err != nil {
		return err
	}
	return remote.Write(tag, image, remote.WithContext(ctx))
}

// nameOf is what is in an image: its repository, and a tag that is not the usual
// one.
func nameOf(ref fact.Reference) string {
	if ref.Tag == "latest" {
		return ref.Repository
	}
	return ref.Repository + ":" + ref.Tag
}

// small makes an image with one file, of a few hundred bytes, that is different
// for each name and that any tool can read. Nothing in it can be run.
func small(name, where string) (v1.Image, error) {
	files, err := oneFile("about.txt", "This stands for "+name+" in "+where+".\n")
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(files)), nil
	})
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = "linux", "amd64", v1.Time{Time: created}
	return mutate.ConfigFile(image, config)
}

func oneFile(name, text string) ([]byte, error) {
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(text)), Mode: 0o644, ModTime: created}
	if err := archive.WriteHeader(header); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(archive, text); err != nil {
		return nil, err
	}
	err := archive.Close()
	return out.Bytes(), err
}
