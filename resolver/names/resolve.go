package names

import (
	"slices"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// Rule tells why a spelling means an image, from the most exact to the least.
type Rule string

// The rules, in the order in which they are tried.
const (
	RuleShortName Rule = "short_name"
	RuleAlias     Rule = "alias"
	// RuleReference: the repository of the image's own reference.
	RuleReference Rule = "reference"
	// RuleVariant: the repository of one of its variants.
	RuleVariant Rule = "variant"
	// RuleFormerly: a repository that the image had once.
	RuleFormerly Rule = "formerly"
)

// Match is the answer to a spelling.
type Match struct {
	Spelling Spelling
	Image    *snapshot.Image // nil if nothing is found
	Rule     Rule            // "" if nothing is found
	// Also are other images that match by the same rule; the answer is the first
	// of all, stable ones before others, then by name.
	Also []*snapshot.Image
}

// Resolve finds the image that a spelling means. The first rule that finds one
// decides; whatever host and tag the spelling names have to be the reference's.
func (x *Index) Resolve(text string) Match {
	s := Parse(text)
	m := Match{Spelling: s}
	if s.Project != "" || s.Digest != "" {
		return m // names of user-built images, or a digest that no standard name has
	}
	if image := x.byName[s.Name]; image != nil && agrees(s, image.Reference) {
		m.Image, m.Rule = image, RuleShortName
		return m
	}
	if owners := x.byAlias[s.Name]; m.among(RuleAlias, slices.DeleteFunc(slices.Clone(owners), func(i *snapshot.Image) bool {
		return !agrees(s, i.Reference)
	})) {
		return m
	}
	for _, rule := range []Rule{RuleReference, RuleVariant, RuleFormerly} {
		if m.among(rule, x.at(s, rule)) {
			return m
		}
	}
	return m
}

// among takes the first of the images that a rule found, if it found any.
func (m *Match) among(rule Rule, found []*snapshot.Image) bool {
	if len(found) == 0 {
		return false
	}
	m.Image, m.Also, m.Rule = found[0], found[1:], rule
	return true
}

// at gives the images whose repository by one rule is the spelling's.
func (x *Index) at(s Spelling, rule Rule) []*snapshot.Image {
	var found []*snapshot.Image
	for _, p := range x.byPath[s.Path()] {
		if p.rule == rule && agrees(s, p.reference) {
			found = append(found, p.image)
		}
	}
	slices.SortFunc(found, preferred)
	return slices.Compact(found) // one image, at several references
}

// agrees tells whether host and tag are the reference's where they were given.
func agrees(s Spelling, r reference.Reference) bool {
	return (s.Host == "" || s.Host == r.Host) && (s.Tag == "" || s.Tag == r.Tag)
}
