package artifact

import (
	"maps"
	"strings"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// annotations are those of the manifest: what `helm push` writes from Chart.yaml
// (3.x and 4.x agree), so that one cannot tell who published, then the package's.
// Chart.yaml's own annotations win over the derived ones, the package's over
// both; title and version belong to the chart and cannot be changed.
func (p Package) annotations(meta Metadata) map[string]string {
	all := map[string]string{}
	put := func(key, value string) {
		if strings.TrimSpace(value) != "" {
			all[key] = value
		}
	}
	put(ocispec.AnnotationDescription, meta.Description)
	put(ocispec.AnnotationURL, meta.Home)
	if len(meta.Sources) > 0 {
		put(ocispec.AnnotationSource, meta.Sources[0])
	}
	put(ocispec.AnnotationAuthors, authors(meta.Maintainers))
	if !p.Created.IsZero() {
		put(ocispec.AnnotationCreated, p.Created.UTC().Format(time.RFC3339))
	}
	maps.Copy(all, meta.Annotations)
	put(ocispec.AnnotationRevision, p.Revision)
	maps.Copy(all, p.Annotations)
	all[ocispec.AnnotationTitle] = meta.Name
	all[ocispec.AnnotationVersion] = meta.Version
	return all
}

// authors writes maintainers as Helm does: "name (email), name (email)".
func authors(maintainers []*Maintainer) string {
	written := make([]string, 0, len(maintainers))
	for _, m := range maintainers {
		text := m.Name
		if m.Email != "" {
			text += " (" + m.Email + ")"
		}
		written = append(written, text)
	}
	return strings.Join(written, ", ")
}
