package harbortest

import "net/http"

// allRepositories is GET /repositories: those of all projects that the caller
// may see, newest first.
func (h *Harbor) allRepositories(w http.ResponseWriter, c *call) {
	h.repositoryList(w, c, func() ([]*repository, *apiError) { return nil, nil })
}

// projectRepositories is GET /projects/{p}/repositories.
func (h *Harbor) projectRepositories(w http.ResponseWriter, c *call) {
	h.repositoryList(w, c, func() ([]*repository, *apiError) {
		p, problem := h.project(c, "repository:list")
		if problem != nil {
			return nil, problem
		}
		return append([]*repository{}, p.repositories...), nil
	})
}

// repositoryList answers with a page. scope gives the repositories of a project,
// oldest first, or nil for all.
func (h *Harbor) repositoryList(w http.ResponseWriter, c *call, scope func() ([]*repository, *apiError)) {
	query := c.URL.Query()
	p, problem := h.pageOf(query)
	if problem != nil {
		problem.write(w)
		return
	}
	search, problem := repositorySearchOf(query)
	if problem != nil {
		problem.write(w)
		return
	}
	var b jsonBuf
	var total int64
	h.mu.RLock()
	list, problem := scope()
	if problem == nil {
		var rows []*repository
		if list == nil {
			rows, total = h.state.search(search, c.who, p)
		} else {
			rows, total = search.within(list, p)
		}
		b.b = make([]byte, 0, (len(rows)+1)*repositoryRoom)
		b.open('[')
		for _, r := range rows {
			b.repository(r)
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

// repositoryRoom is about how long a row is.
const repositoryRoom = 256

// repository writes a row.
func (j *jsonBuf) repository(r *repository) {
	j.open('{').key("artifact_count").int(r.count()).key("creation_time").time(r.created)
	if r.description != "" {
		j.key("description").str(r.description)
	}
	j.key("id").int(r.id).key("name").str(r.name).key("project_id").int(r.project.id)
	j.key("pull_count").int(r.pulls).key("update_time").time(r.updated).close('}')
}

// repositoryOf finds the repository that a path names and checks that the caller
// may do action in its project. The caller holds mu.
func (h *Harbor) repositoryOf(c *call, action string) (*repository, *apiError) {
	p, problem := h.project(c, action)
	if problem != nil {
		return nil, problem
	}
	r := h.state.repositories[p.name+"/"+c.vars[1]]
	if r == nil {
		return nil, notFound("repository %s/%s not found", p.name, c.vars[1])
	}
	return r, nil
}

// getRepository is GET /projects/{p}/repositories/{r}: closed to most, even
// where the list beside it is open.
func (h *Harbor) getRepository(w http.ResponseWriter, c *call) {
	var b jsonBuf
	h.mu.RLock()
	r, problem := h.repositoryOf(c, "repository:read")
	if problem == nil {
		b.repository(r)
	}
	h.mu.RUnlock()
	finish(w, b, problem)
}

// updateRepository writes a description; even the same text counts as a change.
func (h *Harbor) updateRepository(w http.ResponseWriter, c *call) {
	var body struct {
		Description string `json:"description"`
	}
	if !readBody(w, c, &body) {
		return
	}
	h.mu.Lock()
	r, problem := h.repositoryOf(c, "repository:update")
	if problem == nil {
		r.description = body.Description
		h.state.touch(r, h.stamp())
	}
	h.mu.Unlock()
	if problem != nil {
		problem.write(w)
	}
}

// deleteRepository is DELETE /projects/{p}/repositories/{r}. No listing tells.
func (h *Harbor) deleteRepository(w http.ResponseWriter, c *call) {
	h.mu.RLock()
	r, problem := h.repositoryOf(c, "repository:delete")
	h.mu.RUnlock()
	if problem != nil {
		problem.write(w)
		return
	}
	<-h.removeRepository(r.name, h.origin(c))
}
