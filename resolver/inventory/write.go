package inventory

import (
	"cmp"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// write puts a reading into the view, and tells whether it did: not so if it was
// overtaken. The caller holds the lock.
func (i *Inventory) write(e *edit, r *reading) bool {
	if r.denied {
		return true
	}
	if r.overtaken() {
		return false
	}
	r.flight.written++
	before := e.tool(r.project)
	if before == nil {
		before = newTool(r.project)
	}
	changes := before.compare(r)
	repositories := before.Repositories
	if len(changes) > 0 {
		repositories = mergeRepositories(repositories, changes)
	}
	marks := before.remark(r, repositories)
	if len(r.rows) > 0 {
		before.id = r.rows[0].ProjectID // the rounds' bookkeeping
	}
	private, unproved := i.privacy.of(before, r.proved)
	if len(changes) == 0 && marks == before.marks && private == before.Private && unproved == before.unproved && !before.Stale && !before.recalled {
		return true
	}
	after := *before
	after.Private, after.unproved, after.Stale, after.recalled = private, unproved, false, false
	after.Repositories, after.marks = repositories, marks
	if len(after.Repositories) > 0 || len(before.Repositories) > 0 {
		e.put(&after)
	}
	i.noteEmpty(&after)
	return true
}

// compare gives the repositories that a reading has otherwise than the tool,
// sorted by name.
func (t *Tool) compare(r *reading) []*Repository {
	var changes []*Repository
	asked := make(map[string]bool, len(r.rows))
	for _, row := range r.rows {
		_, name := harbor.SplitName(row.Name)
		asked[name] = true
		fresh := &Repository{Images: r.of(name).images, id: row.ID, updated: row.UpdateTime.UnixNano(), artifacts: row.ArtifactCount}
		old := t.repository(name)
		if old != nil && old.sameImages(fresh) {
			// It was pulled, or written without a change: nobody needs to know.
			old.id, old.updated, old.artifacts = fresh.id, fresh.updated, fresh.artifacts
			continue
		}
		fresh.Name = t.own(name)
		changes = append(changes, fresh)
	}
	if r.whole {
		changes = append(changes, t.compareRest(r, asked)...)
	}
	slices.SortFunc(changes, func(a, b *Repository) int { return strings.Compare(a.Name, b.Name) })
	return changes
}

// compareRest is compare for the repositories of a whole reading that were not
// asked about by row. What no listing has named yet gets its row from the next;
// what is no more in the reading stays without images, until a listing says that
// it is gone.
func (t *Tool) compareRest(r *reading, asked map[string]bool) []*Repository {
	var changes []*Repository
	for _, old := range t.Repositories {
		if asked[old.Name] {
			continue
		}
		fresh := &Repository{Name: old.Name, Images: r.of(old.Name).images, id: old.id, updated: old.updated, artifacts: old.artifacts}
		if !old.sameImages(fresh) {
			changes = append(changes, fresh)
		}
	}
	for _, h := range r.content {
		if !asked[h.name] && t.repository(h.name) == nil {
			changes = append(changes, &Repository{Name: t.own(h.name), Images: h.images})
		}
	}
	return changes
}

// own gives a repository's name for keeping: it is part of a longer text, and
// often the same as the project's.
func (t *Tool) own(name string) string {
	if name == t.Project {
		return t.Project
	}
	return strings.Clone(name)
}

// mergeRepositories gives the repositories with changes; both are sorted.
func mergeRepositories(before, changes []*Repository) []*Repository {
	out := make([]*Repository, 0, len(before)+len(changes))
	for len(before) > 0 && len(changes) > 0 {
		switch c := cmp.Compare(before[0].Name, changes[0].Name); {
		case c < 0:
			out, before = append(out, before[0]), before[1:]
		case c > 0:
			out, changes = append(out, changes[0]), changes[1:]
		default:
			out, before, changes = append(out, changes[0]), before[1:], changes[1:]
		}
	}
	return slices.Clip(append(append(out, before...), changes...))
}

// drop takes repositories of a project out of the view that are no more, unless
// the question that told so was overtaken. The caller holds the lock.
func (i *Inventory) drop(e *edit, r *reading, gone func(name string) bool) {
	before := e.tool(r.project)
	if before == nil || r.overtaken() {
		return
	}
	after := *before
	after.Repositories = slices.DeleteFunc(slices.Clone(before.Repositories), func(r *Repository) bool { return gone(r.Name) })
	if len(after.Repositories) < len(before.Repositories) {
		after.marks = before.marks.of(after.Repositories)
		r.flight.written++
		e.put(&after)
		i.noteEmpty(&after)
	}
}
