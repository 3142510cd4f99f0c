// Package lint tells the maintainers of a catalog what they should mend.
//
// Package chart says what is invalid: a server refuses that, and what is said
// there is said here too. This package builds on it and adds what is valid and
// still a mistake, or what one of the consumers of today would stumble over. None
// of that stops a server. A finding of this package may be accepted on purpose,
// by a comment that gives the reason:
//
//	# lint:allow RULE: reason
//
// The rules are in a table with one line of why each ([Rules]); the folder rules
// has an example of each and is their manual. The package asks no network: what
// registries said is handed to it as [Facts].
package lint

import (
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/consumers"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// DefaultType is the web service that Toolforge's webservice command starts
// when its user names none.
const DefaultType = consumers.DefaultType

// Options say what the rules may know besides the catalog. The zero value runs
// the rules that need nothing.
type Options struct {
	// Today is the UTC day that dates are compared with; "" leaves those rules out.
	Today chart.Date
	// AllowedHosts are the registry hosts that images may come from; none leaves
	// that rule out.
	AllowedHosts []string
	// DefaultType is the short name that the webservice command starts when its
	// user names none; "" leaves that rule out.
	DefaultType string
	// Facts is what registries said; nil leaves the rules about them out.
	Facts *Facts
}

// Result is all that is said about one chart.
type Result struct {
	// Findings holds what package chart finds and what this package does, in the
	// order of the files, at most [chart.MaxFindings] and one that counts the rest.
	Findings chart.Findings
	// Allowed are the findings that a comment accepts.
	Allowed []Allowed
}

// Allowed is a finding that a comment accepts, with the reason it gives.
type Allowed struct {
	chart.Finding
	Reason string `json:"reason"`
}

// Run finds everything in one chart. It always gives a result: what cannot be
// read is a finding.
func Run(source *chart.Source, opts Options) Result {
	loaded, findings := source.Check()
	if loaded == nil {
		return Result{Findings: findings}
	}
	root := source.Document()
	l := &linter{opts: opts, root: root, catalog: loaded.Catalog, file: source.ValuesFile(), invalid: map[string]bool{}}
	for _, f := range findings {
		if f.Severity == chart.SeverityError && f.File == l.file {
			l.invalid[f.Path] = true
		}
	}
	l.images = l.readEntries()
	l.offered = l.readOffers()
	for _, rule := range own() {
		l.rule = rule
		rule.check(l)
	}
	allows := readAllows(string(source.Values()), root)
	return l.settle(findings, allows)
}

// linter collects findings about one catalog.
type linter struct {
	opts    Options
	root    *strictyaml.Node
	catalog *chart.Catalog
	file    string
	invalid map[string]bool // paths that package chart refuses
	images  []named         // in the order of the file
	offered []offer         // of all images
	rule    Rule            // whose check runs
	found   chart.Findings
	dropped int
}

// say adds a finding of the rule that runs. What is invalid is not also judged.
func (l *linter) say(path strictyaml.Path, format string, args ...any) {
	place := path.String()
	switch {
	case l.invalid[place]:
		return
	case len(l.found) >= chart.MaxFindings:
		l.dropped++
		return
	}
	_, line, column := l.root.Find(path)
	l.found = append(l.found, chart.Finding{
		Rule: l.rule.Name, Severity: l.rule.Severity, File: l.file,
		Line: line, Column: column, Path: place, Message: fmt.Sprintf(format, args...),
	})
}

// named is an entry with its short name.
type named struct {
	name  string
	entry *chart.Entry
}

// at gives the path of a key of the entry.
func (n named) at(keys ...string) strictyaml.Path {
	return strictyaml.Keys(append([]string{"images", n.name}, keys...)...)
}

// readEntries gives the images as they are written, so that of two that are
// alike the second is reported.
func (l *linter) readEntries() []named {
	images := l.root.Get("images")
	if images == nil {
		return nil
	}
	out := make([]named, 0, len(images.Fields))
	for _, f := range images.Fields {
		if entry := l.catalog.Images[f.Key]; entry != nil {
			out = append(out, named{f.Key, entry})
		}
	}
	return out
}
