package harbortest

import (
	"net/http"
	"slices"
	"strings"
)

// search is GET /search: projects and repositories whose name holds q, the
// latter newest first.
func (h *Harbor) search(w http.ResponseWriter, c *call) {
	q := c.URL.Query().Get("q")
	var b jsonBuf
	b.open('{').key("project").open('[')
	h.mu.RLock()
	for _, p := range h.state.named {
		if strings.Contains(p.name, q) && c.who.sees(p) {
			b.project(p, c.who, true)
		}
	}
	b.close(']').key("repository").open('[')
	for _, r := range slices.Backward(h.state.created) {
		if strings.Contains(r.name, q) && c.who.sees(r.project) {
			b.found(r)
		}
	}
	h.mu.RUnlock()
	b.close(']').close('}')
	writeJSON(w, jsonType, b.b)
}

// found writes a repository as the search shows it.
func (j *jsonBuf) found(r *repository) {
	j.open('{').key("artifact_count").int(r.count()).key("project_id").int(r.project.id)
	j.key("project_name").str(r.project.name).key("project_public").bool(r.project.public)
	if r.pulls > 0 {
		j.key("pull_count").int(r.pulls)
	}
	j.key("repository_name").str(r.name).close('}')
}
