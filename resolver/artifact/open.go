package artifact

import (
	"context"
	"errors"
	"io/fs"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// Contents gives what chart c consists of, byte for byte: manifest, config, chart
// layer and, where it was asked for and is there, provenance layer. It is what
// [Open] wants back.
func (c *Chart) Contents() [][]byte {
	out := [][]byte{c.Manifest, c.Config, c.Archive}
	if c.Provenance != nil {
		out = append(out, c.Provenance)
	}
	return out
}

// Open makes a chart of contents that were pulled before, by digest, and checks
// them as [Client.Pull] does. The reference names the manifest's digest, and the
// version or moving tag that it was asked for by. With provenance, a chart that
// was published with a provenance layer has to have it among its contents.
//
// Errors: fault.Invalid, fault.TooLarge, fault.Tampered and fault.Unsupported as
// Pull's, and fault.NotFound for a content that is missing.
func Open(ref Reference, contents map[string][]byte, provenance bool, limits Limits) (*Chart, error) {
	limits = limits.withDefaults()
	on := target{op: "open chart", side: ref.String(), host: ref.Host}
	w := wanted{ref: ref, version: ref.Version, tag: TagOf(ref.Version), on: on}
	data, ok := contents[ref.Digest]
	if !ok {
		return nil, missing(on, ref.Digest)
	}
	desc := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: digest.Digest(ref.Digest), Size: int64(len(data))}
	if err := verify(desc, data); err != nil {
		return nil, sided(err, on)
	}
	if err := checkDescriptor("manifest", desc, limits.Manifest); err != nil {
		return nil, sided(err, on)
	}
	manifest, err := parseManifest(desc, data, limits)
	if err != nil {
		return nil, sided(err, on)
	}
	return assemble(w, manifest, provenance, func(desc ocispec.Descriptor) ([]byte, error) {
		data, ok := contents[desc.Digest.String()]
		if !ok {
			return nil, missing(on, desc.Digest.String())
		}
		return data, verify(desc, data)
	})
}

func missing(on target, digest string) error {
	return fault.Wrap(fault.NotFound, on.op, on.side, errors.Join(errors.New(digest), fs.ErrNotExist))
}

func verify(desc ocispec.Descriptor, data []byte) error {
	if int64(len(data)) != desc.Size || digest.FromBytes(data) != desc.Digest {
		return fault.New(fault.Tampered, "", "", "what is kept as %s is something else", desc.Digest)
	}
	return nil
}

// assemble puts a chart together of its manifest and what read gives for the
// manifest's blobs.
func assemble(w wanted, manifest *chartManifest, provenance bool, read func(ocispec.Descriptor) ([]byte, error)) (*Chart, error) {
	archive, err := read(manifest.archive)
	if err != nil {
		return nil, sided(err, w.on)
	}
	meta, err := readMetadata(archive)
	if err != nil {
		return nil, sided(err, w.on)
	}
	if err := agreeNames(w, meta); err != nil {
		return nil, sided(err, w.on)
	}
	config, err := agreedConfig(w, manifest.config, meta, read)
	if err != nil {
		return nil, sided(err, w.on)
	}
	chart := &Chart{
		Version:       meta.Version,
		Tag:           w.tag,
		Digest:        manifest.descriptor.Digest.String(),
		ArchiveDigest: manifest.archive.Digest.String(),
		Archive:       archive,
		Metadata:      meta,
		Manifest:      manifest.text,
		Config:        config,
		Annotations:   manifest.annotations,
		Created:       created(manifest.annotations),
	}
	chart.Reference = Reference{Host: w.ref.Host, Path: w.ref.Path, Version: chart.Version, Digest: chart.Digest}
	if provenance && manifest.provenance != nil {
		if chart.Provenance, err = read(*manifest.provenance); err != nil {
			return nil, sided(err, w.on)
		}
	}
	return chart, nil
}

// reader gives the blobs of a manifest from the registry.
func (c *Client) reader(ctx context.Context, w wanted) func(ocispec.Descriptor) ([]byte, error) {
	return func(desc ocispec.Descriptor) ([]byte, error) { return c.content(ctx, w, desc) }
}
