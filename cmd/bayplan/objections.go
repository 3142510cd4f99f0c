package main

import (
	"fmt"
	"strings"
)

// objectionTexts tells objections. Several for one reason are told once: when a
// registry moves, every image does.
func objectionTexts(objections []objection) []string {
	type key struct {
		kind, reason string
		allowed      bool
	}
	var order []key
	groups := map[key][]objection{}
	for _, o := range objections {
		kind, _, _ := strings.Cut(o.Name, ":")
		k := key{kind, o.Reason, o.Allowed}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], o)
	}
	out := make([]string, len(order))
	for i, k := range order {
		out[i] = objectionText(k.allowed, k.reason, groups[k])
	}
	return out
}

func objectionText(allowed bool, reason string, group []objection) string {
	word := "against it"
	if allowed {
		word = "allowed"
	}
	if len(group) == 1 {
		one := group[0]
		if one.Path != "" {
			reason = one.Path + ": " + reason
		}
		return fmt.Sprintf("%s: %s (%s)", word, reason, one.Name)
	}
	lines := []string{fmt.Sprintf("%s, %d times: %s", word, len(group), reason)}
	for _, one := range group {
		lines = append(lines, "  "+one.Name)
	}
	return strings.Join(lines, "\n")
}
