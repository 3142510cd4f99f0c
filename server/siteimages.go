package server

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/names"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/web"
)

// rowsPerPage is how many images one page lists.
const rowsPerPage = 100

// paintImages lists all images that anyone may see, page by page.
func (s *Server) paintImages(r *http.Request, v *visit) (web.Page, *web.Failure) {
	if len(r.URL.RawQuery) > maxQuery {
		return nil, badAddress(v, badf("the query has more than %d bytes", maxQuery))
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, badAddress(v, badf("the query %q cannot be read", shown(r.URL.RawQuery)))
	}
	page := &web.Images{Frame: v.frame, Dates: web.Dates{Day: string(v.pages.snapshot.Day)}, Query: siteQuery(values), Version: v.catalog.Version}
	page.Title, page.Place = "Container images", "Images"
	v.pages.fillImages(page)
	return page, nil
}

// siteQuery reads what is looked for. A form sends all its fields, so an empty
// one looks for everything; what else an address has is passed over, because
// people hand on addresses with additions.
func siteQuery(values url.Values) web.Query {
	first := func(name string) string {
		return cutTo(strings.TrimSpace(strings.ToValidUTF8(values.Get(name), "\uFFFD")), maxName)
	}
	return web.Query{
		Text: first("q"), State: first("state"), Type: first("type"), Tool: strings.ToLower(first("tool")),
		StackState: first("stack_state"), After: first("after"),
	}
}

// filterFor gives the filter that the API would have for what is looked for.
func filterFor(q web.Query) filter {
	one := func(value string) []string {
		if value == "" {
			return nil
		}
		return []string{value}
	}
	return filter{
		types: one(q.Type), states: one(q.State), stackStates: one(q.StackState), tools: one(q.Tool),
		texts: one(strings.ToLower(q.Text)),
	}
}

// fillImages puts the images of one page into it.
func (p *pages) fillImages(page *web.Images) {
	q := page.Query
	f := filterFor(q)
	p.fillStandard(page, f)
	if room := rowsPerPage - len(page.Standard); page.Next == "" {
		p.fillBuilt(page, f, room)
	}
	if page.Next == "" {
		page.Removed = p.removed(q)
	}
	if page.Empty() && q.Text != "" {
		p.guess(page)
	}
}

// fillStandard takes standard images, and counts all that fit. They come first,
// so a page that begins behind an image of a tool has none.
func (p *pages) fillStandard(page *web.Images, f filter) {
	after := page.Query.After
	behind := toolNamed(after) != ""
	last := ""
	for _, fragment := range p.fragments {
		if !f.passes(fragment.image) {
			continue
		}
		page.StandardCount++
		switch {
		case behind || fragment.image.ShortName <= after:
		case len(page.Standard) < rowsPerPage:
			page.Standard = append(page.Standard, Record(fragment.image))
			last = fragment.image.ShortName
		case page.Next == "":
			page.Next = last
		}
	}
}

// fillBuilt takes images that tools built, as far as anyone may see them.
func (p *pages) fillBuilt(page *web.Images, f filter, room int) {
	if !oneOf(f.types, string(snapshot.Buildservice)) {
		return
	}
	view := p.snapshot.Users.View
	f.types = []string{string(snapshot.Buildservice)}
	after := page.Query.After
	if toolNamed(after) == "" {
		after = ""
	}
	for fragment := range p.walk(f.narrow(view, public(view)), after, false) {
		if !f.passes(fragment.image) {
			continue
		}
		if len(page.Built) < room {
			page.Built = append(page.Built, Record(fragment.image))
			continue
		}
		page.BuiltCount = -1
		if q := page.Query; q == (web.Query{Type: q.Type, After: q.After}) {
			page.BuiltCount = view.Public.Images // all fit
		}
		page.Next = lastName(page)
		return
	}
	page.BuiltCount = len(page.Built)
}

// lastName is where the next page goes on: there is a row before, because a page
// has room for one.
func lastName(page *web.Images) string {
	if n := len(page.Built); n > 0 {
		return page.Built[n-1].ShortName
	}
	return page.Standard[len(page.Standard)-1].ShortName
}

// removed gives the tombstones that fit what is looked for: those of the catalog
// and of images whose lifecycle has ended.
func (p *pages) removed(q web.Query) []web.Tombstone {
	if q.State != "" && q.State != web.StateRemoved || q.Type != "" && q.Type != string(snapshot.Standard) || q.Tool != "" || q.StackState != "" {
		return nil
	}
	var out []web.Tombstone
	for _, name := range p.buried() {
		if !strings.Contains(strings.ToLower(name), strings.ToLower(q.Text)) {
			continue
		}
		out = append(out, tombstoneOf(p.snapshot.Tombstone(name)))
	}
	if t := p.snapshot.Tombstone(q.Text); t != nil && !slices.Contains(out, tombstoneOf(t)) {
		out = append(out, tombstoneOf(t)) // by an alias that it had
	}
	return out
}

// buried gives the names of removed images, sorted.
func (p *pages) buried() []string {
	var out []string
	for name := range p.snapshot.Catalog.Tombstones {
		out = append(out, name)
	}
	for _, image := range p.snapshot.Removed {
		out = append(out, image.ShortName)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func tombstoneOf(t *snapshot.Tombstone) web.Tombstone {
	return web.Tombstone{ShortName: t.ShortName, Date: string(t.Date), Reason: t.Reason, ReplacedBy: t.ReplacedBy}
}

// guess says what a text may mean that no name holds: the image that it leads to
// as the API resolves it, or names that are near.
func (p *pages) guess(page *web.Images) {
	reader := p.lookup("")
	if m := reader.Resolve(page.Query.Text); m.Image != nil && m.Rule != names.RuleUnasked {
		page.Means = m.Image.ShortName
		return
	}
	page.Suggestions = reader.Near(page.Query.Text)
}
