package harbortest

import (
	"cmp"
	"slices"
	"sort"
	"strconv"
)

// repositorySearch is what a list of repositories is asked for.
type repositorySearch struct {
	filters []filter // but for the ranges
	ranges  []timeRange
	order   order
}

type timeRange struct {
	key       string
	low, high stamp
}

func repositorySearchOf(query map[string][]string) (repositorySearch, *apiError) {
	s := repositorySearch{order: ordersOf(query, order{"creation_time", true}, "creation_time", "update_time", "name", "pull_count")[0]}
	filters, problem := filtersOf(query)
	if problem != nil {
		return s, problem
	}
	for _, f := range filters {
		switch f.key {
		case "update_time", "creation_time":
			low, high, problem := f.timeRange()
			if problem != nil {
				return s, problem
			}
			s.ranges = append(s.ranges, timeRange{f.key, low, high})
		case "name", "project_id", "repository_id":
			s.filters = append(s.filters, f)
		}
	}
	return s, nil
}

// search finds a page among all repositories. The usual questions (newest by
// either time, with or without a range) use the sorted lists and walk no further
// than the page.
func (s *state) search(q repositorySearch, v viewer, p page) (rows []*repository, total int64) {
	list := s.created
	if q.order.key == "update_time" {
		list = s.updated
	}
	ranged := len(q.ranges) == 1 && len(q.filters) == 0 && q.ranges[0].key == "update_time"
	simple := len(q.ranges) == 0 && len(q.filters) == 0
	switch {
	case simple && (q.order.key == "update_time" || q.order.key == "creation_time"):
		total = s.visible(v)
	case ranged && q.order.key == "update_time":
		list = q.ranges[0].cut(list)
		total = seen(list, v)
	default:
		return q.within(slices.Collect(func(yield func(*repository) bool) {
			for _, r := range s.created {
				if v.sees(r.project) && !yield(r) {
					return
				}
			}
		}), p)
	}
	from, to := p.window(total)
	return walk(list, q.order.desc, v, from, to, total), total
}

// cut gives the part of a list, sorted by update_time, that lies in the range.
func (t timeRange) cut(list []*repository) []*repository {
	from := sort.Search(len(list), func(i int) bool { return list[i].updated >= t.low })
	to := sort.Search(len(list), func(i int) bool { return list[i].updated > t.high })
	return list[from:max(from, to)]
}

func seen(list []*repository, v viewer) (n int64) {
	for _, r := range list {
		if v.sees(r.project) {
			n++
		}
	}
	return n
}

// walk collects rows from..to of what v sees of list. If v sees all of it, it
// goes there directly.
func walk(list []*repository, desc bool, v viewer, from, to, total int64) []*repository {
	rows := make([]*repository, 0, to-from)
	at := func(i int64) *repository {
		if desc {
			return list[int64(len(list))-1-i]
		}
		return list[i]
	}
	all := total == int64(len(list))
	i, place := int64(0), int64(0)
	if all {
		i, place = from, from
	}
	for ; place < to && i < int64(len(list)); i++ {
		r := at(i)
		if !all && !v.sees(r.project) {
			continue
		}
		if place >= from {
			rows = append(rows, r)
		}
		place++
	}
	return rows
}

// within filters and sorts a list that it may reorder.
func (q repositorySearch) within(list []*repository, p page) ([]*repository, int64) {
	list = slices.DeleteFunc(list, func(r *repository) bool { return !q.admits(r) })
	slices.SortFunc(list, q.order.compareRepositories)
	from, to := p.window(int64(len(list)))
	return list[from:to], int64(len(list))
}

func (q repositorySearch) admits(r *repository) bool {
	for _, t := range q.ranges {
		at := r.updated
		if t.key == "creation_time" {
			at = r.created
		}
		if at < t.low || at > t.high {
			return false
		}
	}
	for _, f := range q.filters {
		text := r.name
		switch f.key {
		case "project_id":
			text = strconv.FormatInt(r.project.id, 10)
		case "repository_id":
			text = strconv.FormatInt(r.id, 10)
		}
		if !f.text(text) {
			return false
		}
	}
	return true
}

func (o order) compareRepositories(a, b *repository) int {
	n := 0
	switch o.key {
	case "update_time":
		n = cmp.Compare(a.updated, b.updated)
	case "creation_time":
		n = cmp.Compare(a.created, b.created)
	case "name":
		n = cmp.Compare(a.name, b.name)
	case "pull_count":
		n = cmp.Compare(a.pulls, b.pulls)
	}
	n = cmp.Or(n, cmp.Compare(a.id, b.id))
	if o.desc {
		return -n
	}
	return n
}
