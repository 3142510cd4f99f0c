package harbortest

import (
	"net/http"
	"regexp"
	"strconv"
)

// projectName is what Harbor takes for the name of a project.
var projectName = regexp.MustCompile(`^[a-z0-9]+(?:[._-][a-z0-9]+)*$`)

type projectRequest struct {
	Name     string            `json:"project_name"`
	Public   *bool             `json:"public"`
	Metadata map[string]string `json:"metadata"`
}

// wantsPublic tells what the request says about visibility, if anything.
func (r projectRequest) wantsPublic() (public, said bool) {
	if text, ok := r.Metadata["public"]; ok {
		return text == "true", true
	}
	if r.Public != nil {
		return *r.Public, true
	}
	return false, false
}

// createProject is POST /projects.
func (h *Harbor) createProject(w http.ResponseWriter, c *call) {
	if !c.who.admin() {
		c.who.denied().write(w)
		return
	}
	var body projectRequest
	if !readBody(w, c, &body) {
		return
	}
	if !projectName.MatchString(body.Name) {
		badRequest("bad request project name is not in lower case or contains illegal characters!").write(w)
		return
	}
	public, _ := body.wantsPublic()
	if !h.AddProject(body.Name, Visibility(!public)) {
		conflict("The project named %s already exists", body.Name).write(w)
		return
	}
	h.mu.RLock()
	id := h.state.projects[body.Name].id
	h.mu.RUnlock()
	w.Header().Set("Location", apiPrefix+"projects/"+strconv.FormatInt(id, 10))
	w.WriteHeader(http.StatusCreated)
}

// updateProject is PUT /projects/{p}: of its metadata, public alone is kept.
func (h *Harbor) updateProject(w http.ResponseWriter, c *call) {
	var body projectRequest
	if !readBody(w, c, &body) {
		return
	}
	if problem := h.changeVisibility(c, body); problem != nil {
		problem.write(w)
	}
}

// updatePublic is PUT /projects/{p}/metadatas/public.
func (h *Harbor) updatePublic(w http.ResponseWriter, c *call) {
	var metadata map[string]string
	if !readBody(w, c, &metadata) {
		return
	}
	if problem := h.changeVisibility(c, projectRequest{Metadata: metadata}); problem != nil {
		problem.write(w)
	}
}

func (h *Harbor) changeVisibility(c *call, body projectRequest) *apiError {
	h.mu.Lock()
	defer h.mu.Unlock()
	p, problem := h.project(c, "project:update")
	if problem != nil {
		return problem
	}
	if public, said := body.wantsPublic(); said {
		h.state.setPublic(p, public, h.stamp())
	}
	return nil
}
