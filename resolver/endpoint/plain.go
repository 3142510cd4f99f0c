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

// plain makes a text from outside fit for a message: one short line without
// control characters, the queries of URLs and the credentials in them left out.
func plain(s string) string {
	if len(s) > 4*maxPlain {
		s = s[:4*maxPlain]
	}
	s = userInfo.ReplaceAllString(query.ReplaceAllString(s, "?…"), "://…@")
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
