package server

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/web"
)

// paintImage shows one image that anyone may see, by short name or alias. An
// alias is answered where it is, and named: who followed it learns what it stands
// for, and a canonical link tells machines.
func (s *Server) paintImage(r *http.Request, v *visit) (web.Page, *web.Failure) {
	p, name := v.pages, mux.Vars(r)["name"]
	found, ok := p.find(name)
	if !ok {
		return nil, p.noImagePage(v, cutTo(strings.ToValidUTF8(name, "\uFFFD"), maxName))
	}
	image := found.image
	page := &web.Image{
		Frame: v.frame, Dates: web.Dates{Day: string(p.snapshot.Day)}, Image: Record(image),
		Version: v.catalog.Version, Hosts: siteHosts(image, v.frame.Troubles),
	}
	page.Title, page.Image.Tags = image.ShortName, image.TagNames()
	if name != image.ShortName {
		page.AskedAs, page.Canonical = name, "images/"+page.Path(image.ShortName)
	}
	if image.Built != nil {
		page.Siblings = p.siblings(image)
	}
	return page, nil
}

// siblings gives the tags of the repository that a public image of a tool is in,
// the newest first.
func (p *pages) siblings(image *snapshot.Image) []api.Image {
	tool := p.publicTool(image.Built.Tool)
	if tool == nil {
		return nil
	}
	var out []api.Image
	for _, other := range p.snapshot.Built(tool) {
		if other.Reference.Path == image.Reference.Path {
			out = append(out, Record(other))
		}
	}
	slices.SortStableFunc(out, func(a, b api.Image) int { return b.PushedAt.Compare(a.PushedAt) })
	return out
}

// siteHosts are the registries of an image, with what is wrong with them.
func siteHosts(image *snapshot.Image, troubles []web.Trouble) []web.Host {
	var out []web.Host
	for _, name := range slices.Sorted(slices.Values(hostsOf(image))) {
		host := web.Host{Name: name}
		for i := range troubles {
			if troubles[i].Source == name {
				host.Trouble = &troubles[i]
			}
		}
		out = append(out, host)
	}
	return out
}

// noImagePage tells what became of a removed image, or what may have been meant.
func (p *pages) noImagePage(v *visit, name string) *web.Failure {
	e := p.unknown(p.lookup(""), name, name, "")
	f := &web.Failure{Frame: v.frame, Status: statusOf[e.Code], Suggestions: e.Suggestions}
	if t := e.Tombstone; t != nil {
		f.Title = t.ShortName + " was removed"
		f.Suggestions = nil
		f.Tombstone = &web.Tombstone{ShortName: t.ShortName, Date: t.Date, Reason: t.Reason, ReplacedBy: t.ReplacedBy}
		if name != t.ShortName {
			f.Text = append(f.Text, name+" was another name of "+t.ShortName+".")
		}
		return f
	}
	f.Title = "There is no image " + cmp.Or(shown(name), "without a name")
	for _, warning := range e.Warning {
		f.Text = append(f.Text, sentence(warning))
	}
	if toolNamed(name) != "" {
		f.Text = append(f.Text, "Only public images are shown here: those of a private project are shown to their tool alone.")
	}
	return f
}
