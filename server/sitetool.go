package server

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gorilla/mux"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/web"
)

// paintTool shows what one tool built, as far as anyone may see it. A tool whose
// project is private is as one that is not there. Loaded, empty and never asked
// are three answers: 200, 404, and 200 that says that nothing is known.
func (s *Server) paintTool(r *http.Request, v *visit) (web.Page, *web.Failure) {
	p, name := v.pages, mux.Vars(r)["toolname"]
	name = cutTo(strings.ToValidUTF8(name, "\uFFFD"), maxName)
	page := &web.Tool{Frame: v.frame, Dates: web.Dates{Day: string(p.snapshot.Day)}, Name: name, Asked: p.snapshot.Users.Known}
	page.Title, page.Place = "Tool "+shown(name), "Tools"
	if tool := p.publicTool(name); tool != nil {
		for _, image := range p.snapshot.Built(tool) {
			page.Images = append(page.Images, Record(image))
		}
	}
	_, isTool := inventory.ProjectOf(name)
	if len(page.Images) == 0 && (page.Asked || !isTool) {
		v.frame.Title, v.frame.Place = "No public image of tool "+shown(name), "Tools"
		text := []string{"Either the tool has built nothing, or what it built is private: only public images are shown here. A tool sees its own with: toolforge jobs images."}
		if !isTool {
			text = []string{"That is no tool's name: those have small letters, digits, - and _, and begin with a letter."}
		}
		return nil, &web.Failure{Frame: v.frame, Status: http.StatusNotFound, Text: text}
	}
	return page, nil
}

// paintTools is where somebody finds their tool.
func (s *Server) paintTools(r *http.Request, v *visit) (web.Page, *web.Failure) {
	page := &web.Tools{Frame: v.frame, Wrong: shown(typedTool(r))}
	page.Title, page.Place = "Tools", "Tools"
	if view := v.pages.snapshot.Users.View; view != nil {
		page.ToolCount, page.ImageCount = view.Public.Tools, view.Public.Images
	}
	return page, nil
}

// findTool leads whoever typed a tool's name to its page; next answers others.
// The way there is relative, as all links are.
func (s *Server) findTool(next endpoint) endpoint {
	return func(w http.ResponseWriter, r *http.Request) int {
		name := typedTool(r)
		if _, isTool := inventory.ProjectOf(name); !isTool || s.pages.Load() == nil {
			return next(w, r)
		}
		h := w.Header()
		h["Location"] = []string{"tools/" + url.PathEscape(name)}
		h["Cache-Control"] = notStored
		w.WriteHeader(http.StatusSeeOther)
		return http.StatusSeeOther
	}
}

// typedTool reads a tool's name as people write it: with blanks around it, or as
// the account that it has on a bastion.
func typedTool(r *http.Request) string {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return ""
	}
	name := strings.ToLower(strings.TrimSpace(strings.ToValidUTF8(values.Get("name"), "\uFFFD")))
	return strings.TrimPrefix(name, "tools.")
}
