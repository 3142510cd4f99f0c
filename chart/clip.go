package chart

import (
	"strings"
	"unicode/utf8"
)

// maxQuoted is how many bytes a finding has for its place, and again for its
// message. Both quote the catalog, whose keys and texts may be of any length; a
// thousand findings are shown together.
const maxQuoted = 500

// clip cuts what is longer, between characters.
func clip(text string) string {
	if len(text) <= maxQuoted {
		return text
	}
	end := maxQuoted
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return strings.ToValidUTF8(text[:end], "") + "…"
}
