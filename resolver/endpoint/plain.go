package endpoint

import (
	"regexp"
	"strings"
	"unicode"
)

// maxPlain is how many bytes of somebody else's text a message shows.
const maxPlain = 200

var (
	query    = regexp.MustCompile(`\?[^\s"']*`)
	userInfo = regexp.MustCompile(`://[^/\s"'@]*@`)
)

// shownBack is a credential as it is sent (RFC 7617, RFC 6750).
var shownBack = regexp.MustCompile(`(?i)\b(basic|bearer)[\s:="']+[a-z0-9._~+/-]{6,}=*`)

// WithoutCredentials leaves out of a text what looks like a credential that was
// sent: a registry, or a proxy before it, may repeat a request in its error.
func WithoutCredentials(text string) string { return shownBack.ReplaceAllString(text, "$1 …") }

// plain makes a text from outside fit for a message: one short line without
// control characters, the queries of URLs and the credentials in them left out.
func plain(s string) string {
	if len(s) > 4*maxPlain {
		s = s[:4*maxPlain]
	}
	s = WithoutCredentials(userInfo.ReplaceAllString(query.ReplaceAllString(s, "?…"), "://…@"))
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "�"))
	if len(s) > maxPlain {
		s = strings.ToValidUTF8(s[:maxPlain], "") + "…"
	}
	return s
}
