package server

import (
	"iter"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// tools gives the tools whose images a list has, in the order of their names,
// beginning with the one that could hold the name after; backwards if asked.
type tools func(after string, descending bool) iter.Seq[*inventory.Tool]

// one is the images of one tool; nil is none.
func one(tool *inventory.Tool) tools {
	return func(string, bool) iter.Seq[*inventory.Tool] {
		return func(yield func(*inventory.Tool) bool) {
			if tool != nil {
				yield(tool)
			}
		}
	}
}

// public is the images of all tools that anyone may see.
func public(view *inventory.View) tools {
	return func(after string, descending bool) iter.Seq[*inventory.Tool] {
		return func(yield func(*inventory.Tool) bool) {
			project, _, _ := strings.Cut(after, "/")
			visit := func(t *inventory.Tool) bool { return t.Private || yield(t) }
			if descending {
				view.WalkBack(project, visit)
			} else {
				view.Walk(project, visit)
			}
		}
	}
}

// walk gives the records of a list in the order of their names, from the first
// after a name, backwards if asked: standard images and those of tools.
func (p *pages) walk(which tools, after string, descending bool) iter.Seq[fragment] {
	return func(yield func(fragment) bool) {
		next, stop := iter.Pull(p.standardFrom(after, descending))
		defer stop()
		standard, more := next()
		before := func(name string) bool { // the standard image comes before that name
			return (standard.image.ShortName < name) != descending
		}
		for tool := range which(after, descending) {
			built := fragmentsOf(p.snapshot, tool)
			if descending {
				slices.Reverse(built)
			}
			for _, f := range built {
				if after != "" && !comesAfter(f.image, after, descending) {
					continue
				}
				for more && before(f.image.ShortName) {
					if !yield(standard) {
						return
					}
					standard, more = next()
				}
				if !yield(f) {
					return
				}
			}
		}
		for more {
			if !yield(standard) {
				return
			}
			standard, more = next()
		}
	}
}

func comesAfter(i *snapshot.Image, name string, descending bool) bool {
	if descending {
		return i.ShortName < name
	}
	return i.ShortName > name
}

// standardFrom gives the standard images from the first after a name.
func (p *pages) standardFrom(after string, descending bool) iter.Seq[fragment] {
	all := p.fragments
	at, found := slices.BinarySearchFunc(all, after, func(f fragment, name string) int {
		return strings.Compare(f.image.ShortName, name)
	})
	switch {
	case descending && after == "":
		at = len(all)
	case !descending && found:
		at++
	}
	return func(yield func(fragment) bool) {
		if descending {
			for i := at - 1; i >= 0 && yield(all[i]); i-- {
			}
			return
		}
		for i := at; i < len(all) && yield(all[i]); i++ {
		}
	}
}
