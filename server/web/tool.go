package web

import (
	"fmt"
	"slices"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// Tool is the page of one tool's own images, as far as anyone may see them.
type Tool struct {
	Frame
	Dates
	Name   string
	Images []api.Image
	// Asked is false while the registry of tools' images never answered.
	Asked bool
}

// Template implements [Page].
func (*Tool) Template() string { return "tool" }

// ToDo are the images that somebody has to build again, Rest the others.
func (p *Tool) ToDo() []api.Image { return p.which(true) }

// Rest are the images of which nothing needs to be done.
func (p *Tool) Rest() []api.Image { return p.which(false) }

func (p *Tool) which(toDo bool) []api.Image {
	return slices.DeleteFunc(slices.Clone(p.Images), func(i api.Image) bool { return needsBuild(i) != toDo })
}

// needsBuild tells whether an image stands on something that is on its way out,
// or its owner calls it so.
func needsBuild(i api.Image) bool {
	return i.Stack != nil && i.Stack.State == api.StateDeprecated || i.State == api.StateDeprecated
}

// Verdict says in a sentence how the tool stands.
func (p *Tool) Verdict() string {
	onStack := 0
	for _, i := range p.Images {
		if i.Stack != nil && i.Stack.State == api.StateDeprecated {
			onStack++
		}
	}
	switch {
	case onStack == 0:
		return fmt.Sprintf("None of its %s stands on a deprecated stack.", count(len(p.Images), "public image"))
	case onStack == 1 && len(p.Images) == 1:
		return "Its only public image stands on a deprecated stack: it has to be built again."
	case onStack == 1:
		return fmt.Sprintf("1 of its %d public images stands on a deprecated stack: it has to be built again.", len(p.Images))
	}
	return fmt.Sprintf("%d of its %d public images stand on a deprecated stack: they have to be built again.", onStack, len(p.Images))
}

// Stacks are the deprecated stacks that the tool's images stand on.
func (p *Tool) Stacks() []api.Stack {
	var out []api.Stack
	for _, i := range p.Images {
		if i.Stack != nil && i.Stack.State == api.StateDeprecated && !slices.Contains(out, *i.Stack) {
			out = append(out, *i.Stack)
		}
	}
	return out
}

// Cells is what the rows of both tables have in common.
type Cells struct {
	Image    api.Image
	Age      string
	Findings []string
}

// Cells gives those of an image.
func (p *Tool) Cells(i api.Image) Cells {
	return Cells{i, p.Age(i.PushedAt), findings(i.Vulnerabilities)}
}

// OwnAliases are the names that the owner gave an image.
func (p *Tool) OwnAliases(i api.Image) []string { return ownAliases(i) }

// ownAliases leaves out the name with its digest, which every such image has.
func ownAliases(i api.Image) []string {
	return slices.DeleteFunc(slices.Clone([]string(i.Aliases)), func(alias string) bool {
		return i.Type != api.TypeStandard && i.Digest != "" && alias == i.ShortName+"@"+i.Digest
	})
}

// Query finds the tool's images in the list of all.
func (p *Tool) Query() Query { return Query{Tool: p.Name} }
