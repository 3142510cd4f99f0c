package artifact

import (
	"fmt"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Media types of a Helm chart in a registry, as Helm 3.8 and later write them
// (https://helm.sh/docs/topics/registries/).
const (
	// ConfigMediaType is that of the config blob: Chart.yaml as JSON.
	ConfigMediaType = "application/vnd.cncf.helm.config.v1+json"
	// ArchiveMediaType is that of the chart layer: what `helm package` makes.
	ArchiveMediaType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
	// ProvenanceMediaType is that of the optional provenance layer: the .prov file.
	ProvenanceMediaType = "application/vnd.cncf.helm.chart.provenance.v1.prov"

	legacyArchiveMediaType = "application/tar+gzip"

	dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	dockerList     = "application/vnd.docker.distribution.manifest.list.v2+json"
	dockerConfig   = "application/vnd.docker.container.image.v1+json"
)

// acceptedManifests is asked for although only the first is a chart: a registry
// that is not offered the type it holds answers 404, or converts, and then nobody
// learns that a container image lies where a chart was expected.
func acceptedManifests() []string {
	return []string{ocispec.MediaTypeImageManifest, ocispec.MediaTypeImageIndex, dockerManifest, dockerList}
}

// whatManifest says in words what a manifest of mediaType is.
func whatManifest(mediaType string) string {
	switch {
	case mediaType == ocispec.MediaTypeImageIndex, mediaType == dockerList:
		return "this is an index of several images, not a chart"
	case mediaType == dockerManifest:
		return "this is a container image in Docker's format, not a chart"
	case strings.HasPrefix(mediaType, "text/html"):
		return "the answer is a web page: no registry, or a login page or proxy in front of it"
	}
	return fmt.Sprintf("this is of media type %q, not a chart", clip(mediaType))
}

// whatConfig says in words what an artifact with that config blob is.
func whatConfig(mediaType, artifactType string) string {
	switch mediaType {
	case ocispec.MediaTypeImageConfig, dockerConfig:
		return "this is a container image, not a chart"
	case ocispec.MediaTypeEmptyJSON:
		return fmt.Sprintf("this is an artifact of type %q, not a chart", clip(artifactType))
	}
	return fmt.Sprintf("this has a config of media type %q, not a chart's", clip(mediaType))
}
