// Package names turns what people type into one image.
//
// Spellings are cut as jobs-api cuts them, because stored jobs carry them; that
// is not the grammar of OCI, which package chart/reference knows. What is no
// reference at all is an unknown name with its parts, never an error.
package names

import "strings"

// Spelling is a name as somebody wrote it, in jobs-api's parts. Parts that were
// not written are empty.
type Spelling struct {
	Text string // as written
	// Host is the first of several segments, if it holds a dot.
	Host string
	// Project is the first segment of a name that starts tool- and has a slash.
	Project string
	// Name is the rest, without the tag.
	Name   string
	Tag    string // after the last colon
	Digest string // after the at sign
}

// Parse cuts a spelling. It takes any string.
func Parse(text string) Spelling {
	s := Spelling{Text: text}
	rest, digest, _ := strings.Cut(text, "@")
	s.Digest = digest
	if first, after, found := strings.Cut(rest, "/"); found && strings.Contains(first, ".") {
		s.Host, rest = first, after
	}
	if strings.HasPrefix(rest, "tool-") {
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
