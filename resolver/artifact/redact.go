package artifact

import (
	"errors"
	"regexp"
	"strings"
	"unicode"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
)

// maxQuoted is how many bytes of a foreign text a message of ours may hold.
const maxQuoted = 300

// clip makes a foreign text fit for a message: printable, not long, and without
// credentials that are shown back.
func clip(text string) string {
	text = endpoint.WithoutCredentials(text)
	if len(text) > maxQuoted {
		text = text[:maxQuoted] + "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(text, "?"))
}

var (
	queries = regexp.MustCompile(`\?[^\s"']*`)
	users   = regexp.MustCompile(`//[^/\s"'@]*@`)
	// places are how ORAS begins an error: with the address where a registry is
	// really reached, which is for the operator's settings and nobody else's eyes.
	places = regexp.MustCompile(`(?:GET|HEAD|POST|PUT|PATCH|DELETE) "[^"]*": `)
)

// redacted is a foreign error without what may be secret in it: the query of a
// signed URL, a password in one. It still answers errors.Is for its cause, but
// does not hand the cause out.
type redacted struct {
	text  string
	cause error
}

func (e *redacted) Error() string        { return e.text }
func (e *redacted) Is(target error) bool { return errors.Is(e.cause, target) }

func redact(err error) error {
	text := places.ReplaceAllString(err.Error(), "")
	text = users.ReplaceAllString(queries.ReplaceAllString(text, "?…"), "//…@")
	return &redacted{clip(text), err}
}
