package artifact

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// head asks for the manifest's descriptor under a tag or digest, without a pull:
// Harbor's retention goes by pulls, and a HEAD is none.
func (c *Client) head(ctx context.Context, repo *remote.Repository, reference string, on target) (desc ocispec.Descriptor, err error) {
	err = c.try(ctx, on, func(ctx context.Context) error {
		desc, err = repo.Resolve(ctx, reference)
		if err != nil {
			return err
		}
		return c.checkManifest(desc)
	})
	return desc, err
}

// manifest fetches and reads the manifest under a tag or digest.
func (c *Client) manifest(ctx context.Context, repo *remote.Repository, reference string, on target) (m *chartManifest, err error) {
	err = c.try(ctx, on, func(ctx context.Context) error {
		allow(ctx, c.opts.Limits.Manifest)
		desc, body, err := repo.FetchReference(ctx, reference)
		if err != nil {
			return err
		}
		defer body.Close()
		if err := c.checkManifest(desc); err != nil {
			return err
		}
		data, err := readExactly(body, desc)
		if err != nil {
			return err
		}
		m, err = parseManifest(desc, data, c.opts.Limits)
		return err
	})
	return m, err
}

// checkManifest turns down what is no chart's manifest before its body is read.
func (c *Client) checkManifest(desc ocispec.Descriptor) error {
	if desc.MediaType != ocispec.MediaTypeImageManifest {
		kind := fault.Invalid
		if whatManifest(desc.MediaType) == whatManifest("text/html") {
			kind = fault.Unreachable // nobody who knows was asked
		}
		return fault.New(kind, "", "", "%s", whatManifest(desc.MediaType)).
			WithHint("the reference has to name a Helm chart")
	}
	return checkDescriptor("manifest", desc, c.opts.Limits.Manifest)
}

// blob fetches a blob whose declared size was found within bounds, and reads
// that many bytes of it and no more.
func (c *Client) blob(ctx context.Context, repo *remote.Repository, desc ocispec.Descriptor, on target) (data []byte, err error) {
	err = c.try(ctx, on, func(ctx context.Context) error {
		allow(ctx, desc.Size)
		body, err := repo.Blobs().Fetch(ctx, desc)
		if err != nil {
			return err
		}
		defer body.Close()
		data, err = readExactly(body, desc)
		return err
	})
	return data, err
}

// readExactly reads what desc describes and verifies size and digest. A body that
// breaks off is io.ErrUnexpectedEOF (asking again may help); one that goes on, or
// is something else, is fault.Tampered.
func readExactly(body io.Reader, desc ocispec.Descriptor) ([]byte, error) {
	data := make([]byte, desc.Size)
	if _, err := io.ReadFull(body, data); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("read %s: %w", desc.Digest, err)
	}
	if n, _ := io.ReadFull(body, make([]byte, 1)); n > 0 {
		return nil, fault.New(fault.Tampered, "", "", "%s goes on beyond its %d bytes", desc.Digest, desc.Size)
	}
	if got := digest.FromBytes(data); got != desc.Digest {
		return nil, fault.New(fault.Tampered, "", "", "asked for %s, got %s", desc.Digest, got)
	}
	return data, nil
}
