package server

import (
	"iter"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

// part is a standard image, or a tool with all that it built.
type part struct {
	standard []byte // its record; nil for a tool
	tool     *inventory.Tool
}

// parts gives what a whole list is made of, in the order of names. Tools stay in
// one piece: no standard image comes between two of theirs, because the catalog
// may not have names that begin as theirs do (tool-…/). Tools without an image
// are passed over.
func (p *pages) parts(which tools) iter.Seq[part] {
	return func(yield func(part) bool) {
		standard := p.fragments
		for tool := range which("", false) {
			if tool.Images() == 0 {
				continue
			}
			first := tool.Project + "/"
			for len(standard) > 0 && standard[0].image.ShortName < first {
				if !yield(part{standard: standard[0].json}) {
					return
				}
				standard = standard[1:]
			}
			if !yield(part{tool: tool}) {
				return
			}
		}
		for _, f := range standard {
			if !yield(part{standard: f.json}) {
				return
			}
		}
	}
}

// listsBefore tells whether the images of one project come before those of
// another.
func listsBefore(project, other string) bool { return project+"/" < other+"/" }
