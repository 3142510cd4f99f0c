package harbortest

import (
	"net/http"
	"net/url"
	"strconv"
)

// artifactView is what the with_… parameters ask for.
type artifactView struct{ tags, labels, accessories, scan bool }

func artifactViewOf(query url.Values) artifactView {
	on := func(key string, otherwise bool) bool {
		v, err := strconv.ParseBool(query.Get(key))
		return err == nil && v || err != nil && otherwise
	}
	return artifactView{
		tags: on("with_tag", true), labels: on("with_label", false),
		accessories: on("with_accessory", false), scan: on("with_scan_overview", false),
	}
}

// listArtifacts is GET /projects/{p}/repositories/{r}/artifacts. A repository
// that does not exist has no artifacts, and that is no error.
func (h *Harbor) listArtifacts(w http.ResponseWriter, c *call) {
	h.artifactList(w, c, "artifact:list", func(p *project) []*repository {
		if r := h.state.repositories[p.name+"/"+c.vars[1]]; r != nil {
			return []*repository{r}
		}
		return nil
	})
}

// projectArtifacts is GET /projects/{p}/artifacts: those of all repositories, for
// those who are logged in.
func (h *Harbor) projectArtifacts(w http.ResponseWriter, c *call) {
	if c.who.account == nil {
		c.who.denied().write(w)
		return
	}
	if c.URL.Query().Get("latest_in_repository") == "true" {
		badRequest("bad request: either 'media_type' or 'artifact_type' must be specified, but not both, " +
			"when querying with latest_in_repository").write(w)
		return
	}
	h.artifactList(w, c, "artifact:list", func(p *project) []*repository { return p.repositories })
}

// located is an artifact with the repository that it is in.
type located struct {
	*artifact
	in *repository
}

func (h *Harbor) artifactList(w http.ResponseWriter, c *call, action string, scope func(*project) []*repository) {
	query := c.URL.Query()
	p, problem := h.pageOf(query)
	if problem != nil {
		problem.write(w)
		return
	}
	search, problem := artifactSearchOf(query)
	if problem != nil {
		problem.write(w)
		return
	}
	view := artifactViewOf(query)
	var b jsonBuf
	var total int64
	h.mu.RLock()
	in, problem := h.project(c, action)
	if problem == nil {
		list := search.within(scope(in))
		total = int64(len(list))
		from, to := p.window(total)
		b.b = make([]byte, 0, room(list[from:to]))
		b.open('[')
		for _, a := range list[from:to] {
			b.artifact(a, view)
		}
		b.close(']')
	}
	h.mu.RUnlock()
	if problem != nil {
		problem.write(w)
		return
	}
	writeList(w, c.Request, p, b.b, total)
}

// room is about how long the rows are.
func room(list []located) int {
	n := 2
	for _, a := range list {
		n += len(a.content.extraAttrs) + len(a.content.annotations) + rowOverhead + 200*len(a.tags)
	}
	return n
}

// artifactOf finds the artifact that a path names. The caller holds mu.
func (h *Harbor) artifactOf(c *call, action string) (located, *apiError) {
	p, problem := h.project(c, action)
	if problem != nil {
		return located{}, problem
	}
	name := p.name + "/" + c.vars[1]
	if r := h.state.repositories[name]; r != nil {
		if a := r.find(c.vars[2]); a != nil {
			return located{a, r}, nil
		}
	}
	return located{}, artifactNotFound(name, c.vars[2])
}

func artifactNotFound(repository, reference string) *apiError {
	if _, ok := parseDigest(reference); ok {
		return notFound("artifact %s@%s not found", repository, reference)
	}
	return notFound("artifact %s:%s not found", repository, reference)
}

// getArtifact is GET …/artifacts/{tag or digest}. Children of an index, which no
// list shows, can be read here.
func (h *Harbor) getArtifact(w http.ResponseWriter, c *call) {
	var b jsonBuf
	h.mu.RLock()
	a, problem := h.artifactOf(c, "artifact:read")
	if problem == nil {
		b.artifact(a, artifactViewOf(c.URL.Query()))
	}
	h.mu.RUnlock()
	finish(w, b, problem)
}

// deleteArtifact is DELETE …/artifacts/{tag or digest}, tags and accessories
// included.
func (h *Harbor) deleteArtifact(w http.ResponseWriter, c *call) {
	h.mu.RLock()
	p, problem := h.project(c, "artifact:delete")
	var a located
	if problem == nil {
		a, problem = h.artifactOf(c, "artifact:delete")
	}
	h.mu.RUnlock()
	if problem != nil {
		problem.write(w)
		return
	}
	<-h.removeArtifact(p.name+"/"+c.vars[1], a.digest, h.origin(c))
}
