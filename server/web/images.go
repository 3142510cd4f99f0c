package web

import (
	"net/url"
	"slices"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// Images is the page of all images: standard ones first, then those that tools
// built, then what was removed.
type Images struct {
	Frame
	Dates
	// Query is what the reader looks for.
	Query Query
	// Version is the catalog's; "" where none is known.
	Version string
	// Standard and Built are the images of this page, in the order of their names.
	Standard, Built []api.Image
	// Removed are the tombstones that fit, on the last page.
	Removed []Tombstone
	// StandardCount is how many standard images fit, on whatever page.
	StandardCount int
	// BuiltCount is how many images that tools built fit; -1 if there are more than
	// on this page, and nobody counted.
	BuiltCount int
	// Next is the last name of this page, if another follows; else "".
	Next string
	// Means is the image that the text leads to although no name holds it, such as
	// by a whole reference; "" for none.
	Means string
	// Suggestions are names that may have been meant, where nothing fits.
	Suggestions []string
}

// Template implements [Page].
func (*Images) Template() string { return "images" }

// aliasesShown is how many aliases a row has room for.
const aliasesShown = 3

// AliasRow gives the aliases that a row shows, those that were looked for first.
func (p *Images) AliasRow(image api.Image) Aliases {
	out := Aliases{Shown: ownAliases(image), Text: p.Query.Text}
	if p.Query.Text != "" {
		slices.SortStableFunc(out.Shown, func(a, b string) int { return rank(a, p.Query.Text) - rank(b, p.Query.Text) })
	}
	if len(out.Shown) > aliasesShown {
		out.More, out.Shown = len(out.Shown)-aliasesShown, out.Shown[:aliasesShown]
	}
	return out
}

// Aliases are those of one row: some of them, how many more there are, and what
// was looked for.
type Aliases struct {
	Shown []string
	More  int
	Text  string
}

// VariantsOf gives the variants of an image by name.
func (p *Images) VariantsOf(image api.Image) []Offer { return variantsOf(image) }

// Empty tells that nothing fits.
func (p *Images) Empty() bool {
	return len(p.Standard) == 0 && len(p.Built) == 0 && len(p.Removed) == 0
}

// Narrowed tells that more is asked for than a text.
func (p *Images) Narrowed() bool { q := p.Query; q.Text = ""; return !q.none() }

// Summary says how many images fit, for eyes and for screen readers.
func (p *Images) Summary() string {
	switch {
	case p.Query.After != "":
		return "More images, after " + p.Query.After + "."
	case p.Empty() && p.Means == "":
		return "Nothing fits."
	case p.Empty():
		return "Nothing fits, but what you look for is an image."
	}
	var found []string
	if p.StandardCount > 0 {
		found = append(found, count(p.StandardCount, "standard image"))
	}
	switch {
	case p.BuiltCount < 0:
		found = append(found, "more than "+count(len(p.Built), "image")+" that tools built")
	case p.BuiltCount > 0:
		found = append(found, count(p.BuiltCount, "image")+" that tools built")
	}
	if len(p.Removed) > 0 {
		found = append(found, count(len(p.Removed), "removed image"))
	}
	verb := " fit"
	switch {
	case p.Query.none():
		verb = ""
	case p.StandardCount+p.BuiltCount+len(p.Removed) == 1:
		verb = " fits"
	}
	return list(found) + verb + "."
}

// NextURL leads to the next page.
func (p *Images) NextURL() string {
	next := p.Query
	next.After = p.Next
	return p.Root + next.Encode()
}

// FirstURL leads to the first page.
func (p *Images) FirstURL() string {
	first := p.Query
	first.After = ""
	return p.Root + first.Encode()
}

// ListURL leads to the list with a query.
func (f *Frame) ListURL(q Query) string { return f.Root + q.Encode() }

// Query is what a reader looks for, as the address has it. Empty fields look for
// everything.
type Query struct {
	Text, State, Type, Tool, StackState string
	// After is the last name of the page before.
	After string
}

// none tells a query that looks for everything.
func (q Query) none() bool { q.After = ""; return q == Query{} }

// Encode gives the query as an address has it, with its question mark; "" for
// none.
func (q Query) Encode() string {
	values := url.Values{}
	for name, value := range map[string]string{"q": q.Text, "state": q.State, "type": q.Type, "tool": q.Tool, "stack_state": q.StackState, "after": q.After} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}

// Option is a choice of a filter.
type Option struct {
	Value, Name string
	Chosen      bool
}

// States are the choices of states.
func (q Query) States() []Option {
	return options(q.State, Option{"", "any state", false}, Option{api.StateStable, "stable", false}, Option{api.StateBeta, "beta", false},
		Option{api.StateDeprecated, "deprecated", false}, Option{StateRemoved, "removed", false})
}

// StateRemoved stands in the filter for tombstones, which are no images any more.
const StateRemoved = "removed"

// Types are the choices of types.
func (q Query) Types() []Option {
	return options(q.Type, Option{"", "any type", false}, Option{api.TypeStandard, "standard", false}, Option{api.TypeBuildservice, "built by tools", false})
}

// StackStates are the choices of states of the stack.
func (q Query) StackStates() []Option {
	return options(q.StackState, Option{"", "any stack", false}, Option{api.StateDeprecated, "deprecated", false}, Option{api.StateStable, "stable", false})
}

// options marks the one that is chosen; a word of which nobody knows is one too.
func options(chosen string, known ...Option) []Option {
	for i := range known {
		if known[i].Value == chosen {
			known[i].Chosen = true
			return known
		}
	}
	return append(known, Option{chosen, chosen, true})
}
