package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/lint"
)

// ruleView is a rule as data.
type ruleView struct {
	Name     string         `json:"name"`
	Severity chart.Severity `json:"severity"`
	Why      string         `json:"why"`
	// Acceptable tells whether a comment may accept what the rule finds.
	Acceptable bool      `json:"acceptable"`
	Needs      lint.Need `json:"needs,omitempty"`
}

// rulesResult is the answer of lint --explain as data.
type rulesResult struct {
	Rules []ruleView `json:"rules"`
}

// runExplain lists all rules, or says all about some.
func (o *lintOptions) runExplain(names []string) error {
	rules := lint.Rules()
	if len(names) > 0 {
		rules = rules[:0]
		for _, name := range names {
			rule, _ := lint.Find(name)
			rules = append(rules, rule)
		}
	}
	result := rulesResult{Rules: make([]ruleView, 0, len(rules))}
	for _, r := range rules {
		result.Rules = append(result.Rules, ruleView{r.Name, r.Severity, r.Why, !r.Fixed, r.Needs})
	}
	return o.output.print(o.std.out, result, func() error {
		if len(names) > 0 {
			texts := make([]string, len(rules))
			for i, r := range rules {
				texts[i] = r.Explain()
			}
			_, err := fmt.Fprint(o.std.out, strings.Join(texts, "\n"))
			return err
		}
		rows := make([][]string, len(rules))
		for i, r := range rules {
			rows[i] = []string{r.Name, string(r.Severity), r.Why}
		}
		return printTable(o.std, []string{"RULE", "SEVERITY", "WHY"}, rows)
	})
}

// complete completes the names of rules behind --explain, else files.
func (o *lintOptions) complete(cmd *cobra.Command, _ []string, begin string) ([]string, cobra.ShellCompDirective) {
	if err := applySettings(cmd, os.LookupEnv); err != nil || !o.explain {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var words []string
	for _, r := range lint.Rules() {
		if strings.HasPrefix(r.Name, begin) {
			words = append(words, cobra.CompletionWithDesc(r.Name, string(r.Severity)))
		}
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}
