package web

import (
	"net/url"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// Images is the page of all images.
type Images struct {
	Frame
	// Standard are the pre-built images of this page, Built those that tools built.
	Standard, Built []api.Image
	// Query is what the reader looks for.
	Query Query
	// Next is the last name of this page, if another follows; else "".
	Next string
}

// Query is what a reader looks for, as the address has it.
type Query struct {
	Text, State, Type, Tool string
	After                   string
}

// Template implements [Page].
func (*Images) Template() string { return "images" }

// NextURL leads to the next page.
func (p *Images) NextURL() string {
	next := p.Query
	next.After = p.Next
	return p.Root + next.encode()
}

func (q Query) encode() string {
	values := url.Values{}
	for name, value := range map[string]string{"q": q.Text, "state": q.State, "type": q.Type, "tool": q.Tool, "after": q.After} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}
