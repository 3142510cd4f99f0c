package main

import (
	"bytes"
	"encoding/json"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// emptyType is the media type of OCI's empty config.
const emptyType = "application/vnd.oci.empty.v1+json"

var emptyConfig = []byte("{}")

// referrer is an artifact that says something of another one: here its bill of
// materials, which registries list beside it.
type referrer struct {
	manifest []byte
	content  v1.Layer
}

// referrerTo makes the artifact of a bill of materials for an image.
func referrerTo(subject v1.Image, sbom []byte, created string) (v1.Image, error) {
	about, err := partial.Descriptor(subject)
	if err != nil {
		return nil, err
	}
	content := static.NewLayer(sbom, sbomType)
	digest, err := content.Digest()
	if err != nil {
		return nil, err
	}
	config, size, err := v1.SHA256(bytes.NewReader(emptyConfig))
	if err != nil {
		return nil, err
	}
	manifest, err := json.Marshal(v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: sbomType,
		Config:      v1.Descriptor{MediaType: emptyType, Digest: config, Size: size},
		Layers:      []v1.Descriptor{{MediaType: sbomType, Digest: digest, Size: int64(len(sbom))}},
		Subject:     &v1.Descriptor{MediaType: about.MediaType, Digest: about.Digest, Size: about.Size},
		Annotations: map[string]string{"org.opencontainers.image.created": created},
	})
	if err != nil {
		return nil, err
	}
	return partial.CompressedToImage(&referrer{manifest: manifest, content: content})
}

func (r *referrer) RawConfigFile() ([]byte, error) { return emptyConfig, nil }

func (r *referrer) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

func (r *referrer) RawManifest() ([]byte, error) { return r.manifest, nil }

func (r *referrer) LayerByDigest(v1.Hash) (partial.CompressedLayer, error) { return r.content, nil }
