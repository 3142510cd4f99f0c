package lint

import (
	"embed"
	"io/fs"
	"strings"

	"golang.org/x/tools/txtar"
)

// The manual: a file for each rule, with why it is one, a small chart that
// breaks it and what is said about that.
//
//go:embed rules/*.txtar
var manual embed.FS

// Example gives the parts of a rule's example: files of a chart, flags, what
// registries said, and last what is said about it all ("want"). A few rules have
// none, because it would be as long as what they are about.
func (r Rule) Example() []txtar.File {
	text, err := fs.ReadFile(manual, "rules/"+r.Name+".txtar")
	if err != nil {
		return nil
	}
	return txtar.Parse(text).Files
}

// titles are what stands above the parts of an example that are no files of a
// chart.
var titles = map[string]string{
	"flags":           "With these flags:",
	"registries.yaml": "What the registries, or the published catalog, said:",
	"want":            "What is said about it:",
}

// Explain gives all that there is to say about a rule, for a terminal.
func (r Rule) Explain() string {
	var b strings.Builder
	b.WriteString(r.Name + " (" + string(r.Severity) + ")\n\n" + r.Why + "\n")
	if r.Needs != "" {
		b.WriteString("It needs " + r.Needs.words() + ".\n")
	}
	for _, f := range r.Example() {
		title := f.Name + ", for example:"
		if t := titles[f.Name]; t != "" {
			title = t
		}
		b.WriteString("\n" + title + "\n\n    " + strings.ReplaceAll(strings.TrimSuffix(string(f.Data), "\n"), "\n", "\n    ") + "\n")
	}
	if !r.Fixed {
		b.WriteString("\nTo accept it on purpose, on its line or above:\n\n    # lint:allow " + r.Name + ": the reason\n")
	}
	return b.String()
}

// words says what a need is.
func (n Need) words() string {
	switch n {
	case NeedToday:
		return "to know which day it is"
	case NeedHosts:
		return "the hosts that images may come from"
	case NeedType:
		return "the type that is started by default"
	default:
		return "to ask the registries"
	}
}
