package kubernetes

import (
	"encoding/json"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/store"
)

// How a legacy document is kept as an OCI artifact.
const (
	keptType     = "application/vnd.bayplan.catalog.legacy.v1"
	documentType = "application/yaml"
)

// Keep gives the document as an OCI artifact, to be kept on disk.
func (c *ConfigMap) Keep(offer *resolver.Offer) *store.Catalog {
	document := offer.Source.Values()
	manifest, err := json.Marshal(ocispec.Manifest{
		Versioned:    specs.Versioned{SchemaVersion: 2},
		MediaType:    ocispec.MediaTypeImageManifest,
		ArtifactType: keptType,
		Config:       ocispec.DescriptorEmptyJSON,
		Layers:       []ocispec.Descriptor{{MediaType: documentType, Digest: digest.FromBytes(document), Size: int64(len(document))}},
		Annotations:  map[string]string{ocispec.AnnotationVersion: offer.Version},
	})
	if err != nil {
		return nil // it holds nothing that JSON cannot say
	}
	kept := &store.Catalog{Origin: c.Name(), Chosen: offer.Version, Manifest: digest.FromBytes(manifest).String(), Contents: map[string][]byte{}}
	for _, content := range [][]byte{manifest, ocispec.DescriptorEmptyJSON.Data, document} {
		kept.Contents[digest.FromBytes(content).String()] = content
	}
	return kept
}

// Revive makes an offer of a document that was kept.
func (c *ConfigMap) Revive(kept *store.Catalog) (*resolver.Offer, error) {
	const op = "read state"
	if kept.Origin != c.Name() {
		return nil, fault.New(fault.Refused, op, kept.Origin, "it is of another place than the one that is asked for")
	}
	var manifest ocispec.Manifest
	if err := json.Unmarshal(kept.Contents[kept.Manifest], &manifest); err != nil {
		return nil, fault.Wrap(fault.Invalid, op, kept.Origin, err)
	}
	if manifest.ArtifactType != keptType || len(manifest.Layers) != 1 {
		return nil, fault.New(fault.Invalid, op, kept.Origin, "it is no document of a ConfigMap")
	}
	document, ok := kept.Contents[manifest.Layers[0].Digest.String()]
	if !ok {
		return nil, fault.New(fault.NotFound, op, kept.Origin, "its document is missing")
	}
	version := manifest.Annotations[ocispec.AnnotationVersion]
	source := chart.FromLegacy(document, chart.Legacy{Kind: string(resolver.OriginConfigMap), Path: c.Name(), Version: version})
	return &resolver.Offer{
		Identity: source.Digest(), Kind: resolver.OriginConfigMap, Source: source, Version: version, Reference: c.Name(),
	}, nil
}
