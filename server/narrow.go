package server

import (
	"iter"
	"slices"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// narrow leaves out tools none of whose images could pass the filter, so that
// asking for one of them does not look at all.
func (f *filter) narrow(view *inventory.View, all tools) tools {
	switch {
	case !oneOf(f.types, string(snapshot.Buildservice)):
		return one(nil)
	case len(f.tools) > 0:
		return some(view, f.tools)
	case len(f.names) > 0:
		wanted := make([]string, len(f.names))
		for i, name := range f.names {
			wanted[i] = toolNamed(name)
		}
		return some(view, wanted)
	}
	return all
}

// some is the images of tools by name, as far as anyone may see them.
func some(view *inventory.View, names []string) tools {
	var found []*inventory.Tool
	for _, name := range names {
		if tool := view.Tool(name); tool != nil && !tool.Private && !slices.Contains(found, tool) {
			found = append(found, tool)
		}
	}
	slices.SortFunc(found, func(a, b *inventory.Tool) int {
		if listsBefore(a.Project, b.Project) {
			return -1
		}
		return 1 // no tool is there twice
	})
	return func(_ string, descending bool) iter.Seq[*inventory.Tool] {
		if !descending {
			return slices.Values(found)
		}
		return func(yield func(*inventory.Tool) bool) {
			for _, tool := range slices.Backward(found) {
				if !yield(tool) {
					return
				}
			}
		}
	}
}
