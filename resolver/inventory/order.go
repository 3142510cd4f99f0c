package inventory

import "strings"

// Projects stand in the order of the short names of their images, so of their
// names with a slash behind: "tool-a-b/" comes before "tool-a/".

// compareKey compares a project's name and a slash with a text.
func compareKey(project, text string) int {
	n := min(len(project), len(text))
	if c := strings.Compare(project[:n], text[:n]); c != 0 {
		return c
	}
	if len(text) <= len(project) {
		return 1 // the text is its beginning
	}
	return strings.Compare("/", text[n:])
}

// compareProjects compares two projects' names, each with a slash behind.
func compareProjects(a, b string) int {
	n := min(len(a), len(b))
	if c := strings.Compare(a[:n], b[:n]); c != 0 {
		return c
	}
	switch {
	case len(a) < len(b):
		return strings.Compare("/", b[n:])
	case len(a) > len(b):
		return strings.Compare(a[n:], "/")
	}
	return 0
}
