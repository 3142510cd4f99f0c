package harbortest

import (
	"net/http"
	"strconv"

	"github.com/google/go-containerregistry/pkg/v1/types"
)

// referrers is GET /v2/{repository}/referrers/{digest}: an index of what belongs
// to an artifact, cosign's signatures included. An unknown digest has none. The
// total in the header does not follow the filter.
func (h *Harbor) referrers(w http.ResponseWriter, c *call) {
	if problem := h.enter(c, "pull"); problem != nil {
		problem.write(w)
		return
	}
	subject, _ := parseDigest(c.vars[1])
	wanted := c.URL.Query().Get("artifactType")
	total := 0
	var b jsonBuf
	b.open('{').key("schemaVersion").int(2).key("mediaType").str(string(types.OCIImageIndex)).key("manifests").open('[')
	h.mu.RLock()
	if r := h.state.repositories[c.vars[0]]; r != nil {
		for _, a := range r.accessories(&artifact{digest: subject}) {
			total++
			if wanted == "" || wanted == a.content.artifactType {
				b.referrer(r, a)
			}
		}
	}
	h.mu.RUnlock()
	b.close(']').close('}')
	if wanted != "" {
		w.Header().Set("Oci-Filters-Applied", "artifactType")
	}
	w.Header().Set("X-Total-Count", strconv.Itoa(total))
	writeJSON(w, string(types.OCIImageIndex), b.b)
}

func (j *jsonBuf) referrer(r *repository, a *artifact) {
	j.open('{').key("mediaType").str(a.content.manifestMediaType).key("digest").digest(a.digest)
	j.key("size").int(int64(len(a.manifest(r))))
	if a.content.annotations != "" {
		j.key("annotations").raw(a.content.annotations)
	}
	j.key("artifactType").str(a.content.artifactType).close('}')
}
