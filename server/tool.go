package server

import (
	"net/http"

	"github.com/gorilla/mux"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// Header values of a tool's answers: they are for that tool alone.
var (
	privateRevalidate = []string{"private, no-cache"}
	varyTool          = []string{"Accept-Encoding, " + toolHeader}
)

// keptToolBytes bounds the tools' lists that are kept for the next request. One
// of Toolforge's has some 40 KB with its codings.
const keptToolBytes = 32 << 20

// listToolImages lists the standard images and those that one tool built.
func (s *Server) listToolImages(w http.ResponseWriter, r *http.Request) int {
	tool, refusal := s.toolAsking(r)
	if refusal != nil {
		return s.fail(w, *refusal)
	}
	if s.pages.Load() == nil {
		return s.notReady(w)
	}
	q, err := queryOf(r)
	if err != nil {
		return s.failWith(w, api.CodeBadParameter, "%s", err)
	}
	if q.version != "" {
		return s.listVersion(w, r, q, true)
	}
	warning := s.onDemand(r, tool)
	p := s.pages.Load()
	built := p.tool(tool)
	if q.whole() && warning == "" {
		return s.toolList(p, built).serve(w, r)
	}
	return toolBody(p.answer(r, q, one(built), warning)).serve(w, r)
}

// toolAsking gives the tool of a tool's route, once it is proved that it is the
// one that asks.
func (s *Server) toolAsking(r *http.Request) (string, *api.Error) {
	tool := mux.Vars(r)["toolname"]
	if refusal := s.caller(r, tool); refusal != nil {
		return "", refusal
	}
	if _, ok := inventory.ProjectOf(tool); !ok {
		return "", failure(api.CodeBadParameter, "%q is no tool's name", shown(tool))
	}
	return tool, nil
}

// toolList is the answer to one tool and what it was made of.
type toolList struct {
	standard *standard
	context  builtContext
	built    *inventory.Tool // nil for all tools that built nothing
	body     *lazyBody
}

// toolList gives the bytes of one tool's whole list. They are made when they are
// first asked for, and again when something in them changed.
func (s *Server) toolList(p *pages, built *inventory.Tool) *lazyBody {
	key := ""
	if built != nil {
		key = built.Project
	}
	if list, ok := s.toolLists.get(key); ok && list.built == built && list.standard == p.standard && list.context == p.context {
		return list.body
	}
	text := p.standard.list
	if built != nil {
		text = p.toolText(built)
	}
	list := toolList{built: built, standard: p.standard, context: p.context, body: &lazyBody{
		make: func() *body { return toolBody(plainBody(typeJSON, text, "")) },
	}}
	s.toolLists.put(key, list, len(text)+len(text)/2) // the codings make it half as much again
	return list.body
}

// toolText is the whole list of one tool.
func (p *pages) toolText(built *inventory.Tool) []byte {
	text := append(make([]byte, 0, len(p.standard.list)+1024*built.Images()), listHead...)
	for part := range p.parts(one(built)) {
		if len(text) > len(listHead) {
			text = append(text, ',')
		}
		if part.tool == nil {
			text = append(text, part.standard...)
		} else {
			text = appendTool(text, p.snapshot, part.tool)
		}
	}
	return append(text, listTail(p.messages)...)
}

func toolBody(b *body) *body {
	b.cacheControl, b.vary = privateRevalidate, varyTool
	return b
}
