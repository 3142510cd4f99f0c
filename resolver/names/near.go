package names

import (
	"cmp"
	"slices"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/nearest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

// Near gives the short names that may have been meant by a spelling that leads
// to nothing, at most five, the best first. They are standard images, and images
// of the spelled tool and of the reader's own as far as the reader may see them.
func (l Lookup) Near(text string) []string {
	var out suggestions
	s := Parse(text)
	spelled, own := l.tool(s), l.visible(l.Reader)
	if spelled != nil {
		out.add(nearIn(spelled, s)...)
	}
	if own != nil && own != spelled {
		if r := own.Repository(s.Name); r != nil {
			out.add(bestOf(own, r, s.Tag)...)
		}
	}
	for _, word := range l.Index.near(s.Name) {
		out.add(l.Index.Find(word).ShortName)
	}
	if own != nil && own != spelled {
		out.add(nearIn(own, s)...)
	}
	return out.names
}

// suggestions are a few short names, each once.
type suggestions struct{ names []string }

func (s *suggestions) add(names ...string) {
	for _, name := range names {
		if len(s.names) < maxNear && !slices.Contains(s.names, name) {
			s.names = append(s.names, name)
		}
	}
}

// nearIn gives the images of a tool that are near: other tags of the repository
// that is written, else what repositories with a like name offer, and those that
// its owners gave a like name.
func nearIn(tool *inventory.Tool, s Spelling) []string {
	if r := tool.Repository(s.Name); r != nil {
		return append(bestOf(tool, r, s.Tag), nearTags(tool, r, s.Tag)...)
	}
	list := nearest.Sorted{Len: len(tool.Repositories), At: func(i int) string { return tool.Repositories[i].Name }}
	var out []string
	for _, name := range list.Words(s.Name, maxNear) {
		out = append(out, bestOf(tool, tool.Repository(name), s.Tag)...)
	}
	for _, alias := range nearest.SortedSlice(tool.Aliases()).Words(s.Name, maxNear) {
		out = append(out, bestOf(tool, tool.Aliased(alias), s.Tag)...)
	}
	return out
}

// bestOf gives the image of a repository that has the tag, else what a spelling
// without a tag means; none if nothing is tagged there.
func bestOf(tool *inventory.Tool, r *inventory.Repository, tag string) []string {
	image := r.Image(cmp.Or(tag, reference.DefaultTag))
	if image == nil {
		image = r.Untagged()
	}
	if image == nil {
		return nil
	}
	return []string{candidate{r, image}.shortName(tool)}
}

// nearTags gives the images of a repository whose tags are like one.
func nearTags(tool *inventory.Tool, r *inventory.Repository, tag string) []string {
	list := nearest.Sorted{Len: len(r.Images), At: func(i int) string { return r.Images[i].Tag }}
	var out []string
	for _, like := range list.Words(tag, maxNear) {
		out = append(out, candidate{r, r.Image(like)}.shortName(tool))
	}
	return out
}
