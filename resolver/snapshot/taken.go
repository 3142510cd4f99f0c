package snapshot

import (
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

// taken are the names that a catalog leaves no marker.
type taken struct {
	// names are short names, aliases, and those of tombstones.
	names map[string]bool
	// paths are repositories that lead to images: who is asked for by one must not
	// get another. They map to the image, or to "" if there are several.
	paths map[string]string
}

func (o *outline) names() *taken {
	t := &taken{names: map[string]bool{}, paths: map[string]string{}}
	for name := range o.tombstones {
		t.names[name] = true
	}
	for i := range o.records {
		image := &o.records[i].image
		t.names[image.ShortName] = true
		for _, alias := range image.Aliases {
			t.names[alias] = true
		}
		image.paths(func(path string) { t.lead(path, image.ShortName) })
	}
	return t
}

// findGuests finds the repositories in tools' projects that lead to standard
// images. There are hardly ever any.
func (o *outline) findGuests() map[string]bool {
	guests := map[string]bool{}
	for i := range o.records {
		o.records[i].image.paths(func(path string) {
			project, _, inside := strings.Cut(path, "/")
			if _, isTool := inventory.ToolOf(project); inside && isTool {
				guests[path] = true
			}
		})
	}
	return guests
}

// paths calls f with each repository that a standard image has or had.
func (i *Image) paths(f func(path string)) {
	f(i.Reference.Path)
	for _, v := range i.Variants {
		f(v.Reference.Path)
	}
	for _, former := range i.Formerly {
		f(former.Path)
	}
}

func (t *taken) lead(path, image string) {
	if before, some := t.paths[path]; some && before != image {
		image = ""
	}
	t.paths[path] = image
}

// isFree tells whether an image may have a name.
func (t *taken) isFree(name, image string) bool {
	leads, some := t.paths[name]
	return !t.names[name] && (!some || leads == image)
}
