// Package names turns what people type into one image.
//
// Spellings are cut as jobs-api cuts them, because stored jobs carry them; that
// is not the grammar of OCI, which package chart/reference knows. What is no
// reference at all is an unknown name with its parts, never an error.
//
// An [Index] knows the standard images, [InTool] looks into what one tool built,
// and a [Lookup] puts both together for one reader, who sees what is public and
// what is theirs. All of them look things up and ask nobody; package snapshot is
// where they look.
package names

import (
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

// Spelling is a name as somebody wrote it, in jobs-api's parts. Parts that were
// not written are empty.
type Spelling struct {
	Text string // as written
	// Host is the first of several segments, if it holds a dot and is no tool's
	// project.
	Host string
	// Project is the first segment of a name that starts tool- and has a slash.
	Project string
	// Name is the rest, without the tag.
	Name   string
	Tag    string // after the last colon
	Digest string // after the at sign
}

// projectPrefix begins the projects of tools.
const projectPrefix = "tool-"

// Parse cuts a spelling. It takes any string.
//
// In one thing it is not as jobs-api: the project of a tool such as a--b holds a
// dot (tool-a-char.sep-b), which jobs-api takes for that of a host, and so never
// finds what the tool built. No registry has such a name.
func Parse(text string) Spelling {
	s := Spelling{Text: text}
	rest, digest, _ := strings.Cut(text, "@")
	s.Digest = digest
	if first, after, found := strings.Cut(rest, "/"); found && strings.Contains(first, ".") && !isProject(first) {
		s.Host, rest = first, after
	}
	if strings.HasPrefix(rest, projectPrefix) {
		if project, after, found := strings.Cut(rest, "/"); found {
			s.Project, rest = project, after
		}
	}
	if at := strings.LastIndex(rest, ":"); at >= 0 {
		rest, s.Tag = rest[:at], rest[at+1:]
	}
	s.Name = rest
	return s
}

func isProject(segment string) bool {
	_, is := inventory.ToolOf(segment)
	return is
}

// Tool gives the tool whose project is named, whether it is written as Harbor
// has it (tool-a-char.sep-b) or as people do (tool-a--b); "" if there is none.
func (s Spelling) Tool() string {
	if tool, is := inventory.ToolOf(s.Project); is {
		return tool
	}
	tool, _ := strings.CutPrefix(s.Project, projectPrefix)
	if _, is := inventory.ProjectOf(tool); !is {
		return ""
	}
	return tool
}

// Path is the repository that the spelling names, without the host.
func (s Spelling) Path() string {
	if s.Project != "" {
		return s.Project + "/" + s.Name
	}
	return s.Name
}

// ShortName is the short name that jobs-api gives a spelling nothing is found
// for: path[:tag][@digest].
func (s Spelling) ShortName() string {
	short := s.Path()
	if s.Tag != "" {
		short += ":" + s.Tag
	}
	if s.Digest != "" {
		short += "@" + s.Digest
	}
	return short
}
