package inventory

import (
	"slices"
	"strings"

	iradix "github.com/hashicorp/go-immutable-radix/v2"
)

// View is what all tools hold at one moment. It is immutable; a change makes a
// new one that shares the rest.
type View struct {
	// tools by the key of their project: its name and a slash, which is how the
	// short names of its images begin, so that walking the tree is walking the
	// images in the order of their names.
	tools *iradix.Tree[*Tool]
	// Tools counts the tools that have repositories.
	Tools int
	// Images counts the tags of all tools.
	Images int
	// Repositories counts the repositories of all tools.
	Repositories int
	// LeftOut counts the projects whose names are no tool's.
	LeftOut int
}

func emptyView() *View { return &View{tools: iradix.New[*Tool]()} }

// Tool gives a tool by its name, or nil.
func (v *View) Tool(name string) *Tool {
	project, ok := ProjectOf(name)
	if !ok || v == nil {
		return nil
	}
	return v.byProject(project)
}

// walk calls f with each project that is kept, a tool's or not.
func (v *View) walk(f func(*Tool)) {
	it := v.tools.Root().Iterator()
	for _, tool, ok := it.Next(); ok; _, tool, ok = it.Next() {
		f(tool)
	}
}

func (v *View) byProject(project string) *Tool {
	tool, _ := v.tools.Get(key(project))
	return tool
}

// Walk calls f with each tool in the order of the short names of its images,
// beginning with the first whose project and a slash are not before from, until
// f says false. Projects that are no tool's are passed over.
func (v *View) Walk(from string, f func(*Tool) bool) {
	if v == nil {
		return
	}
	it := v.tools.Root().Iterator()
	it.SeekLowerBound([]byte(from))
	for _, tool, ok := it.Next(); ok; _, tool, ok = it.Next() {
		if tool.Name != "" && !f(tool) {
			return
		}
	}
}

// sameAs tells whether two views hold the same tools.
func (v *View) sameAs(other *View) bool {
	return v.tools.Root() == other.tools.Root() && v.LeftOut == other.LeftOut
}

func key(project string) []byte { return []byte(project + "/") }

// edit is a view in the making.
type edit struct {
	view View
	txn  *iradix.Txn[*Tool]
}

func (v *View) edit() *edit { return &edit{view: *v, txn: v.tools.Txn()} }

func (e *edit) commit() *View {
	out := e.view
	out.tools = e.txn.Commit()
	return &out
}

// put sets what a project holds; a tool without repositories goes.
func (e *edit) put(tool *Tool) {
	k := key(tool.Project)
	if old, ok := e.txn.Get(k); ok {
		e.count(old, -1)
	}
	if len(tool.Repositories) == 0 {
		e.txn.Delete(k)
		return
	}
	e.count(tool, 1)
	e.txn.Insert(k, tool)
}

func (e *edit) count(tool *Tool, sign int) {
	if tool.Name == "" {
		return
	}
	e.view.Tools += sign
	e.view.Repositories += sign * len(tool.Repositories)
	for _, r := range tool.Repositories {
		e.view.Images += sign * len(r.Images)
	}
}

// walk calls f with each tool.
func (e *edit) walk(f func(*Tool)) {
	it := e.txn.Root().Iterator()
	for _, tool, ok := it.Next(); ok; _, tool, ok = it.Next() {
		f(tool)
	}
}

// tool gives what a project holds now in the edit, or an empty tool.
func (e *edit) tool(project string) *Tool {
	if t, ok := e.txn.Get(key(project)); ok {
		return t
	}
	name, _ := ToolOf(project)
	return &Tool{Name: name, Project: project}
}

// withRepository gives a copy of the tool in which a repository is replaced,
// added, or (nil) removed.
func (t *Tool) withRepository(name string, r *Repository) *Tool {
	out := *t
	at, found := slices.BinarySearchFunc(t.Repositories, name, func(r *Repository, name string) int {
		return strings.Compare(r.Name, name)
	})
	out.Repositories = slices.Clone(t.Repositories)
	switch {
	case found && r == nil:
		out.Repositories = slices.Delete(out.Repositories, at, at+1)
	case found:
		out.Repositories[at] = r
	case r != nil:
		out.Repositories = slices.Insert(out.Repositories, at, r)
	}
	return &out
}

// repository gives a repository by name, or nil.
func (t *Tool) repository(name string) *Repository {
	at, found := slices.BinarySearchFunc(t.Repositories, name, func(r *Repository, name string) int {
		return strings.Compare(r.Name, name)
	})
	if !found {
		return nil
	}
	return t.Repositories[at]
}

// WalkBack is [View.Walk] from the last to the first: it begins with the last
// tool whose project is not after from, or with the very last if from is "".
func (v *View) WalkBack(from string, f func(*Tool) bool) {
	if v == nil {
		return
	}
	it := v.tools.Root().ReverseIterator()
	if from != "" {
		it.SeekReverseLowerBound(key(from))
	}
	for _, tool, ok := it.Previous(); ok; _, tool, ok = it.Previous() {
		if tool.Name != "" && !f(tool) {
			return
		}
	}
}
