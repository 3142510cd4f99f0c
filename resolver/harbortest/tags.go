package harbortest

import (
	"cmp"
	"iter"
	"net/http"
	"slices"
)

// tags writes the tags of an artifact.
func (j *jsonBuf) tags(a located, tags iter.Seq2[int, tag]) {
	j.open('[')
	for _, t := range tags {
		j.open('{').key("artifact_id").int(a.id).key("id").int(t.id).key("immutable").bool(false)
		j.key("name").str(t.name).key("pull_time").time(t.pulled).key("push_time").time(t.pushed)
		j.key("repository_id").int(a.in.id).close('}')
	}
	j.close(']')
}

// listTags is GET …/artifacts/{a}/tags, newest first.
func (h *Harbor) listTags(w http.ResponseWriter, c *call) {
	query := c.URL.Query()
	p, problem := h.pageOf(query)
	if problem != nil {
		problem.write(w)
		return
	}
	filters, problem := filtersOf(query)
	if problem != nil {
		problem.write(w)
		return
	}
	var b jsonBuf
	var total int64
	h.mu.RLock()
	a, problem := h.artifactOf(c, "tag:list")
	if problem == nil {
		list := pickTags(a.tags, filters, ordersOf(query, order{"push_time", true}, "push_time", "name")[0])
		total = int64(len(list))
		from, to := p.window(total)
		b.tags(a, slices.All(list[from:to]))
	}
	h.mu.RUnlock()
	if problem != nil {
		problem.write(w)
		return
	}
	writeList(w, c.Request, p, b.b, total)
}

func pickTags(tags []tag, filters []filter, o order) []tag {
	list := slices.DeleteFunc(slices.Clone(tags), func(t tag) bool {
		return slices.ContainsFunc(filters, func(f filter) bool { return f.key == "name" && !f.text(t.name) })
	})
	slices.SortFunc(list, func(a, b tag) int {
		n := cmp.Or(cmp.Compare(a.pushed, b.pushed), cmp.Compare(a.id, b.id))
		if o.key == "name" {
			n = cmp.Compare(a.name, b.name)
		}
		if o.desc {
			return -n
		}
		return n
	})
	return list
}

// createTag is POST …/artifacts/{a}/tags. It sends no event.
func (h *Harbor) createTag(w http.ResponseWriter, c *call) {
	var body struct {
		Name string `json:"name"`
	}
	if !readBody(w, c, &body) {
		return
	}
	h.mu.RLock()
	a, problem := h.artifactOf(c, "tag:create")
	if problem == nil {
		if taken, _ := a.in.byTag(body.Name); taken != nil {
			problem = conflict("tag %s already exist", body.Name)
		}
	}
	h.mu.RUnlock()
	if problem != nil {
		problem.write(w)
		return
	}
	<-h.moveTag(a.in.name, body.Name, a.digest)
	w.WriteHeader(http.StatusCreated)
}

// deleteTag is DELETE …/artifacts/{a}/tags/{tag}. It sends no event either.
func (h *Harbor) deleteTag(w http.ResponseWriter, c *call) {
	h.mu.RLock()
	a, problem := h.artifactOf(c, "tag:delete")
	if problem == nil && !slices.ContainsFunc(a.tags, func(t tag) bool { return t.name == c.vars[3] }) {
		problem = notFound("tag %s attached to artifact %d not found", c.vars[3], a.id)
	}
	h.mu.RUnlock()
	if problem != nil {
		problem.write(w)
		return
	}
	<-h.removeTag(a.in.name, c.vars[3])
}
