package harbortest

import (
	"net/http"
	"slices"
)

// label is a label on an artifact. Labels are global here.
type label struct {
	id      int64
	name    string
	created stamp
}

func (j *jsonBuf) labels(labels []label) {
	j.open('[')
	for _, l := range labels {
		j.open('{').key("color").str("#FF0000").key("creation_time").time(l.created).key("id").int(l.id)
		j.key("name").str(l.name).key("scope").str("g").key("update_time").time(l.created).close('}')
	}
	j.close(']')
}

// addLabel is POST …/artifacts/{a}/labels. The stand-in takes a name where
// Harbor takes the id of a label made before. Nothing else shows that it was
// added: no update_time changes and no event is sent.
func (h *Harbor) addLabel(w http.ResponseWriter, c *call) {
	var body struct {
		Name string `json:"name"`
	}
	if !readBody(w, c, &body) {
		return
	}
	h.mu.Lock()
	a, problem := h.artifactOf(c, "artifact-label:create")
	if problem == nil {
		h.state.label(a.artifact, body.Name, h.stamp())
	}
	h.mu.Unlock()
	if problem != nil {
		problem.write(w)
	}
}

func (s *state) label(a *artifact, name string, at stamp) {
	more := a.details()
	if slices.ContainsFunc(more.labels, func(l label) bool { return l.name == name }) {
		return
	}
	s.lastLabel++
	more.labels = append(more.labels, label{id: s.lastLabel, name: name, created: at})
}
