package artifact

import (
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// chartManifest is a manifest that was found to be a chart's, within bounds.
type chartManifest struct {
	descriptor  ocispec.Descriptor // the manifest's own
	config      ocispec.Descriptor
	archive     ocispec.Descriptor
	provenance  *ocispec.Descriptor // nil without one
	annotations map[string]string
	text        []byte
}

// parseManifest reads the bytes that desc describes, and checks everything that
// can be checked before a blob is asked for.
//
// Errors: fault.Invalid with what it is instead of a chart, fault.TooLarge with
// the declared size, fault.Unsupported for a digest that is not sha256.
func parseManifest(desc ocispec.Descriptor, data []byte, limits Limits) (*chartManifest, error) {
	if desc.MediaType != ocispec.MediaTypeImageManifest {
		return nil, fault.New(fault.Invalid, "", "", "%s", whatManifest(desc.MediaType))
	}
	var parsed ocispec.Manifest
	if err := decodeStrict(data, &parsed); err != nil {
		return nil, fault.New(fault.Invalid, "", "", "its manifest: %w", err)
	}
	switch {
	case parsed.SchemaVersion != 2:
		return nil, fault.New(fault.Invalid, "", "", "its manifest has schemaVersion %d, not 2", parsed.SchemaVersion)
	case parsed.MediaType != "" && parsed.MediaType != desc.MediaType:
		return nil, fault.New(fault.Invalid, "", "", "the answer is of media type %q, the manifest says %q",
			desc.MediaType, clip(parsed.MediaType))
	case parsed.Config.MediaType != ConfigMediaType:
		return nil, fault.New(fault.Invalid, "", "", "%s", whatConfig(parsed.Config.MediaType, parsed.ArtifactType)).
			WithHint("the reference has to name a Helm chart")
	}
	m := &chartManifest{descriptor: desc, config: parsed.Config, annotations: parsed.Annotations, text: data}
	if err := m.sortLayers(parsed.Layers); err != nil {
		return nil, err
	}
	return m, m.checkBounds(limits)
}

// sortLayers tells the chart layer from the provenance layer; Helm orders them by
// digest, so their place says nothing.
func (m *chartManifest) sortLayers(layers []ocispec.Descriptor) error {
	archives := 0
	for i, layer := range layers {
		switch layer.MediaType {
		case ArchiveMediaType:
			m.archive = layer
			archives++
		case ProvenanceMediaType:
			if m.provenance != nil {
				return fault.New(fault.Invalid, "", "", "it has more than one provenance layer")
			}
			m.provenance = &layers[i]
		case legacyArchiveMediaType:
			return fault.New(fault.Invalid, "", "", "it was pushed by a Helm before 3.7, in a format of its own").
				WithHint("push the chart again with a current Helm")
		default:
			return fault.New(fault.Invalid, "", "", "it has a layer of media type %q, which no chart has", clip(layer.MediaType))
		}
	}
	if archives != 1 {
		return fault.New(fault.Invalid, "", "", "it has %d chart layers, not 1", archives)
	}
	return nil
}

func (m *chartManifest) checkBounds(limits Limits) error {
	checks := []struct {
		what  string
		desc  *ocispec.Descriptor
		limit int64
	}{
		{"config blob", &m.config, limits.Config},
		{"chart layer", &m.archive, limits.Archive},
		{"provenance layer", m.provenance, limits.Provenance},
	}
	for _, check := range checks {
		if check.desc == nil {
			continue
		}
		if err := checkDescriptor(check.what, *check.desc, check.limit); err != nil {
			return err
		}
	}
	return nil
}

func checkDescriptor(what string, desc ocispec.Descriptor, limit int64) error {
	if err := desc.Digest.Validate(); err != nil {
		return fault.New(fault.Invalid, "", "", "its %s has no valid digest", what)
	}
	if algorithm := desc.Digest.Algorithm(); algorithm != digest.SHA256 {
		return fault.New(fault.Unsupported, "", "", "the digest of its %s is of algorithm %s, not sha256", what, algorithm)
	}
	if desc.Size < 0 {
		return fault.New(fault.Invalid, "", "", "its %s has the size %d", what, desc.Size)
	}
	if desc.Size > limit {
		return fault.New(fault.TooLarge, "", "", "its %s has %d bytes, more than the %d allowed", what, desc.Size, limit)
	}
	return nil
}
