package inventory

import (
	"slices"
	"sort"
)

// shelves hold tools in the order of their projects, some hundred to a shelf.
// They are immutable: a change copies one shelf and the list of shelves, which
// is a few kilobytes among 100,000 tools. A tree would copy less, and cost more
// memory than the tools do.
type shelves [][]*Tool

const (
	fullShelf = 256           // a longer one is split
	goodShelf = fullShelf / 2 // how long its parts are, and what short ones are joined to
)

// search gives the place of the first tool that is not before a text.
func (s shelves) search(before func(*Tool) bool) (shelf, place int) {
	shelf = sort.Search(len(s), func(i int) bool { return !before(s[i][len(s[i])-1]) })
	if shelf == len(s) {
		return shelf, 0
	}
	place = sort.Search(len(s[shelf]), func(i int) bool { return !before(s[shelf][i]) })
	return shelf, place
}

// get gives a project's tool, or nil.
func (s shelves) get(project string) *Tool {
	shelf, place := s.search(func(t *Tool) bool { return compareProjects(t.Project, project) < 0 })
	if shelf == len(s) || s[shelf][place].Project != project {
		return nil
	}
	return s[shelf][place]
}

// from calls f with the tools whose keys are not before a text, in order, until
// it says false.
func (s shelves) from(text string, f func(*Tool) bool) {
	shelf, place := s.search(func(t *Tool) bool { return compareKey(t.Project, text) < 0 })
	for ; shelf < len(s); shelf, place = shelf+1, 0 {
		for _, t := range s[shelf][place:] {
			if !f(t) {
				return
			}
		}
	}
}

// back calls f with the tools whose projects are not after a project, in
// reverse order, until it says false. "" is after all.
func (s shelves) back(project string, f func(*Tool) bool) {
	shelf, place := len(s), 0
	if project != "" {
		shelf, place = s.search(func(t *Tool) bool { return compareProjects(t.Project, project) <= 0 })
	}
	for {
		for place > 0 {
			place--
			if !f(s[shelf][place]) {
				return
			}
		}
		if shelf == 0 {
			return
		}
		shelf--
		place = len(s[shelf])
	}
}

// with gives shelves in which projects are replaced, added, or (nil) removed.
func (s shelves) with(changes map[string]*Tool) shelves {
	projects := make([]string, 0, len(changes))
	for project := range changes {
		projects = append(projects, project)
	}
	slices.SortFunc(projects, compareProjects)
	var out shelves
	for i := 0; i <= len(s); i++ {
		// What comes before the next shelf's first tool belongs on this one.
		n := len(projects)
		if i+1 < len(s) {
			next := s[i+1][0].Project
			n = sort.Search(len(projects), func(j int) bool { return compareProjects(projects[j], next) >= 0 })
		}
		var shelf []*Tool
		if i < len(s) {
			shelf = s[i]
		}
		out = out.add(merge(shelf, projects[:n], changes), n > 0)
		projects = projects[n:]
	}
	return out
}

// merge gives a shelf with changes; the shelf itself if there are none.
func merge(shelf []*Tool, projects []string, changes map[string]*Tool) []*Tool {
	if len(projects) == 0 {
		return shelf
	}
	out := make([]*Tool, 0, len(shelf)+len(projects))
	for _, project := range projects {
		for len(shelf) > 0 && compareProjects(shelf[0].Project, project) < 0 {
			out, shelf = append(out, shelf[0]), shelf[1:]
		}
		if len(shelf) > 0 && shelf[0].Project == project {
			shelf = shelf[1:]
		}
		if t := changes[project]; t != nil {
			out = append(out, t)
		}
	}
	return append(out, shelf...)
}

// add puts a shelf behind the others. One that is new is split if it is too
// long, and joined to the last if both are short.
func (s shelves) add(shelf []*Tool, fresh bool) shelves {
	if len(shelf) == 0 {
		return s
	}
	if !fresh {
		return append(s, shelf)
	}
	if last := len(s) - 1; last >= 0 && len(s[last])+len(shelf) <= goodShelf {
		s[last] = slices.Concat(s[last], shelf)
		return s
	}
	for len(shelf) > fullShelf {
		s = append(s, slices.Clone(shelf[:goodShelf]))
		shelf = shelf[goodShelf:]
	}
	return append(s, slices.Clone(shelf)) // without room that nobody needs
}
