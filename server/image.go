package server

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/names"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

var imageParameters = map[string]bool{"fields": false, "version": false}

// maxName bounds the part of an unknown name that is taken apart and shown
// back, in bytes: more than the longest reference that a registry takes.
const maxName = 1024

func (s *Server) getImage(w http.ResponseWriter, r *http.Request) int {
	p := s.pages.Load()
	if p == nil {
		return s.notReady(w)
	}
	values, err := parseQuery(r.URL.RawQuery, imageParameters)
	if err != nil {
		return s.failWith(w, api.CodeBadParameter, "%s", err)
	}
	fields, err := parseFields(values)
	if err != nil {
		return s.failWith(w, api.CodeBadParameter, "%s", err)
	}
	version, err := parseVersion(values)
	if err != nil {
		return s.failWith(w, api.CodeBadParameter, "%s", err)
	}
	name := mux.Vars(r)["name"]
	if version != "" {
		return s.imageOfVersion(w, r, version, name, fields)
	}
	warning := ""
	if wantsFresh(r) {
		warning = s.onDemandAbout(r, p, name)
		p = s.pages.Load()
	}
	record, found := p.find(name)
	if !found {
		return s.noImage(w, p, name, warning)
	}
	messages := warnings(p.snapshot.WarningsFor(record.image))
	if warning != "" {
		messages.Warning = append(messages.Warning, warning)
	}
	if fields != nil {
		record = selectFields([]fragment{record}, fields)[0]
	}
	return answer(w, r, imageJSON(record.json, messages), "")
}

// find gives the record of an image that anyone may see, by short name or alias.
func (p *pages) find(name string) (fragment, bool) {
	if image := p.names.Find(name); image != nil {
		return p.fragments[p.at[image]], true
	}
	if image := p.snapshot.FindBuilt(name); image != nil && !image.Built.Private {
		return fragment{image: image, json: encode(Record(image))}, true
	}
	return fragment{}, false
}

// publicToolNamed gives the tool whose image a name could be, if it is one that
// anyone may see; else "". Who asks here has proved nothing, so invented names
// must not cost a question each, and a private tool is asked about as often as
// one that is not there.
func (p *pages) publicToolNamed(name string) string {
	if tool := p.publicTool(toolNamed(name)); tool != nil {
		return tool.Name
	}
	return ""
}

// publicTool gives a tool whose images anyone may see, or nil.
func (p *pages) publicTool(name string) *inventory.Tool {
	tool := p.snapshot.Users.View.Tool(name)
	if tool == nil || tool.Private {
		return nil
	}
	return tool
}

// toolNamed gives the tool whose image a name could be, or "".
func toolNamed(name string) string {
	project, _, found := strings.Cut(name, "/")
	tool, isTool := inventory.ToolOf(project)
	if !found || !isTool {
		return ""
	}
	return tool
}

// noImage answers for a name that no image has: 410 if it was removed, else
// 404 with what may have been meant.
func (s *Server) noImage(w http.ResponseWriter, p *pages, name, warning string) int {
	name = cutTo(name, maxName)
	return s.fail(w, p.unknown(p.lookup(""), name, name, warning))
}

// lookup resolves spellings for a tool, or with "" for anybody.
func (p *pages) lookup(reader string) names.Lookup {
	return names.Lookup{Index: p.names, Snapshot: p.snapshot, Reader: reader}
}

// unknown is the error about a name or a spelling that leads to no image. It was
// removed if the catalog buried what is so called.
//
// While the source of user-built images does not answer, that such an image is
// not known says little, and the answer warns of that.
func (p *pages) unknown(reader names.Lookup, name, called, warning string) api.Error {
	parsed := Unknown(names.Parse(name))
	if t := p.snapshot.Tombstone(called); t != nil {
		return removed(t, parsed)
	}
	near := api.List[string](reader.Near(name))
	text := fmt.Sprintf("there is no image %q", shown(name))
	if len(near) > 0 {
		text += "; did you mean " + strings.Join(near, ", ") + "?"
	} else {
		text += "; /v1/images lists all"
	}
	return api.Error{
		Messages: p.doubts(name, warning, text), Code: api.CodeImageNotFound,
		Image: &parsed, Suggestions: append(api.List[string]{}, near...),
	}
}

// doubts gives the messages that go with an unknown name.
func (p *pages) doubts(name, warning, text string) api.Messages {
	messages := api.Messages{Error: []string{text}}
	if toolNamed(name) == "" {
		return messages
	}
	for _, w := range p.snapshot.Warnings {
		if w.Source == p.snapshot.Users.Host {
			messages.Warning = append(messages.Warning, w.Text)
		}
	}
	if warning != "" {
		messages.Warning = append(messages.Warning, warning)
	}
	return messages
}

func removed(t *snapshot.Tombstone, parsed api.Image) api.Error {
	text := fmt.Sprintf("%s was removed on %s", t.ShortName, t.Date)
	if t.Reason != "" {
		text += fmt.Sprintf(" (%s)", t.Reason)
	}
	suggestions := api.List[string]{}
	if t.ReplacedBy != "" {
		text += "; use " + t.ReplacedBy + " instead"
		suggestions = append(suggestions, t.ReplacedBy)
	}
	return api.Error{
		Messages: api.Messages{Error: []string{text}}, Code: api.CodeImageRemoved, Image: &parsed, Suggestions: suggestions,
		Tombstone: &api.Tombstone{ShortName: t.ShortName, Date: string(t.Date), Reason: t.Reason, ReplacedBy: t.ReplacedBy},
	}
}
