package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/compare"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// changeGroup is the changes of one kind that break somebody, or nobody, for one
// reason: when a registry moves, every image does.
type changeGroup struct {
	title, reason string
	breaking      bool
	changes       compare.Changes
}

// grouped puts changes together, in the order of the first of each group.
func grouped(changes compare.Changes) []changeGroup {
	type key struct {
		title, reason string
		breaking      bool
	}
	var groups []changeGroup
	places := map[key]int{}
	for _, c := range changes {
		k := key{title: titleOf(c), reason: c.Reason, breaking: c.Breaking}
		at, known := places[k]
		if !known {
			at = len(groups)
			places[k] = at
			groups = append(groups, changeGroup{title: k.title, reason: k.reason, breaking: k.breaking})
		}
		groups[at].changes = append(groups[at].changes, c)
	}
	return groups
}

// titleOf names a kind of change: "reference moved (host, path)".
func titleOf(c compare.Change) string {
	title := strings.ReplaceAll(string(c.Kind), "-", " ")
	if len(c.Parts) == 0 {
		return title
	}
	parts := make([]string, len(c.Parts))
	for i, p := range c.Parts {
		parts[i] = string(p)
	}
	return title + " (" + strings.Join(parts, ", ") + ")"
}

// subjectOf says what changed: an image and the place in it, or what else has a
// name.
func subjectOf(c compare.Change) string {
	switch {
	case c.Stack != "":
		return c.Stack
	case c.Image == "":
		return c.Path
	case c.Alias != "":
		return c.Image + ", alias " + c.Alias
	}
	place, inside := strings.CutPrefix(c.Path, strictyaml.Keys("images", c.Image).String()+".")
	if !inside {
		return c.Image
	}
	return c.Image + ", " + place
}

// valueText writes an old or a new value on one line.
func valueText(v any) string {
	switch v := v.(type) {
	case nil:
		return "-"
	case string:
		return v
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

// diffText writes a difference for a terminal, what breaks somebody first.
func diffText(d difference, colour bool) string {
	var out strings.Builder
	breaking := "BREAKING"
	if colour {
		breaking = red + breaking + reset
	}
	for _, b := range d.Breaks {
		if out.Len() > 0 {
			out.WriteString("\n")
		}
		fmt.Fprintf(&out, "%s: %s\n  %s\n", breaking, shown(b.Name), shown(b.Message))
	}
	for _, g := range grouped(append(d.Changes.Breaking(), d.Changes.Safe()...)) {
		word := "safe"
		if g.breaking {
			word = breaking
		}
		if out.Len() > 0 {
			out.WriteString("\n")
		}
		fmt.Fprintf(&out, "%s: %s\n  %s\n", word, shown(g.title), shown(strings.ReplaceAll(g.reason, "; ", ";\n  ")))
		for _, c := range g.changes {
			fmt.Fprintf(&out, "    %s: %s -> %s\n", shown(subjectOf(c)), shown(valueText(c.Old)), shown(valueText(c.New)))
		}
	}
	return out.String()
}

// diffMarkdown writes changes as a comment on a merge request holds them.
func diffMarkdown(d difference) string {
	var out strings.Builder
	fmt.Fprintf(&out, "# Catalog: %s to %s\n", code(d.From.String()), code(d.To.String()))
	if len(d.Changes)+len(d.Breaks) == 0 {
		out.WriteString("\nNo difference.\n")
	}
	if len(d.Breaks) > 0 {
		fmt.Fprintf(&out, "\n## Consumers that break (%d)\n\n| break | what |\n|---|---|\n", len(d.Breaks))
		for _, b := range d.Breaks {
			fmt.Fprintf(&out, "| %s | %s |\n", code(b.Name), prose(b.Message))
		}
	}
	for _, part := range []struct {
		title   string
		changes compare.Changes
	}{{"Breaking", d.Changes.Breaking()}, {"Safe", d.Changes.Safe()}} {
		if len(part.changes) == 0 {
			continue
		}
		fmt.Fprintf(&out, "\n## %s (%d)\n", part.title, len(part.changes))
		for _, g := range grouped(part.changes) {
			fmt.Fprintf(&out, "\n### %s\n\n%s\n\n| what | old | new |\n|---|---|---|\n", capital(g.title), prose(g.reason))
			for _, c := range g.changes {
				fmt.Fprintf(&out, "| %s | %s | %s |\n", code(subjectOf(c)), code(valueText(c.Old)), code(valueText(c.New)))
			}
		}
	}
	return out.String()
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// code makes any text a word of code in a table's cell: what a catalog says is
// no markup.
func code(text string) string {
	text = strings.NewReplacer("\n", " ", "|", "\\|").Replace(shown(text))
	if text == "-" {
		return "–"
	}
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if len(fence) > 1 {
		return fence + " " + text + " " + fence
	}
	return fence + text + fence
}

// prose keeps what Markdown would take for markup as it is.
func prose(text string) string {
	return strings.NewReplacer("\\", "\\\\", "*", "\\*", "_", "\\_", "<", "&lt;", "[", "\\[", "|", "\\|").Replace(shown(text))
}
