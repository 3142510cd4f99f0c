package main

import (
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"github.com/rogpeppe/go-internal/diff"
)

// fileDiff writes what changes in a file, as git does, without a change more than
// there is. The one algorithm finds its way through files of any size, and
// takes lines of which there are many (variants:) for changed where they stand
// between changes; the other looks at these again, and would be lost in the whole.
func fileDiff(name string, before, after []byte) string {
	text := string(diff.Diff("a/"+name, before, "b/"+name, after))
	_, text, _ = strings.Cut(text, "\n") // the line "diff a b" says nothing more
	lines := slices.Collect(strings.Lines(text))
	var out strings.Builder
	var old, now, none []string
	last := &none
	flush := func() {
		out.WriteString(replaced(strings.Join(old, ""), strings.Join(now, "")))
		old, now, last = nil, nil, &none
	}
	for i, line := range lines {
		switch {
		case i < 2: // the names of the files
			out.WriteString(line)
		case line[0] == '-':
			last = &old
			old = append(old, line[1:])
		case line[0] == '+':
			last = &now
			now = append(now, line[1:])
		case line[0] == '\\' && len(*last) > 0: // the line before has no end, and is another one with it
			end := &(*last)[len(*last)-1]
			*end = strings.TrimSuffix(*end, "\n") + unended + line
		default:
			flush()
			out.WriteString(line)
		}
	}
	flush()
	return strings.ReplaceAll(out.String(), unended, "\n")
}

// unended stands between a line without an end and the note of that. No text of
// YAML holds it.
const unended = "\x00"

// replaced writes lines and those in their place. The numbers of both are the
// same as without a second look.
func replaced(old, now string) string {
	var out strings.Builder
	marked := func(mark, text string) {
		for line := range strings.Lines(text) {
			out.WriteString(mark + line)
		}
	}
	at := 0
	for _, e := range udiff.Lines(old, now) {
		marked(" ", old[at:e.Start])
		marked("-", old[e.Start:e.End])
		marked("+", e.New)
		at = e.End
	}
	marked(" ", old[at:])
	return out.String()
}
