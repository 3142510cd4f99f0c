package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/nearest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// The rules about the comments that accept findings.
const (
	ruleAllowReason  = "allow-without-reason"
	ruleAllowUnknown = "allow-unknown-rule"
	ruleAllowFixed   = "allow-refused"
	ruleAllowUnused  = "allow-unused"
)

// marker begins a comment that accepts a finding.
var marker = regexp.MustCompile(`(?:^|[ \t])(#[ \t]*lint:[ \t]*allow(?:[ \t]+(.*))?)$`)

// allow is a comment that accepts the findings of one rule on one line.
type allow struct {
	rule, reason string
	line, column int // of the comment
	about        int // the line that it is about; 0 if nothing follows it
	used         bool
}

// readAllows finds the comments. One that stands alone is about the next line
// that holds more than a comment, so that several may stand above each other.
func readAllows(text string, root *strictyaml.Node) []*allow {
	lines := strings.Split(text, "\n")
	quoted := linesOfText(root)
	var out, waiting []*allow
	for i, line := range lines {
		line = strings.TrimRight(line, "\r")
		content := strings.TrimSpace(line)
		found := marker.FindStringSubmatchIndex(line)
		if found != nil && !quoted[i+1] {
			a := &allow{line: i + 1, column: utf8.RuneCountInString(line[:found[2]]) + 1}
			if found[4] >= 0 {
				rule, reason, _ := strings.Cut(line[found[4]:found[5]], ":")
				a.rule, a.reason = strings.TrimSpace(rule), strings.TrimSpace(reason)
			}
			out = append(out, a)
			waiting = append(waiting, a)
		}
		if content == "" || strings.HasPrefix(content, "#") {
			continue
		}
		for _, a := range waiting {
			a.about = i + 1
		}
		waiting = nil
	}
	return out
}

// linesOfText gives the lines that belong to a text which holds the marker
// itself: what looks like a comment there is none.
func linesOfText(root *strictyaml.Node) map[int]bool {
	lines := map[int]bool{}
	var walk func(n *strictyaml.Node)
	walk = func(n *strictyaml.Node) {
		if text, ok := n.Text(); ok && strings.Contains(text, "lint:") {
			for i := range strings.Count(text, "\n") + 2 {
				lines[n.Line+i] = true
			}
		}
		for _, item := range n.Items {
			walk(item)
		}
		for _, f := range n.Fields {
			walk(f.Node)
		}
	}
	walk(root)
	return lines
}

// accepting gives the comment that accepts a finding, or nil. What a server
// refuses is not accepted, nor is anything without a reason.
func accepting(allows []*allow, f chart.Finding) *allow {
	rule, known := Find(f.Rule)
	if !known || rule.Fixed || f.Line == 0 {
		return nil
	}
	at := slices.IndexFunc(allows, func(a *allow) bool {
		return a.rule == f.Rule && a.about == f.Line && a.reason != ""
	})
	if at < 0 {
		return nil
	}
	return allows[at]
}

// judge says what is wrong with the comments themselves.
func (l *linter) judge(allows []*allow) chart.Findings {
	var out chart.Findings
	for _, a := range allows {
		name, message := l.fault(a)
		if name == "" {
			continue
		}
		rule, _ := Find(name)
		out = append(out, chart.Finding{
			Rule: name, Severity: rule.Severity, File: l.file, Line: a.line, Column: a.column, Message: message,
		})
	}
	return out
}

// fault gives the rule that a comment breaks, or "".
func (l *linter) fault(a *allow) (rule, message string) {
	known, ok := Find(a.rule)
	switch {
	case a.rule == "":
		return ruleAllowUnknown, "this comment names no rule: write # lint:allow RULE: reason"
	case !ok:
		message = fmt.Sprintf("there is no rule %q", a.rule)
		if near := nearest.Words(a.rule, Names(), 1); len(near) > 0 {
			message += fmt.Sprintf(": did you mean %s?", near[0])
		}
		return ruleAllowUnknown, message
	case known.Fixed:
		return ruleAllowFixed, fmt.Sprintf("what %s finds cannot be accepted: mend it and remove this comment", a.rule)
	case a.reason == "":
		return ruleAllowReason, fmt.Sprintf("this comment gives no reason and accepts nothing: write # lint:allow %s: reason", a.rule)
	case !a.used && known.runs(l.opts):
		return ruleAllowUnused, fmt.Sprintf("%s finds nothing here: remove this comment", a.rule)
	}
	return "", ""
}
