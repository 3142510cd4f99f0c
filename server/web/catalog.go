package web

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// Catalog is the page of the version that is served, where it came from and what
// came before it. It knows the clock.
type Catalog struct {
	Frame
	Catalog api.Catalog
	// Versions are those that were published, the newest first.
	Versions []api.Version
	// Warnings are about the list of versions.
	Warnings []string
	// From and To are the versions to compare, as the address has them, or those
	// that are worth it.
	From, To string
	// Difference is nil where none was asked for, or it cannot be had.
	Difference *Difference
	// Problem says why it cannot be had; else "".
	Problem string
}

// Template implements [Page].
func (*Catalog) Template() string { return "catalog" }

// shownVersions bounds the table of versions, and offeredVersions the choice of
// those to compare.
const (
	shownVersions   = 25
	offeredVersions = 500
)

// History gives the versions that the table shows, each with a way to what it
// changed.
func (p *Catalog) History() []VersionRow {
	var out []VersionRow
	for i, v := range p.Versions[:min(shownVersions, len(p.Versions))] {
		row := VersionRow{Version: v}
		if i+1 < len(p.Versions) {
			row.Before = p.Versions[i+1].Version
		}
		out = append(out, row)
	}
	return out
}

// Older counts the versions that the table leaves out.
func (p *Catalog) Older() int { return max(0, len(p.Versions)-shownVersions) }

// VersionRow is a version in the table.
type VersionRow struct {
	api.Version
	// Before is the version before it; "" for the first.
	Before string
}

// CompareURL leads to the difference between two versions.
func (p *Catalog) CompareURL(from, to string) string {
	return p.Root + "catalog?" + url.Values{"from": {from}, "to": {to}}.Encode() + "#difference"
}

// DiffJSON leads to the same difference for programs.
func (p *Catalog) DiffJSON() string {
	return p.Root + "v1/catalog/diff?" + url.Values{"from": {p.From}, "to": {p.To}}.Encode()
}

// Choice is an entry of a select.
type Choice struct {
	Value, Name string
	Chosen      bool
}

// Choices gives the versions of which one can be chosen. One that an address names
// stays chosen, whatever it is.
func (p *Catalog) Choices(chosen string) []Choice {
	var out []Choice
	found := chosen == ""
	for _, v := range p.Versions[:min(offeredVersions, len(p.Versions))] {
		if v.Version == "" {
			continue
		}
		c := Choice{Value: v.Version, Name: v.Version, Chosen: !found && v.Version == chosen}
		if v.Served {
			c.Name += " (served)"
		}
		found = found || c.Chosen
		out = append(out, c)
	}
	if !found {
		out = append(out, Choice{Value: chosen, Name: chosen, Chosen: true})
	}
	return out
}

// Asked says what the operator asked for.
func (p *Catalog) Asked() string {
	switch r := p.Catalog.Requested; {
	case r.Version != "":
		return "exactly version " + r.Version
	case r.Digest != "":
		return "exactly the digest " + r.Digest
	case r.Constraint != "":
		return "the newest version in the range " + r.Constraint
	}
	return ""
}

// SourceRow is a source of the catalog or of what registries hold.
type SourceRow struct{ api.Source }

