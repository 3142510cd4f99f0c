package harbortest

import (
	"net/http"
	"strings"
)

// copyArtifact is POST …/artifacts?from=project/repository:tag or @digest: the
// same manifest in another repository, with the tag it was asked for by.
func (h *Harbor) copyArtifact(w http.ResponseWriter, c *call) {
	from := c.URL.Query().Get("from")
	name, tagName, _ := strings.Cut(from, ":")
	reference := tagName
	if at := strings.IndexByte(from, '@'); at >= 0 {
		name, tagName, reference = from[:at], "", from[at+1:]
	}
	h.mu.RLock()
	p, problem := h.project(c, "artifact:create")
	var made *artifact
	if problem == nil {
		made = h.state.copyOf(name, reference)
		if made == nil {
			problem = artifactNotFound(name, reference)
		}
	}
	h.mu.RUnlock()
	if problem != nil {
		problem.write(w)
		return
	}
	target := p.name + "/" + c.vars[1]
	<-h.push(target, made, tagName, h.origin(c))
	w.Header().Set("Location", apiPrefix+"projects/"+p.name+"/repositories/"+c.vars[1]+"/artifacts/"+made.digest.String())
	w.WriteHeader(http.StatusCreated)
}

// copyOf makes an artifact with the content of another, without its tags.
func (s *state) copyOf(repository, reference string) *artifact {
	r := s.repositories[repository]
	if r == nil {
		return nil
	}
	a := r.find(reference)
	if a == nil {
		return nil
	}
	return &artifact{digest: a.digest, size: a.size, content: a.content, rare: &rare{manifest: a.manifest(r)}}
}
