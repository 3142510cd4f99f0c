// Package marker reads metadata that people write into tags: a tag such as
// state-deprecated or aliases-web_.front says something of its repository and
// names no image.
//
// This file is the grammar, one tag at a time; [Reader] puts what all tags of a
// repository say together, and [Settle] decides between repositories. The
// package asks nobody and knows no records: sources of facts find the tags, and
// package snapshot says what they mean for an image. It imports nothing of
// Bayplan. docs/markers.md has the rules for people.
package marker

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Kind is what a marker speaks of: the part of the tag before the first "-".
type Kind string

// The kinds.
const (
	// Aliases are other names, in the grammar of the catalog's.
	Aliases Kind = "aliases"
	// State is the state: stable, beta or deprecated.
	State Kind = "state"
	// Resources is the webservice command's word for what a web service gets.
	Resources Kind = "resources"
	// WSType is the webservice command's word for how a web service is run.
	WSType Kind = "wstype"
)

// words are the values of the kinds that take one of a few. They are closed
// sets: the webservice command ends with an error for every tool if it meets
// another word, so that a misspelt one must stay an ordinary tag.
var words = map[Kind][]string{
	State:     {"stable", "beta", "deprecated"}, // from the best to the worst
	Resources: {"default", "jdk"},
	WSType:    {"generic", "js", "lighttpd", "lighttpd-plain", "python"},
}

// Marker is what one tag says.
type Marker struct {
	Kind Kind
	// Values are one word, or of Aliases one or more names, none of them twice.
	Values []string
}

// MaxTag is how long a tag may be, in bytes (OCI distribution specification).
const MaxTag = 128

// Parse reads a tag. It is a marker only if its whole value parses; else it is
// an ordinary tag, and the result is false.
func Parse(tag string) (Marker, bool) {
	word, value, found := strings.Cut(tag, "-")
	if !found || len(tag) > MaxTag {
		return Marker{}, false
	}
	kind := Kind(word)
	if kind == Aliases {
		names, ok := unescape(value)
		if !ok || !areNames(names) {
			return Marker{}, false
		}
		return Marker{Kind: Aliases, Values: names}, true
	}
	at := slices.Index(words[kind], value)
	if at < 0 {
		return Marker{}, false
	}
	// The word, not the part of a longer text that it was found in.
	return Marker{Kind: kind, Values: words[kind][at : at+1 : at+1]}, true
}

// Tag writes a marker as the one tag that [Parse] reads back. The error says
// which value cannot be written.
func (m Marker) Tag() (string, error) {
	tag := string(m.Kind) + "-"
	switch {
	case m.Kind == Aliases && areNames(m.Values):
		tag += escape(m.Values)
	case len(m.Values) == 1 && slices.Contains(words[m.Kind], m.Values[0]):
		tag += m.Values[0]
	default:
		return "", fmt.Errorf("%s cannot be %q", m.Kind, m.Values)
	}
	if len(tag) > MaxTag {
		return "", fmt.Errorf("%s takes %d characters, and a tag has at most %d: write several tags", tag, len(tag), MaxTag)
	}
	return tag, nil
}

// A tag holds no slash, so that "_" is a sign for what follows it: "__" is an
// underscore, "_." a slash, and "_-" is between two names. All else is itself.
var escapes = strings.NewReplacer("_", "__", "/", "_.")

func escape(names []string) string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = escapes.Replace(name)
	}
	return strings.Join(out, "_-")
}

// unescape is the reverse; false for an underscore that is no sign.
func unescape(value string) (names []string, ok bool) {
	var name strings.Builder
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '/':
			return nil, false // no tag holds one
		case '_':
		default:
			name.WriteByte(value[i])
			continue
		}
		if i++; i == len(value) {
			return nil, false
		}
		switch value[i] {
		case '_':
			name.WriteByte('_')
		case '.':
			name.WriteByte('/')
		case '-':
			names = append(names, name.String())
			name.Reset()
		default:
			return nil, false
		}
	}
	return append(names, name.String()), true
}

// namePattern is the catalog's of names, which a test holds against its schema.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$`)

// areNames tells whether there are names, and all of them such as the catalog
// takes for aliases, and none twice.
func areNames(names []string) bool {
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if seen[name] || !isName(name) {
			return false
		}
		seen[name] = true
	}
	return len(names) > 0
}

// isName leaves out what the catalog keeps for user-built images: the word for
// their type, and names of their form.
func isName(name string) bool {
	first, _, inside := strings.Cut(name, "/")
	return namePattern.MatchString(name) && name != "buildservice" && (!inside || !strings.HasPrefix(first, "tool-"))
}