// Sources gives all sources, the catalog's own first.
func (p *Catalog) Sources() []SourceRow {
	var out []SourceRow
	for _, s := range p.Catalog.Sources {
		out = append(out, SourceRow{s})
	}
	own := func(s SourceRow) int {
		if s.Kind == api.SourceChart {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(out, func(a, b SourceRow) int { return own(a) - own(b) })
	return out
}

// About says what a source is asked about.
func (s SourceRow) About() string {
	switch s.Kind {
	case api.SourceChart:
		return "the catalog"
	case api.SourceUsers:
		return "images that tools built"
	case api.SourceListing:
		return "which repositories there are"
	case api.SourceHarbor, api.SourceOCI:
		return "standard images"
	}
	return s.Kind
}

// Health gives the words and the class of the badge that say how it fares.
func (s SourceRow) Health() Health {
	switch {
	case s.Status == api.SourceOK && !s.Stale:
		return Health{"answers", "badge stable"}
	case s.Status == api.SourceUnknown && s.Stale:
		return Health{"not asked yet, as it was before the restart", "badge beta"}
	case s.Status == api.SourceUnknown:
		return Health{"not asked yet", "badge"}
	case s.Stale:
		return Health{"does not answer: as it was", "badge deprecated"}
	}
	return Health{"does not answer", "badge deprecated"}
}

// Health is how a source fares.
type Health struct{ Word, Class string }

// Ago says how long ago its last good answer was.
func (s SourceRow) Ago() string {
	if s.AgeSeconds == nil {
		return "never"
	}
	return span(*s.AgeSeconds) + " ago"
}

// Holds says what is known of it.
func (s SourceRow) Holds() string {
	switch {
	case s.ReferenceCount == nil:
		return ""
	case s.Kind == api.SourceUsers:
		return count(*s.ReferenceCount, "public image")
	case s.Kind == api.SourceListing:
		return count(*s.ReferenceCount, "repository")
	}
	return count(*s.ReferenceCount, "reference")
}

// Details are what is to be said of the source of tools' images alone.
func (s SourceRow) Details() []string {
	u := s.Users
	if u == nil {
		return nil
	}
	out := []string{count(u.ToolCount, "tool") + " with " + count(u.RepositoryCount, "repository")}
	if u.Version != "" {
		out = append(out, "Harbor "+u.Version)
	}
	switch u.Plan {
	case "incremental":
		out = append(out, "asked for what changed")
	case "rescan":
		out = append(out, "asked for everything each time")
	}
	switch u.Identity {
	case "robot":
		out = append(out, "by a robot account")
	case "user":
		out = append(out, "by a user's account")
	case "anonymous":
		out = append(out, "by nobody in particular")
	}
	for _, c := range []struct {
		n    int
		text string
	}{{u.LeftOutCount, "that no tool has"}, {u.DeniedCount, "that may not be read"}, {u.FailingCount, "that cannot be read now"}} {
		if c.n > 0 {
			out = append(out, count(c.n, "project")+" "+c.text)
		}
	}
	return out
}

// span writes a number of seconds as people say it.
func span(seconds float64) string {
	switch {
	case seconds < 120:
		return fmt.Sprintf("%.0f s", math.Floor(seconds))
	case seconds < 2*3600:
		return fmt.Sprintf("%.0f min", math.Floor(seconds/60))
	case seconds < 2*86400:
		return fmt.Sprintf("%.0f h", math.Floor(seconds/3600))
	}
	return fmt.Sprintf("%.0f days", math.Floor(seconds/86400))
}

// Difference is what changes from one version to another.
type Difference struct {
	From, To api.VersionName
	// Breaking are the changes that may break somebody, Safe the others.
	Breaking, Safe []ChangeGroup
}

// ChangeGroup is changes of one kind for one reason: when a registry moves, every
// image does.
type ChangeGroup struct {
	Title    string
	Breaking bool
	// Reasons are clauses: what it means for those who read the catalog.
	Reasons []string
	Changes []Change
}

// Change is one change, as it is shown.
type Change struct {
	// Image is a short name; "" where none is concerned. URL leads to its page; ""
	// where it has none.
	Image, URL string
	// Place is where in the image, or what else changes.
	Place string
	// Old and New are text; "" where one version says nothing.
	Old, New string
}

// NewDifference makes one of the API's. link leads to an image's page, and gives ""
// where it has none.
func NewDifference(d api.DiffAnswer, link func(name string) string) *Difference {
	out := &Difference{From: d.From, To: d.To}
	type key struct {
		title, reason string
		breaking      bool
	}
	places := map[key]int{}
	for _, c := range d.Changes {
		groups := &out.Safe
		if c.Breaking {
			groups = &out.Breaking
		}
		k := key{titleOf(c), c.Reason, c.Breaking}
		at, there := places[k]
		if !there {
			at = len(*groups)
			places[k] = at
			*groups = append(*groups, ChangeGroup{Title: k.title, Breaking: k.breaking, Reasons: strings.Split(c.Reason, "; ")})
		}
		g := &(*groups)[at]
		g.Changes = append(g.Changes, changeOf(c, link))
	}
	return out
}

// Count counts the changes of some groups.
func (d *Difference) Count(groups []ChangeGroup) int {
	n := 0
	for _, g := range groups {
		n += len(g.Changes)
	}
	return n
}

// titleOf names a kind of change: "Reference moved (host, path)".
func titleOf(c api.Change) string {
	title := strings.ReplaceAll(c.Kind, "_", " ")
	if title != "" {
		title = strings.ToUpper(title[:1]) + title[1:]
	}
	if len(c.Parts) > 0 {
		title += " (" + strings.Join(c.Parts, ", ") + ")"
	}
	return title
}

func changeOf(c api.Change, link func(string) string) Change {
	out := Change{Image: c.Image, Old: said(c.Old), New: said(c.New)}
	if c.Image != "" {
		out.URL = link(c.Image)
	}
	switch {
	case c.Stack != "":
		out.Place = "stack " + c.Stack
	case c.Image == "":
		out.Place = c.Path
	case c.Alias != "":
		out.Place = "alias " + c.Alias
	default:
		out.Place = placeIn(c.Path)
	}
	return out
}

// placeIn leaves of images.NAME.REST the rest. A name in quotes may hold anything.
func placeIn(path string) string {
	rest, ok := strings.CutPrefix(path, "images.")
	if !ok {
		return ""
	}
	if strings.HasPrefix(rest, `"`) {
		for i := 1; i < len(rest); i++ {
			switch rest[i] {
			case '\\':
				i++
			case '"':
				return strings.TrimPrefix(rest[i+1:], ".")
			}
		}
		return ""
	}
	_, rest, _ = strings.Cut(rest, ".")
	return rest
}

func said(value any) string {
	if value == nil {
		return ""
	}
	return plain(value)
}
