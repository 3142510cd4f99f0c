package chart

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// Severity tells what a finding means for the catalog.
type Severity string

// The severities. An error of this package keeps a catalog from being served;
// one of package chart/lint keeps it from being published, no more.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Finding is one thing that is wrong with a catalog chart, with its place.
type Finding struct {
	// Rule names the rule, for example "duplicate-alias".
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	// File is the file below the chart's root ("values.yaml"), behind the path
	// that the chart was loaded from, if it was loaded from one.
	File string `json:"file,omitempty"`
	// Line and Column count from 1; 0 means that there is no place.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
	// Path is the place in the document, as jq writes it.
	Path    string `json:"path,omitempty"`
	Message string `json:"message"`

	// vague marks what the schema says of a text's form. It goes where a rule
	// reads the same text more closely and says what is wrong with it.
	vague bool
}

// String writes the finding on one line, as compilers do.
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	if f.Column > 0 {
		fmt.Fprintf(&b, ":%d", f.Column)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	fmt.Fprintf(&b, "%s: ", f.Severity)
	if f.Path != "" {
		b.WriteString(f.Path + ": ")
	}
	fmt.Fprintf(&b, "%s (%s)", f.Message, f.Rule)
	return b.String()
}

// RuleMore is the finding that says how many findings were left out.
const RuleMore = "more"

// MaxFindings is how many findings one run reports. Behind it, a last finding
// says how many more there are.
const MaxFindings = 1000

// Findings are all that one run found, in the order of the files.
type Findings []Finding

// Errors gives the findings that keep the catalog from being used.
func (fs Findings) Errors() Findings { return fs.only(SeverityError) }

// Warnings gives the others.
func (fs Findings) Warnings() Findings { return fs.only(SeverityWarning) }

func (fs Findings) only(severity Severity) Findings {
	var out Findings
	for _, f := range fs {
		if f.Severity == severity {
			out = append(out, f)
		}
	}
	return out
}

// tidy sorts the findings by place. Where a value does not mean the same to
// every reader, what else is said about that value is noise and goes; so does
// what is vague where something closer is said.
func (fs Findings) tidy() Findings {
	type place struct{ file, path string }
	unclear, said := map[place]bool{}, map[place]bool{}
	for _, f := range fs {
		if f.Path != "" && strings.HasPrefix(f.Rule, "yaml-") {
			unclear[place{f.File, f.Path}] = true
		}
		if !f.vague {
			said[place{f.File, f.Path}] = true
		}
	}
	bent := map[place]bool{}
	out := slices.DeleteFunc(slices.Clone(fs), func(f Finding) bool {
		at := place{f.File, f.Path}
		if f.Rule == strictyaml.RuleBends && f.Path != "" {
			again := bent[at] // once is enough for one value
			bent[at] = true
			return again
		}
		return unclear[at] && !strings.HasPrefix(f.Rule, "yaml-") || said[at] && f.vague
	})
	out.Sort()
	return out
}

// Sort puts findings in the order of the files, line by line.
func (fs Findings) Sort() {
	slices.SortStableFunc(fs, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
}

// InvalidError says that a chart was read and breaks the rules.
type InvalidError struct {
	// Findings holds at least one error, and all warnings too.
	Findings Findings
}

// Error gives the first error and how many more there are.
func (e *InvalidError) Error() string {
	errs := e.Findings.Errors()
	if len(errs) == 1 {
		return errs[0].String()
	}
	return fmt.Sprintf("%s, and %d more", errs[0], len(errs)-1)
}
