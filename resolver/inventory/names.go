package inventory

import (
	"regexp"
	"strings"
)

// separator stands in a project's name between two neighbours that are both "-"
// or "_", because Harbor does not take them side by side (builds-api's rule).
const separator = "char.sep"

// projectPrefix begins the name of each tool's project.
const projectPrefix = "tool-"

var (
	toolPattern    = regexp.MustCompile(`^[a-z]([-_a-z0-9]{0,254}[a-z0-9])?$`)
	projectPattern = regexp.MustCompile(`^[a-z0-9]+(?:[._-][a-z0-9]+)*$`)
)

// ProjectOf gives the Harbor project of a tool, and false for what is no
// tool's name or has no project that Harbor would take.
func ProjectOf(tool string) (string, bool) {
	if !toolPattern.MatchString(tool) {
		return "", false
	}
	var b strings.Builder
	b.WriteString(projectPrefix)
	for i := range len(tool) {
		if i > 0 && joins(tool[i]) && joins(tool[i-1]) {
			b.WriteString(separator)
		}
		b.WriteByte(tool[i])
	}
	project := b.String()
	return project, projectPattern.MatchString(project)
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
