package inventory

import (
	"maps"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// Unread tells whether Harbor lists repositories of a tool that it never answered
// about: what they hold is not known, which is not the same as nothing. private
// tells that only the tool itself may learn that.
func (v *View) Unread(tool string) (unread, private bool) {
	project, ok := ProjectOf(tool)
	if !ok || v == nil {
		return false, false
	}
	private, unread = v.unread[project]
	return unread, private
}

// withUnread gives a view that says what could not be read by the end of a
// round; the view itself if that is no news. The caller holds the lock.
func (i *Inventory) withUnread(view *View) *View {
	unread := map[string]bool{}
	note := func(project string) {
		if isTool(project) && view.byProject(project) == nil {
			unread[project] = !i.privacy.shows(project)
		}
	}
	for project := range i.book.failing {
		note(project)
	}
	for name := range i.book.denied {
		project, _ := harbor.SplitName(name)
		note(project)
	}
	if maps.Equal(unread, view.unread) {
		return view
	}
	next := *view
	next.unread = unread
	return &next
}

// shows tells whether the last proof covers a project that was listed before it,
// and says that anybody may see it.
func (p privacy) shows(project string) bool {
	return p.known && (p.kind == harbor.Anonymous || !p.private[project])
}
