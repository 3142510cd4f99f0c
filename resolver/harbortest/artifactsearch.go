package harbortest

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
)

// artifactSearch is what a list of artifacts is asked for.
type artifactSearch struct {
	filters []filter
	ranges  []timeRange
	order   order
}

func artifactSearchOf(query url.Values) (artifactSearch, *apiError) {
	s := artifactSearch{order: ordersOf(query, order{"push_time", true}, "push_time", "pull_time", "size", "type", "digest")[0]}
	filters, problem := filtersOf(query)
	if problem != nil {
		return s, problem
	}
	for _, f := range filters {
		if f.key != "push_time" && f.key != "pull_time" {
			s.filters = append(s.filters, f)
			continue
		}
		low, high, problem := f.timeRange()
		if problem != nil {
			return s, problem
		}
		s.ranges = append(s.ranges, timeRange{f.key, low, high})
	}
	return s, nil
}

func (s artifactSearch) within(repositories []*repository) []located {
	var list []located
	for _, r := range repositories {
		for _, a := range r.artifacts {
			if a.listed() && s.admits(a) {
				list = append(list, located{a, r})
			}
		}
	}
	slices.SortFunc(list, s.order.compareArtifacts)
	return list
}

func (s artifactSearch) admits(a *artifact) bool {
	for _, t := range s.ranges {
		at := a.pushed
		if t.key == "pull_time" {
			at = a.pulled
		}
		if at < t.low || at > t.high {
			return false
		}
	}
	return !slices.ContainsFunc(s.filters, func(f filter) bool { return !f.artifact(a) })
}

// artifact tells whether a filter admits a. Keys that Harbor does not know admit
// everything.
func (f filter) artifact(a *artifact) bool {
	switch f.key {
	case "tags":
		return f.tags(a.tags)
	case "type":
		return f.text(a.content.kind)
	case "media_type":
		return f.text(a.content.mediaType)
	case "artifact_type":
		return f.text(a.content.artifactType)
	case "digest":
		return f.text(a.digest.String())
	}
	return true
}

// tags follows Harbor's words: "*" is any tag, "nil" is none.
func (f filter) tags(tags []tag) bool {
	switch f.value {
	case "*":
		return len(tags) > 0
	case "nil":
		return len(tags) == 0
	}
	return slices.ContainsFunc(tags, func(t tag) bool { return f.text(t.name) })
}

func (o order) compareArtifacts(a, b located) int {
	n := 0
	switch o.key {
	case "push_time":
		n = cmp.Compare(a.pushed, b.pushed)
	case "pull_time":
		n = cmp.Compare(a.pulled, b.pulled)
	case "size":
		n = cmp.Compare(a.size, b.size)
	case "type":
		n = strings.Compare(a.content.kind, b.content.kind)
	case "digest":
		n = slices.Compare(a.digest[:], b.digest[:])
	}
	n = cmp.Or(n, cmp.Compare(a.id, b.id))
	if o.desc {
		return -n
	}
	return n
}
