package chart

import (
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// Load understands a source for serving. Any error finding gives an
// [InvalidError] with all findings. Keys that this build does not know, and
// words of a newer minor format, are warnings: a catalog that is newer than the
// server must not stop it.
func (s *Source) Load() (*Chart, error) {
	loaded, findings := s.check(true)
	if len(findings.Errors()) > 0 {
		return nil, &InvalidError{Findings: findings}
	}
	loaded.Warnings = findings.Warnings()
	return loaded, nil
}

// Check understands a source for its maintainers, and reports everything at
// once. The chart is nil where the text could not be read at all. Keys that
// this build does not know are errors here, because they are typing mistakes.
func (s *Source) Check() (*Chart, Findings) { return s.check(false) }

func (s *Source) check(lenient bool) (*Chart, Findings) {
	c := &checker{source: s, lenient: lenient}
	out := &Chart{Catalog: &Catalog{}}
	if s.chart != nil {
		out.Metadata = c.metadata()
	}
	root, problems := strictyaml.Parse(s.values)
	if s.legacy {
		out.Metadata, root, problems = s.wrap(root, problems)
	}
	c.open(valuesFile, root)
	for _, p := range problems {
		c.problem(p)
	}
	if root == nil {
		return nil, c.all()
	}
	c.formatVersion()
	c.rootKeys()
	c.scalars()
	c.schema()
	out.Catalog = decode(root)
	c.rules(out.Catalog)
	return out, c.all()
}

// checker collects findings about one source.
type checker struct {
	source   *Source
	lenient  bool
	newer    bool // the catalog's format is a newer minor than this build knows
	file     string
	root     *strictyaml.Node
	findings Findings
	dropped  int // findings beyond MaxFindings
	errors   int // of these, the errors
}

// open says which file the next findings are about.
func (c *checker) open(name string, root *strictyaml.Node) {
	c.file, c.root = c.source.file(name), root
}

func (c *checker) problem(p strictyaml.Problem) {
	c.add(Finding{
		Rule: p.Rule, Severity: SeverityError, File: c.file,
		Line: p.Line, Column: p.Column, Path: p.Path.String(), Message: p.Message,
	})
}

// add keeps a finding, and only counts those that are too many.
func (c *checker) add(f Finding) {
	if !c.full() {
		f.Path, f.Message = clip(f.Path), clip(f.Message)
		c.findings = append(c.findings, f)
		return
	}
	c.dropped++
	if f.Severity == SeverityError {
		c.errors++
	}
}

// full tells whether further findings are only counted.
func (c *checker) full() bool { return len(c.findings) >= MaxFindings }

// all gives the findings in order. What was only counted still counts: a
// catalog does not become valid by breaking more rules.
func (c *checker) all() Findings {
	found := c.findings.tidy()
	if c.dropped == 0 {
		return found
	}
	more := Finding{Rule: RuleMore, Severity: SeverityWarning, File: c.file, Message: fmt.Sprintf("%d more findings, %d of them errors", c.dropped, c.errors)}
	if c.errors > 0 {
		more.Severity = SeverityError
	}
	return append(found, more)
}

// report adds a finding at a path of the open file.
func (c *checker) report(rule string, severity Severity, path strictyaml.Path, message string) {
	c.add(c.finding(rule, severity, path, message))
}

func (c *checker) finding(rule string, severity Severity, path strictyaml.Path, message string) Finding {
	_, line, column := c.root.Find(path)
	return Finding{
		Rule: rule, Severity: severity, File: c.file,
		Line: line, Column: column, Path: path.String(), Message: message,
	}
}

// failVaguely reports what stays only if no rule says more about the place.
func (c *checker) failVaguely(path strictyaml.Path, message string) {
	f := c.finding(RuleSchema, SeverityError, path, message)
	f.vague = true
	c.add(f)
}

func (c *checker) fail(rule string, path strictyaml.Path, message string) {
	c.report(rule, SeverityError, path, message)
}
