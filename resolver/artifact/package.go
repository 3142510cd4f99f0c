package artifact

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// Package is what is to be published. Only Archive is needed. The same package
// always makes the same manifest, byte for byte.
type Package struct {
	// Archive is the chart (.tgz); name and version are read from its Chart.yaml.
	// A reproducible publication begins with a reproducible archive.
	Archive []byte
	// Provenance is the .prov file of the archive; nil publishes none.
	Provenance []byte
	// Annotations are added to the manifest's; they cannot change its title
	// (the chart's name) and version.
	Annotations map[string]string
	// Created becomes the annotation org.opencontainers.image.created, to the
	// second, UTC; zero writes none. Give SOURCE_DATE_EPOCH to be reproducible.
	Created time.Time
	// Revision becomes org.opencontainers.image.revision (a commit); "" writes none.
	Revision string
	// Move lets the version be published over other content under the same one: a
	// development build, which nobody relies on.
	Move bool
}

// bundle is a package made ready: the blobs and the manifest, all in memory.
type bundle struct {
	meta     Metadata
	archive  blob
	blobs    []blob // config first, then the layers
	manifest blob
}

type blob struct {
	desc ocispec.Descriptor
	data []byte
}

func newBlob(mediaType string, data []byte) blob {
	return blob{ocispec.Descriptor{
		MediaType: mediaType,
		Digest:    digest.FromBytes(data),
		Size:      int64(len(data)),
	}, data}
}

func (b blob) reader() *bytes.Reader { return bytes.NewReader(b.data) }

// bundle makes the blobs as `helm push` does: layers sorted by digest, the config
// from Chart.yaml, a manifest without a mediaType field.
func (p Package) bundle(limits Limits) (*bundle, error) {
	if int64(len(p.Archive)) > limits.Archive {
		return nil, fault.New(fault.TooLarge, "", "", "the archive has %d bytes, more than the %d that are read back", len(p.Archive), limits.Archive)
	}
	meta, err := readMetadata(p.Archive)
	if err != nil {
		return nil, err
	}
	if _, err := semver.StrictNewVersion(meta.Version); err != nil {
		return nil, fault.New(fault.Usage, "", "", "the chart's version %q is no SemVer: %w", clip(meta.Version), err).
			WithHint("write major.minor.patch into Chart.yaml, such as 1.4.0")
	}
	config, err := meta.configJSON()
	if err != nil {
		return nil, err
	}
	b := &bundle{meta: meta, archive: newBlob(ArchiveMediaType, p.Archive)}
	layers := []blob{b.archive}
	if p.Provenance != nil {
		layers = append(layers, newBlob(ProvenanceMediaType, p.Provenance))
	}
	slices.SortFunc(layers, func(a, b blob) int {
		return cmp.Compare(a.desc.Digest, b.desc.Digest)
	})
	b.blobs = append([]blob{newBlob(ConfigMediaType, config)}, layers...)
	return b, b.seal(p.annotations(meta), limits)
}

// seal makes the manifest, and sees that we would accept it ourselves.
func (b *bundle) seal(annotations map[string]string, limits Limits) error {
	manifest := ocispec.Manifest{
		Versioned:   specs.Versioned{SchemaVersion: 2},
		Config:      b.blobs[0].desc,
		Annotations: annotations,
	}
	for _, layer := range b.blobs[1:] {
		manifest.Layers = append(manifest.Layers, layer.desc)
	}
	data, err := json.Marshal(manifest)
	if err != nil {
		return fault.Wrap(fault.Internal, "", "", err)
	}
	b.manifest = newBlob(ocispec.MediaTypeImageManifest, data)
	if err := checkDescriptor("manifest", b.manifest.desc, limits.Manifest); err != nil {
		return err
	}
	_, err = parseManifest(b.manifest.desc, data, limits)
	return err
}
