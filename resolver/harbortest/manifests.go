package harbortest

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/types"
)

// manifestLimit bounds a pushed manifest, as distribution does.
const manifestLimit = 4 << 20

// readManifest is GET and HEAD of a manifest. A GET that is answered 200 is a
// pull; HEAD and 304 are not.
func (h *Harbor) readManifest(w http.ResponseWriter, c *call) {
	if problem := h.enter(c, "pull"); problem != nil {
		problem.write(w)
		return
	}
	name, reference := c.vars[0], c.vars[1]
	h.mu.RLock()
	r := h.state.repositories[name]
	var a *artifact
	var manifest []byte
	var mediaType string
	if r != nil {
		if a = r.find(reference); a != nil {
			manifest, mediaType = a.manifest(r), a.content.manifestMediaType
		}
	}
	h.mu.RUnlock()
	switch {
	case a == nil:
		artifactNotFound(name, reference).write(w)
	case h.registryDown.Load():
		w.WriteHeader(http.StatusBadGateway)
	case c.Header.Get("If-None-Match") == strconv.Quote(a.digest.String()):
		w.WriteHeader(http.StatusNotModified)
	case !accepts(c.Header, mediaType):
		registryError(http.StatusNotFound, "MANIFEST_UNKNOWN", refusal(mediaType)).write(w)
	default:
		sendManifest(w, c.Method, a.digest, mediaType, manifest)
		if c.Method == http.MethodGet {
			h.servedPull(c, r, a, reference)
		}
	}
}

func sendManifest(w http.ResponseWriter, method string, d digest, mediaType string, manifest []byte) {
	header := w.Header()
	header.Set("Content-Type", mediaType)
	header.Set("Content-Length", strconv.Itoa(len(manifest)))
	header.Set("Docker-Content-Digest", d.String())
	header.Set("Docker-Distribution-Api-Version", "registry/2.0")
	header.Set("Etag", strconv.Quote(d.String()))
	w.WriteHeader(http.StatusOK)
	if method == http.MethodGet {
		_, _ = w.Write(manifest)
	}
}

// servedPull counts a pull and tells the webhooks.
func (h *Harbor) servedPull(c *call, r *repository, a *artifact, reference string) {
	at := h.stamp()
	tagName := reference
	if _, ok := parseDigest(reference); ok {
		tagName = ""
	}
	h.pulled(pull{repository: r.name, digest: a.digest, tag: tagName, at: at, times: 1})
	h.mu.RLock()
	defer h.mu.RUnlock()
	h.emit(r, a, eventPull, tagName, h.origin(c), at)
}

// accepts tells whether the registry gives a manifest to this caller. What is OCI
// goes only to those who name its type; a wildcard does not count.
func accepts(header http.Header, mediaType string) bool {
	if mediaType != string(types.OCIManifestSchema1) && mediaType != string(types.OCIImageIndex) {
		return true
	}
	return slices.ContainsFunc(strings.Split(strings.Join(header["Accept"], ","), ","), func(part string) bool {
		accepted, _, _ := strings.Cut(part, ";")
		return strings.TrimSpace(accepted) == mediaType
	})
}

func refusal(mediaType string) string {
	if mediaType == string(types.OCIImageIndex) {
		return "OCI index found, but accept header does not support OCI indexes"
	}
	return "OCI manifest found, but accept header does not support OCI manifests"
}

// putManifest is PUT of a manifest: a push, a new tag, a moved tag, or nothing
// new at all, which is an event all the same.
func (h *Harbor) putManifest(w http.ResponseWriter, c *call) {
	if problem := h.enter(c, "push"); problem != nil {
		problem.write(w)
		return
	}
	if h.registryDown.Load() {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	name, reference := c.vars[0], c.vars[1]
	body, err := io.ReadAll(http.MaxBytesReader(w, c.Body, manifestLimit))
	if err != nil {
		registryError(http.StatusBadRequest, "MANIFEST_INVALID", "manifest invalid").write(w)
		return
	}
	d := digestOf(body)
	tagName := reference
	if given, ok := parseDigest(reference); ok {
		tagName = ""
		if given != d {
			registryError(http.StatusBadRequest, "DIGEST_INVALID", "provided digest did not match uploaded content").write(w)
			return
		}
	}
	made, problem := h.describe(name, tagName, body, c.Header.Get("Content-Type"))
	if problem != nil {
		problem.write(w)
		return
	}
	<-h.push(name, made, tagName, h.origin(c))
	w.Header().Set("Location", "/v2/"+name+"/manifests/"+d.String())
	w.Header().Set("Docker-Content-Digest", d.String())
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	w.WriteHeader(http.StatusCreated)
}

// push stores an artifact and tells the webhooks. The repository is made if it
// is not there; without its project nothing happens.
func (h *Harbor) push(name string, made *artifact, tagName string, from origin) <-chan struct{} {
	return h.commit(func(at stamp) {
		p := h.state.projects[projectOf(name)]
		if p == nil {
			return
		}
		r := h.state.ensureRepository(p, name, at)
		a, _ := h.put(r, made, tagName, at)
		h.relate(r, a, made)
		h.emit(r, a, eventPush, tagName, from, at)
	})
}

// deleteManifest is DELETE of a manifest, which Harbor does by digest only.
func (h *Harbor) deleteManifest(w http.ResponseWriter, c *call) {
	if problem := h.enter(c, "delete"); problem != nil {
		problem.write(w)
		return
	}
	d, ok := parseDigest(c.vars[1])
	if !ok {
		registryError(http.StatusBadRequest, "UNSUPPORTED", "unsupported digest "+c.vars[1]).write(w)
		return
	}
	h.mu.RLock()
	r := h.state.repositories[c.vars[0]]
	known := r != nil && r.byDigest(d) != nil
	h.mu.RUnlock()
	if !known {
		artifactNotFound(c.vars[0], c.vars[1]).write(w)
		return
	}
	<-h.removeArtifact(c.vars[0], d, h.origin(c))
	w.WriteHeader(http.StatusAccepted)
}
