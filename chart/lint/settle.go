package lint

import (
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
)

// settle puts together what package chart said and what the rules found, takes
// out what comments accept, and says what is wrong with the comments.
func (l *linter) settle(invalid chart.Findings, allows []*allow) Result {
	l.found.Sort()
	var r Result
	var counted chart.Findings // what says how much was left out stays last
	for _, f := range append(invalid, l.found...) {
		switch a := accepting(allows, f); {
		case f.Rule == chart.RuleMore:
			counted = append(counted, f)
		case f.File == l.file && a != nil:
			a.used = true
			r.Allowed = append(r.Allowed, Allowed{Finding: f, Reason: a.reason})
		default:
			r.Findings = append(r.Findings, f)
		}
	}
	if l.dropped > 0 {
		counted = append(counted, chart.Finding{
			Rule: chart.RuleMore, Severity: chart.SeverityWarning, File: l.file,
			Message: fmt.Sprintf("%d more findings of good style", l.dropped),
		})
	}
	r.Findings = append(r.Findings, l.judge(allows)...)
	r.Findings.Sort()
	r.Findings = append(r.Findings, counted...)
	return r
}
