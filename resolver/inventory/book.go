package inventory

import (
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/shrink"
)

// book is what rounds remember between them. Only rounds touch it, and there is
// one at a time.
type book struct {
	swept     bool
	recalled  bool // there is a view of an earlier process, and no sweep since
	lastSweep time.Time
	nextSweep time.Time
	proved    time.Time
	identity  harbor.Identity
	version   string
	plan      Plan
	rescan    rescan

	// newest is the newest update_time of all that was read, and seen when that
	// was so first, by our clock; listed is when the last good listing began.
	newest, seen, listed time.Time
	// others are the repositories of projects that are not kept, and provedOthers
	// those of the projects that the last proof of what is private covers.
	others       map[string]row
	provedOthers map[string]bool
	// denied are repositories that are listed but may not be read.
	denied map[string]row
	// failing are projects that could not be read.
	failing map[string]failing
	// unexplained is how many repositories Harbor counts beyond those that a
	// whole listing had: rows without a name that Harbor can have.
	unexplained int
	// losses watches over repositories that held something, rights over projects
	// that are private.
	losses, rights shrink.Watch
}

// row is what a listing says of a repository. If it says the same again, nothing
// changed in it.
type row struct {
	id        int64
	updated   int64 // nanoseconds since 1970
	artifacts int64
}

func rowOf(r harbor.Repository) row {
	return row{id: r.ID, updated: r.UpdateTime.UnixNano(), artifacts: r.ArtifactCount}
}

// known gives what was last read of a repository, by the book or a view.
func (b *book) known(view *View, name string) (row, bool) {
	if r, ok := b.denied[name]; ok {
		return r, true
	}
	project, rest := harbor.SplitName(name)
	if tool := view.byProject(project); tool != nil {
		if r := tool.repository(rest); r != nil {
			return row{id: r.id, updated: r.updated, artifacts: r.artifacts}, true
		}
	}
	r, ok := b.others[name]
	return r, ok
}

// expected is how many repositories Harbor should count, by the book and a view.
func (b *book) expected(view *View) int {
	n := view.listed + len(b.others)
	for name := range b.denied {
		project, rest := harbor.SplitName(name)
		if tool := view.byProject(project); tool == nil || tool.repository(rest) == nil {
			n++
		}
	}
	return n
}

// leftOut counts the projects that are not kept and that anyone may see. What came
// after the last proof counts from the next on.
func (b *book) leftOut(p privacy) int {
	projects := map[string]struct{}{}
	for name := range b.others {
		project, _ := harbor.SplitName(name)
		if p.shows(project) && (p.kind == harbor.Anonymous || b.provedOthers[project]) {
			projects[project] = struct{}{}
		}
	}
	return len(projects)
}

// covers notes which projects that are not kept a proof covers: those that were
// there before it.
func (b *book) covers(listed map[string]bool) {
	if b.provedOthers == nil {
		b.provedOthers = map[string]bool{}
	}
	for name := range b.others {
		project, _ := harbor.SplitName(name)
		b.provedOthers[project] = true
	}
	for project := range listed {
		if !isTool(project) {
			b.provedOthers[project] = true
		}
	}
}

// uncover forgets projects that are gone: one that comes by the name of such a one
// is another.
func (b *book) uncover() {
	left := map[string]bool{}
	for name := range b.others {
		project, _ := harbor.SplitName(name)
		left[project] = b.provedOthers[project]
	}
	b.provedOthers = left
}

// health tells what the book knows, over what was known before.
func (b *book) health(h Health, p privacy) Health {
	h.LastSweep, h.LastProof = b.lastSweep, b.proved
	h.Identity, h.Version, h.Plan = b.identity, b.version, b.plan
	denied := map[string]struct{}{}
	for name := range b.denied {
		project, _ := harbor.SplitName(name)
		if _, fails := b.failing[project]; !fails {
			denied[project] = struct{}{}
		}
	}
	h.Denied, h.Failing, h.PublicDenied, h.PublicFailing = len(denied), len(b.failing), 0, 0
	for project := range denied {
		if p.shows(project) {
			h.PublicDenied++
		}
	}
	for project := range b.failing {
		if p.shows(project) {
			h.PublicFailing++
		}
	}
	return h
}

// until is the update_time before which nothing can have come since the last
// good listing: overlap before Harbor's clock then. That clock showed newest or
// later when newest was seen.
func (b *book) until() time.Time {
	return b.newest.Add(max(b.listed.Sub(b.seen), 0) - overlap)
}

// note remembers what a listing, which began at some moment, had.
func (b *book) note(rows []harbor.Repository, began, now time.Time) {
	for _, r := range rows {
		if r.UpdateTime.After(b.newest) {
			b.newest, b.seen = r.UpdateTime, now
		}
	}
	b.listed = began
}
