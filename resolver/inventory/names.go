package inventory

import "strings"

// separator stands in a project's name between two neighbours that are both "-"
// or "_", because Harbor does not take them side by side (builds-api's rule).
const separator = "char.sep"

// projectPrefix begins the name of each tool's project.
const projectPrefix = "tool-"

// maxToolName is how long a tool's name may be.
const maxToolName = 256

// ProjectOf gives the Harbor project of a tool, and false for what is no
// tool's name. The project is one that Harbor would take, but perhaps for its
// length.
func ProjectOf(tool string) (string, bool) {
	if !isToolName(tool) {
		return "", false
	}
	var b strings.Builder
	b.Grow(len(projectPrefix) + len(tool))
	b.WriteString(projectPrefix)
	for i := range len(tool) {
		if i > 0 && joins(tool[i]) && joins(tool[i-1]) {
			b.WriteString(separator)
		}
		b.WriteByte(tool[i])
	}
	return b.String(), true
}

// isToolName is written out, not a regular expression, because each repository
// of each listing is asked about: small letters, digits, "-" and "_", beginning
// with a letter and ending with a letter or a digit.
func isToolName(s string) bool {
	if s == "" || len(s) > maxToolName || s[0] < 'a' || s[0] > 'z' || joins(s[len(s)-1]) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !joins(c) && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// ToolOf gives the tool that a Harbor project belongs to, and false for a
// project that is no tool's. Tool names hold no dot, so it is [ProjectOf] in
// reverse.
func ToolOf(project string) (string, bool) {
	rest, ok := strings.CutPrefix(project, projectPrefix)
	if !ok {
		return "", false
	}
	tool := strings.ReplaceAll(rest, separator, "")
	back, ok := ProjectOf(tool)
	return tool, ok && back == project
}

func joins(c byte) bool { return c == '-' || c == '_' }
