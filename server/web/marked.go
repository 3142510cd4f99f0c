package web

import "strings"

// piece is a part of a text, which was looked for or not.
type piece struct {
	Text string
	Hit  bool
}

// marked cuts a text where it holds what was looked for, whatever the case.
func marked(text, wanted string) []piece {
	low, wanted := strings.ToLower(text), strings.ToLower(wanted)
	if wanted == "" || len(low) != len(text) { // some letters change their length with their case
		return []piece{{text, false}}
	}
	var out []piece
	for {
		at := strings.Index(low, wanted)
		if at < 0 {
			break
		}
		if at > 0 {
			out = append(out, piece{text[:at], false})
		}
		end := at + len(wanted)
		out = append(out, piece{text[at:end], true})
		text, low = text[end:], low[end:]
	}
	if text != "" {
		out = append(out, piece{text, false})
	}
	return out
}

// rank puts what was looked for before the rest: 0 for the text itself, 1 for one
// that holds it, 2 for others.
func rank(text, wanted string) int {
	switch {
	case strings.EqualFold(text, wanted):
		return 0
	case strings.Contains(strings.ToLower(text), strings.ToLower(wanted)):
		return 1
	}
	return 2
}
