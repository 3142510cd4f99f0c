package inventory

import (
	"maps"
	"slices"
)

// Sow takes what another process published, for all that Harbor has not answered us
// yet: it is served as in [Inventory.Recall], each tool stale until Harbor has
// answered about it, and private what the last proof says is. What Harbor did
// answer stands, be it that a project holds nothing; and so does what it listed
// (heed). It may come while rounds are
// under way, and is of no use once one has succeeded: Sow is false then, as it is
// a second time. The view is the inventory's from then on.
func (i *Inventory) Sow(m Memory) (taken bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	before := i.state.Load()
	if i.reckoning || !before.Health.LastSuccess.IsZero() {
		return false
	}
	e := m.View.edit()
	m.View.walk(func(t *Tool) {
		t.Stale = true
		kept := *t
		kept.Private = t.Private || i.privacy.private[t.Project]
		kept.Repositories = i.listedOf(t)
		if kept.Private != t.Private || len(kept.Repositories) != len(t.Repositories) {
			kept.marks = t.marks.of(kept.Repositories)
			e.put(&kept)
		}
	})
	for project := range i.empty {
		if t := e.tool(project); t != nil {
			e.forget(t)
		}
	}
	before.View.walk(e.put)
	e.view.LeftOut, e.view.hidden = before.View.LeftOut, e.view.hidden+before.View.hidden
	next := *before
	next.View, next.Recalled = e.commit(), true
	next.View.unread = maps.Clone(before.View.unread)
	maps.DeleteFunc(next.View.unread, func(project string, _ bool) bool { return next.View.byProject(project) != nil })
	next.Health.LastSuccess = m.LastSuccess
	i.sown = true
	i.state.Store(&next)
	i.follow(&next)
	i.sowing <- struct{}{} // there is room: it is the only one
	return true
}

// reckon gives the view that a listing is to be held against: what was there
// before the listing, or all that is there now if others' word came meanwhile. From
// then until the round is over no such word is taken.
func (i *Inventory) reckon(base *View) *View {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.reckoning = true
	return i.against(base)
}

// heed is reckon before projects are read: others' word is taken meanwhile, but for
// what is not there. Harbor does not list to us what turned private and is not for
// us to see, and no proof tells of it.
func (i *Inventory) heed(base *View, there map[string]bool) *View {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.there = there
	return i.against(base)
}

func (i *Inventory) against(base *View) *View {
	if i.sown {
		return i.state.Load().View
	}
	return base
}

// listedOf gives those of a tool's repositories that the listing of this round has;
// all before there is one. The caller holds the lock.
func (i *Inventory) listedOf(t *Tool) []*Repository {
	if i.there == nil {
		return t.Repositories
	}
	return slices.DeleteFunc(slices.Clone(t.Repositories), func(r *Repository) bool { return !i.there[t.Project+"/"+r.Name] })
}

// noteEmpty remembers of what was read whether it held nothing. The caller holds
// the lock.
func (i *Inventory) noteEmpty(t *Tool) {
	switch {
	case i.empty == nil:
	case len(t.Repositories) == 0:
		i.empty[t.Project] = true
	default:
		delete(i.empty, t.Project)
	}
}

// wasSown tells that there is something in the view that others said.
func (i *Inventory) wasSown() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.sown
}
