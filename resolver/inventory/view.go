package inventory

// View is what all tools hold at one moment. It is immutable; a change makes a
// new one that shares the rest. The methods take nil for an empty one.
type View struct {
	// Counts are of all tools.
	Counts
	// Public are the counts of what anyone may see.
	Public Counts
	// LeftOut counts the projects with repositories whose names are no tool's, and
	// that anyone may see.
	LeftOut int

	// shelves hold the tools, and the projects that are no tool's and are kept
	// for standard images.
	shelves  shelves
	projects int // how many projects the shelves hold
	listed   int // how many repositories they hold
	hidden   int // how often a project turned from public to private
	// unread are the tools' projects that were never read, and whether they are
	// private. It is replaced as a whole.
	unread map[string]bool
}

func emptyView() *View { return &View{} }

// Tool gives a tool by its name, or nil.
func (v *View) Tool(name string) *Tool {
	project, ok := ProjectOf(name)
	if !ok || v == nil {
		return nil
	}
	return v.byProject(project)
}

func (v *View) byProject(project string) *Tool { return v.shelves.get(project) }

// Kept gives a project that is kept for standard images, or nil. It is no tool's;
// Name is "".
func (v *View) Kept(project string) *Tool {
	if v == nil {
		return nil
	}
	if t := v.byProject(project); t != nil && t.Name == "" {
		return t
	}
	return nil
}

// Private tells whether what a project holds is not for everybody, as far as is
// known.
func (v *View) Private(project string) bool {
	if v == nil {
		return false
	}
	t := v.byProject(project)
	return t != nil && t.Private
}

// HiddenSince tells whether a project that was public in an earlier view of the
// same inventory turned private.
func (v *View) HiddenSince(earlier *View) bool {
	return v != nil && earlier != nil && v.hidden != earlier.hidden
}

// Walk calls f with each tool in the order of the short names of its images,
// beginning with the first whose project and a slash are not before from, until
// f says false. Projects that are no tool's are passed over.
func (v *View) Walk(from string, f func(*Tool) bool) {
	if v == nil {
		return
	}
	v.shelves.from(from, func(t *Tool) bool { return t.Name == "" || f(t) })
}

// WalkBack is [View.Walk] from the last to the first: it begins with the last
// tool whose project is not after from, or with the very last if from is "".
func (v *View) WalkBack(from string, f func(*Tool) bool) {
	if v == nil {
		return
	}
	v.shelves.back(from, func(t *Tool) bool { return t.Name == "" || f(t) })
}

// walk calls f with each project that is kept, a tool's or not.
func (v *View) walk(f func(*Tool)) {
	v.shelves.from("", func(t *Tool) bool { f(t); return true })
}

// edit is a view in the making.
type edit struct {
	base    *View
	view    View
	changes map[string]*Tool // by project; nil for one that goes
}

func (v *View) edit() *edit { return &edit{base: v, view: *v, changes: map[string]*Tool{}} }

// commit gives the new view, or the old one if nothing changed.
func (e *edit) commit() *View {
	if len(e.changes) == 0 && e.view.LeftOut == e.base.LeftOut {
		return e.base
	}
	out := e.view
	if len(e.changes) > 0 {
		out.shelves = e.base.shelves.with(e.changes)
	}
	return &out
}

// tool gives what a project holds now in the edit, or nil.
func (e *edit) tool(project string) *Tool {
	if t, changed := e.changes[project]; changed {
		return t
	}
	return e.base.byProject(project)
}

// put sets what a project holds; one without repositories goes.
func (e *edit) put(tool *Tool) {
	if old := e.tool(tool.Project); old != nil {
		e.count(old, -1)
		if tool.Private && !old.Private {
			e.view.hidden++
		}
	}
	if len(tool.Repositories) == 0 {
		e.changes[tool.Project] = nil
		return
	}
	e.count(tool, 1)
	e.changes[tool.Project] = tool
}

func (e *edit) count(tool *Tool, sign int) {
	e.view.projects += sign
	e.view.listed += sign * len(tool.Repositories)
	if tool.Name == "" {
		return
	}
	e.view.add(tool, sign)
	if !tool.Private {
		e.view.Public.add(tool, sign)
	}
}
