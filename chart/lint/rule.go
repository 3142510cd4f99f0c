package lint

import (
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
)

// Rule is one thing that a catalog should not hold.
type Rule struct {
	// Name is what findings and comments call it.
	Name string
	// Severity is that of its findings. A rule of package chart may be milder
	// where a catalog is newer than this build.
	Severity chart.Severity
	// Why is one line: what goes wrong otherwise.
	Why string
	// Fixed rules are not open to a comment: a server refuses what they find.
	Fixed bool
	// Needs says what a rule needs besides the catalog; "" is nothing.
	Needs Need

	check func(*linter)
}

// Need is something that a rule needs besides the catalog.
type Need string

// The needs.
const (
	NeedToday      Need = "today"
	NeedHosts      Need = "allowed hosts"
	NeedType       Need = "default type"
	NeedRegistries Need = "registries"
)

// runs tells whether the options have what a rule needs.
func (r Rule) runs(o Options) bool {
	switch r.Needs {
	case NeedToday:
		return o.Today != ""
	case NeedHosts:
		return len(o.AllowedHosts) > 0
	case NeedType:
		return o.DefaultType != ""
	case NeedRegistries:
		return o.Facts != nil
	}
	return true
}

// Rules gives every rule, by name: those of package chart too.
func Rules() []Rule {
	all := slices.Concat(ofChart(), own(), aboutComments())
	slices.SortFunc(all, func(a, b Rule) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Names gives the names of all rules, sorted.
func Names() []string {
	rules := Rules()
	names := make([]string, len(rules))
	for i, r := range rules {
		names[i] = r.Name
	}
	return names
}

// Find gives the rule with a name.
func Find(name string) (Rule, bool) {
	rules := Rules()
	at, found := slices.BinarySearchFunc(rules, name, func(r Rule, name string) int { return strings.Compare(r.Name, name) })
	if !found {
		return Rule{}, false
	}
	return rules[at], true
}
