package harbortest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
)

// listProjects is GET /projects: by name, those that the caller may see.
func (h *Harbor) listProjects(w http.ResponseWriter, c *call) {
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
	if name := query.Get("name"); name != "" {
		filters = append(filters, filter{key: "name", match: fuzzy, value: name})
	}
	if public := query.Get("public"); public != "" {
		filters = append(filters, filter{key: "public", value: public})
	}
	detail := query.Get("with_detail") != "false"
	var b jsonBuf
	orders := ordersOf(query, order{key: "name"}, "name", "creation_time", "update_time", "project_id")
	h.mu.RLock()
	list := h.state.named
	if len(filters) > 0 || orders[0] != (order{key: "name"}) || !h.state.seesAll(c.who) {
		list = h.state.pickProjects(c.who, filters, orders)
	}
	total := int64(len(list))
	from, to := p.window(total)
	b.open('[')
	for _, each := range list[from:to] {
		b.project(each, c.who, detail)
	}
	h.mu.RUnlock()
	writeList(w, c.Request, p, b.close(']').b, total)
}

// seesAll tells whether no project is hidden from v.
func (s *state) seesAll(v viewer) bool {
	for p := range s.private {
		if !v.sees(p) {
			return false
		}
	}
	return true
}

func (s *state) pickProjects(v viewer, filters []filter, orders []order) []*project {
	list := make([]*project, 0, len(s.named))
	for _, p := range s.named {
		if v.sees(p) && p.admitted(filters) {
			list = append(list, p)
		}
	}
	if o := orders[0]; o != (order{key: "name"}) {
		slices.SortStableFunc(list, o.compareProjects)
	}
	return list
}

func (o order) compareProjects(a, b *project) int {
	n := cmp.Compare(a.id, b.id)
	switch o.key {
	case "name":
		n = cmp.Compare(a.name, b.name)
	case "creation_time":
		n = cmp.Compare(a.created, b.created)
	case "update_time":
		n = cmp.Compare(a.updated, b.updated)
	}
	if o.desc {
		return -n
	}
	return n
}

func (p *project) admitted(filters []filter) bool {
	for _, f := range filters {
		switch f.key {
		case "name":
			if !f.text(p.name) {
				return false
			}
		case "public":
			if want, err := strconv.ParseBool(f.value); err == nil && want != p.public {
				return false
			}
		}
	}
	return true
}

// project writes a row. Without detail Harbor leaves out the metadata and the
// owner's name.
func (j *jsonBuf) project(p *project, v viewer, detail bool) {
	j.open('{').key("creation_time").time(p.created)
	j.role(v)
	j.key("cve_allowlist").open('{').key("creation_time").time(0)
	if detail {
		j.key("id").int(p.id).key("items").raw("[]").key("project_id").int(p.id)
	} else {
		j.key("items").null()
	}
	j.key("update_time").time(0).close('}')
	if detail {
		j.key("metadata").open('{').key("public").str(strconv.FormatBool(p.public)).close('}')
	}
	j.key("name").str(p.name).key("owner_id").int(1)
	if detail {
		j.key("owner_name").str("admin")
	}
	j.key("project_id").int(p.id).key("repo_count").int(int64(len(p.repositories)))
	j.key("update_time").time(p.updated).close('}')
}

// role says what the caller is in the project. Only the administrator's is recorded.
func (j *jsonBuf) role(v viewer) {
	if v.admin() {
		j.key("current_user_role_id").int(1).key("current_user_role_ids").raw("[1]")
		return
	}
	j.key("current_user_role_ids").null()
}

// getProject is GET /projects/{name or id}.
func (h *Harbor) getProject(w http.ResponseWriter, c *call) {
	var b jsonBuf
	h.mu.RLock()
	p, problem := h.project(c, "project:read")
	if problem == nil {
		b.project(p, c.who, true)
	}
	h.mu.RUnlock()
	finish(w, b, problem)
}

func (h *Harbor) projectSummary(w http.ResponseWriter, c *call) {
	var b jsonBuf
	h.mu.RLock()
	p, problem := h.project(c, "project:read")
	if problem == nil {
		b.open('{').key("repo_count").int(int64(len(p.repositories))).close('}')
	}
	h.mu.RUnlock()
	finish(w, b, problem)
}

// projectExists is HEAD /projects?project_name=, for those who are logged in.
func (h *Harbor) projectExists(w http.ResponseWriter, c *call) {
	name := c.URL.Query().Get("project_name")
	if c.who.account == nil {
		c.who.denied().write(w)
		return
	}
	h.mu.RLock()
	_, ok := h.state.projects[name]
	h.mu.RUnlock()
	if !ok {
		notFound("project %s not found", name).write(w)
	}
}
