package names

import (
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// Rule tells why a spelling means an image, from the most exact to the least.
type Rule string

// The rules for standard images, in the order in which they are tried. The first
// three are for user-built images as well.
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
	// Also are the short names of other images that match as well, of user-built
	// ones five at most; the answer is the first of all, stable ones before others,
	// then by name.
	Also []string
}

// ShortName is the short name that jobs-api would have given the image for the
// spelling: with the digest if one was written. There must be an image.
func (m Match) ShortName() string {
	if m.Spelling.Digest == "" || m.Rule == RuleUnasked {
		return m.Image.ShortName
	}
	return m.Image.ShortName + "@" + m.Spelling.Digest
}

// Reference is what a pod should say for the spelling: with the digest if one
// was written. There must be an image.
func (m Match) Reference() reference.Reference {
	r := m.Image.Reference
	if m.Spelling.Digest != "" {
		r.Digest = m.Spelling.Digest
	}
	return r
}

// Resolve finds the standard image that a spelling means. The first rule that
// finds one decides; whatever host and tag the spelling names have to be the
// reference's. A digest leads to a reference only that the catalog pins to it.
func (x *Index) Resolve(text string) Match {
	s := Parse(text)
	if m := x.named(Spelling{Name: text}); m.Image != nil {
		m.Spelling = s
		return m // whatever parts it seems to have
	}
	for _, reading := range readings(s) {
		if m := x.resolve(reading); m.Image != nil {
			m.Spelling = s
			return m
		}
	}
	return Match{Spelling: s}
}

// readings gives the spelling as jobs-api reads it, and as it may be meant too:
// by OCI's rule a port makes a host as well as a dot, and a name may hold a dot
// before its first slash.
func readings(s Spelling) []Spelling {
	all := []Spelling{s}
	rest, _, _ := strings.Cut(s.Text, "@")
	first, after, found := strings.Cut(rest, "/")
	switch {
	case s.Host != "" && s.Project == "":
		whole := s
		whole.Host, whole.Name = "", s.Host+"/"+s.Name
		all = append(all, whole)
	case found && s.Project == "" && (first == "localhost" || strings.Contains(first, ":")):
		there := Parse(after)
		there.Host, there.Digest = first, s.Digest
		all = append(all, there)
	}
	return all
}

// resolve finds the image that one reading means.
func (x *Index) resolve(s Spelling) Match {
	if s.Project == "" && s.Digest == "" {
		if m := x.named(s); m.Image != nil {
			return m
		}
	}
	return x.located(s)
}

// named finds an image by its short name or an alias.
func (x *Index) named(s Spelling) Match {
	var m Match
	if i, ok := x.byName[s.Name]; ok && agrees(s, x.images[i].Reference) {
		m.among(RuleShortName, x.images, []int{i})
		return m
	}
	var owners []int
	for _, i := range x.byAlias[s.Name] {
		if agrees(s, x.images[i].Reference) {
			owners = append(owners, i)
		}
	}
	m.among(RuleAlias, x.images, owners)
	return m
}

// located finds an image by its repository.
func (x *Index) located(s Spelling) Match {
	var m Match
	places := x.byPath[s.Path()]
	if len(places) == 0 {
		return m
	}
	for _, rule := range []Rule{RuleReference, RuleVariant, RuleFormerly} {
		var found []int
		for _, p := range places {
			if p.rule == rule && agrees(s, p.reference) && (s.Digest == "" || s.Digest == p.reference.Digest) {
				found = append(found, p.image)
			}
		}
		x.prefer(found)
		if m.among(rule, x.images, slices.Compact(found)) { // one image, at several references
			return m
		}
	}
	return m
}

// among takes the first of the images that a rule found, if it found any.
func (m *Match) among(rule Rule, images []*snapshot.Image, found []int) bool {
	if len(found) == 0 {
		return false
	}
	m.Image, m.Rule = images[found[0]], rule
	for _, i := range found[1:] {
		m.Also = append(m.Also, images[i].ShortName)
	}
	return true
}

// agrees tells whether host and tag are the reference's where they were given.
func agrees(s Spelling, r reference.Reference) bool {
	return (s.Host == "" || s.Host == r.Host) && (s.Tag == "" || s.Tag == r.Tag)
}
