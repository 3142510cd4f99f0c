package harbortest

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// tagList is GET /v2/{repository}/tags/list: by name, all of them unless n says
// how many. It needs no registry.
func (h *Harbor) tagList(w http.ResponseWriter, c *call) {
	if problem := h.enter(c, "pull"); problem != nil {
		problem.write(w)
		return
	}
	var names []string
	h.mu.RLock()
	r := h.state.repositories[c.vars[0]]
	if r != nil {
		for _, a := range r.artifacts {
			for _, t := range a.tags {
				names = append(names, t.name)
			}
		}
	}
	h.mu.RUnlock()
	if r == nil {
		notFound("repository %s not found", c.vars[0]).write(w)
		return
	}
	slices.Sort(names)
	names = cutNames(w, c.Request, names)
	var b jsonBuf
	b.open('{').key("name").str(c.vars[0]).key("tags").names(names).close('}')
	writeJSON(w, jsonCharsetType, b.b)
}

// catalog is GET /v2/_catalog: all repositories, for those who may. The refusal
// always asks for Basic credentials.
func (h *Harbor) catalog(w http.ResponseWriter, c *call) {
	if !c.who.system("catalog:read") {
		registryDenied("unauthorized to list catalog", `Basic realm="harbor"`).write(w)
		return
	}
	h.mu.RLock()
	names := make([]string, 0, len(h.state.created))
	for _, r := range h.state.created {
		names = append(names, r.name)
	}
	h.mu.RUnlock()
	slices.Sort(names)
	names = cutNames(w, c.Request, names)
	var b jsonBuf
	b.open('{').key("repositories").names(names).close('}')
	writeJSON(w, jsonCharsetType, b.b)
}

// cutNames gives the page of a sorted list that n and last ask for, and the link
// to the next one.
func cutNames(w http.ResponseWriter, r *http.Request, names []string) []string {
	query := r.URL.Query()
	if last := query.Get("last"); last != "" {
		place, found := slices.BinarySearch(names, last)
		if found {
			place++
		}
		names = names[place:]
	}
	n, err := strconv.Atoi(query.Get("n"))
	if err != nil || n <= 0 || n >= len(names) {
		return names
	}
	names = names[:n]
	next := url.Values{"last": {names[n-1]}, "n": {strconv.Itoa(n)}}
	w.Header().Set("Link", "<"+r.URL.EscapedPath()+"?"+next.Encode()+`>; rel="next"`)
	return names
}

func (j *jsonBuf) names(names []string) *jsonBuf {
	j.open('[')
	for _, name := range names {
		j.str(name)
	}
	return j.close(']')
}
