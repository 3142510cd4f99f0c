package server

import (
	"net/http"
	"slices"

	"github.com/gorilla/mux"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// Header values of a tool's answers: they are for that tool alone.
var (
	privateRevalidate = []string{"private, no-cache"}
	varyTool          = []string{"Accept-Encoding, " + toolHeader}
)

// listToolImages lists the standard images and those that one tool built.
func (s *Server) listToolImages(w http.ResponseWriter, r *http.Request) int {
	tool := mux.Vars(r)["toolname"]
	if refusal := s.caller(r, tool); refusal != nil {
		return s.fail(w, *refusal)
	}
	if _, ok := inventory.ProjectOf(tool); !ok {
		return s.failWith(w, api.CodeBadParameter, "%q is no tool's name", shown(tool))
	}
	if s.pages.Load() == nil {
		return s.notReady(w)
	}
	warning := s.onDemand(r, tool)
	p := s.pages.Load()
	if r.URL.RawQuery == "" && warning == "" {
		return s.toolList(p, tool).serve(w, r)
	}
	b, refusal := p.query(r, one(p.users.tool(tool)), warning)
	if refusal != nil {
		return s.fail(w, *refusal)
	}
	return toolBody(b).serve(w, r)
}

// toolList gives the bytes of one tool's whole list. They are made when they are
// first asked for, and again when something in them changed.
func (s *Server) toolList(p *pages, tool string) *body {
	built := p.users.tool(tool)
	context := p.users.context()
	if kept, ok := s.toolLists.Get(tool); ok && kept.built == built && kept.standard == p.standard && kept.context == context {
		return kept.body
	}
	fragments := slices.Collect(p.walk(one(built), "", false))
	made := toolBody(newBody(typeJSON, listJSON(fragments, p.messages)))
	s.toolLists.Add(tool, toolList{built: built, standard: p.standard, context: context, body: made})
	return made
}

// toolList is the answer to one tool and what it was made of.
type toolList struct {
	built    *inventory.Tool
	standard *standard
	context  builtContext
	body     *body
}

func toolBody(b *body) *body {
	b.cacheControl, b.vary = privateRevalidate, varyTool
	return b
}
