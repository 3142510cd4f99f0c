package web

import "gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"

// Tools is where somebody finds the page of a tool.
type Tools struct {
	Frame
	// Wrong is what was typed and is no tool's name; "" for nothing.
	Wrong string
	// ToolCount and ImageCount count what anyone may see.
	ToolCount, ImageCount int
}

// Template implements [Page].
func (*Tools) Template() string { return "tools" }

// Deprecated leads to the images whose owners have something to do.
func (p *Tools) Deprecated() string {
	return p.ListURL(Query{Type: api.TypeBuildservice, StackState: api.StateDeprecated})
}
