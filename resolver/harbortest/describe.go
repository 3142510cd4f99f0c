package harbortest

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/types"
)

// manifest is what the stand-in reads of a manifest or an index.
type manifest struct {
	MediaType    string               `json:"mediaType"`
	ArtifactType string               `json:"artifactType"`
	Config       manifestDescriptor   `json:"config"`
	Layers       []manifestDescriptor `json:"layers"`
	Manifests    []manifestDescriptor `json:"manifests"`
	Subject      *manifestDescriptor  `json:"subject"`
	Annotations  map[string]string    `json:"annotations"`
}

type manifestDescriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
	Platform  *struct {
		OS           string `json:"os"`
		Architecture string `json:"architecture"`
	} `json:"platform"`
}

// cosignTag is how cosign names the signature of an artifact.
var cosignTag = regexp.MustCompile(`^sha256-([0-9a-f]{64})\.sig$`)

// describe makes an artifact of a pushed manifest. What it refers to must be
// there already.
func (h *Harbor) describe(repository, tagName string, body []byte, contentType string) (*artifact, *apiError) {
	var m manifest
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, registryError(http.StatusBadRequest, "MANIFEST_INVALID", "manifest invalid")
	}
	if m.MediaType == "" {
		m.MediaType, _, _ = strings.Cut(contentType, ";")
	}
	a := &artifact{digest: digestOf(body), size: int64(len(body)), rare: &rare{manifest: body}}
	if m.isIndex() {
		if problem := h.describeIndex(a, repository, m); problem != nil {
			return nil, problem
		}
	} else {
		if problem := h.describeImage(a, m); problem != nil {
			return nil, problem
		}
	}
	a.describeAccessory(m, tagName)
	return a, nil
}

func (m manifest) isIndex() bool {
	return slices.Contains([]string{string(types.OCIImageIndex), string(types.DockerManifestList)}, m.MediaType)
}

// describeImage reads a manifest with a config, whatever it is of.
func (h *Harbor) describeImage(a *artifact, m manifest) *apiError {
	for _, d := range append([]manifestDescriptor{m.Config}, m.Layers...) {
		parsed, ok := parseDigest(d.Digest)
		if !ok || !h.blobs.has(parsed) {
			return registryError(http.StatusBadRequest, "MANIFEST_BLOB_UNKNOWN", "manifest blob unknown to registry")
		}
		a.size += d.Size
	}
	config, _ := parseDigest(m.Config.Digest)
	raw, _ := h.blobs.get(config)
	a.content = contentOf(m, raw)
	return nil
}

// describeIndex reads an index; its size includes its children's.
func (h *Harbor) describeIndex(a *artifact, repository string, m manifest) *apiError {
	h.mu.RLock()
	defer h.mu.RUnlock()
	r := h.state.repositories[repository]
	for _, d := range m.Manifests {
		parsed, _ := parseDigest(d.Digest)
		var child *artifact
		if r != nil {
			child = r.byDigest(parsed)
		}
		if child == nil {
			return registryError(http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown")
		}
		a.size += child.size
		ref := reference{child: parsed, childID: child.id}
		if d.Platform != nil {
			ref.os, ref.architecture = d.Platform.OS, d.Platform.Architecture
		}
		a.rare.references = append(a.rare.references, ref)
	}
	slices.SortFunc(a.rare.references, func(x, y reference) int { return int(x.childID - y.childID) })
	a.content = &content{
		kind: "IMAGE", mediaType: m.MediaType, manifestMediaType: m.MediaType, artifactType: m.ArtifactType,
		icon: iconImage, annotations: annotationsOf(m),
	}
	return nil
}

// describeAccessory marks what belongs to another artifact: by a subject, or by
// cosign's name for signatures. Cosign's .att and .sbom stay ordinary.
func (a *artifact) describeAccessory(m manifest, tagName string) {
	if m.Subject != nil {
		if subject, ok := parseDigest(m.Subject.Digest); ok {
			a.rare.accessory, a.rare.subject = accessorySubject, subject
		}
	}
	if found := cosignTag.FindStringSubmatch(tagName); found != nil {
		a.rare.subject, _ = parseDigest(digestPrefix + found[1])
		a.rare.accessory = accessoryCosign
	}
}

// relate does what a push changes besides the artifact itself: children of an
// index are marked, an accessory gets its number, and a signature that was there
// before under its digest becomes one. The caller holds mu.
func (h *Harbor) relate(r *repository, a, made *artifact) {
	if made.rare == nil {
		return
	}
	for _, ref := range made.rare.references {
		if child := r.byDigest(ref.child); child != nil {
			child.child = true
		}
	}
	if made.rare.accessory == "" || r.byDigest(made.rare.subject) == nil && made.rare.accessory == accessoryCosign {
		if made.rare.accessory == accessoryCosign {
			a.details().accessory = ""
		}
		return
	}
	more := a.details()
	more.accessory, more.subject = made.rare.accessory, made.rare.subject
	if more.accessoryID == 0 {
		h.state.lastAccessory++
		more.accessoryID = h.state.lastAccessory
	}
}
