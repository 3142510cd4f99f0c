package names

import (
	"fmt"
	"slices"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// maxMisses is how many near misses an explanation names.
const maxMisses = 10

// Reason tells why an image that nearly matched is not the answer.
type Reason string

// The reasons.
const (
	// ReasonHost: it is on another host.
	ReasonHost Reason = "host"
	// ReasonTag: it has another tag.
	ReasonTag Reason = "tag"
	// ReasonDigest: its tag is on another digest, or it is none that is found by
	// one.
	ReasonDigest Reason = "digest"
	// ReasonTool: it is the reader's own, and another tool was written.
	ReasonTool Reason = "tool"
	// ReasonTie: it matches as well, and another goes first.
	ReasonTie Reason = "tie"
	// ReasonRule: it matches by a less exact rule.
	ReasonRule Reason = "rule"
	// ReasonSpelling: its name is written in a similar way.
	ReasonSpelling Reason = "spelling"
)

// Miss is an image that nearly matched.
type Miss struct {
	ShortName string
	Reference reference.Reference
	Reason    Reason
	Says      string // the reason as a sentence
}

// Explanation tells how an answer came about.
type Explanation struct {
	Says string // why it is the answer, in a sentence
	// Misses are at most ten images that nearly matched, the nearest first.
	Misses []Miss
}

// Explain tells why a spelling means what it means to the reader, and what else
// it nearly meant.
func (l Lookup) Explain(m Match) Explanation {
	e := Explanation{Says: m.says()}
	for _, reading := range readings(m.Spelling) {
		e.addStandard(l.Index, reading, m)
		if m.Image == nil {
			e.addBuilt(l, reading)
		}
	}
	for _, name := range m.Also {
		e.add(l.Resolve(name).Image, ReasonTie, "it matches as well, and %s goes first", nameOf(m))
	}
	if m.Image == nil {
		for _, name := range l.Near(m.Spelling.Text) {
			e.add(l.Resolve(name).Image, ReasonSpelling, "it is written in a similar way")
		}
	}
	e.Misses = slices.DeleteFunc(e.Misses, func(miss Miss) bool { return miss.ShortName == nameOf(m) })
	return e
}

func nameOf(m Match) string {
	if m.Image == nil {
		return ""
	}
	return m.Image.ShortName
}

// add adds a near miss, unless it is there already or there are enough.
func (e *Explanation) add(image *snapshot.Image, reason Reason, format string, args ...any) {
	if image == nil || len(e.Misses) == maxMisses {
		return
	}
	if slices.ContainsFunc(e.Misses, func(m Miss) bool { return m.ShortName == image.ShortName }) {
		return
	}
	e.Misses = append(e.Misses, Miss{image.ShortName, image.Reference, reason, fmt.Sprintf(format, args...)})
}

// addStandard adds the standard images that the name or the repository leads to.
func (e *Explanation) addStandard(x *Index, s Spelling, m Match) {
	named := slices.Clone(x.byAlias[s.Name])
	if i, ok := x.byName[s.Name]; ok {
		named = append([]int{i}, named...)
	}
	for _, i := range named {
		if s.Project == "" {
			e.addOne(x.images[i], x.images[i].Reference, s, m)
		}
	}
	for _, p := range x.byPath[s.Path()] {
		e.addOne(x.images[p.image], p.reference, s, m)
	}
}

// addOne adds an image that a part of the spelling leads to, at a reference.
func (e *Explanation) addOne(image *snapshot.Image, r reference.Reference, s Spelling, m Match) {
	switch {
	case s.Host != "" && s.Host != r.Host:
		e.add(image, ReasonHost, "it is on %s", r.Host)
	case s.Tag != "" && s.Tag != r.Tag:
		e.add(image, ReasonTag, "its tag is %s", r.Tag)
	case s.Digest != "" && s.Digest != r.Digest:
		e.add(image, ReasonDigest, "a standard image is found without a digest")
	case slices.Contains(m.Also, image.ShortName):
		// It is added as a tie.
	default:
		e.add(image, ReasonRule, "it matches less exactly")
	}
}

// addBuilt adds images of the spelled tool and of the reader's own, as far as
// the reader may see them.
func (e *Explanation) addBuilt(l Lookup, s Spelling) {
	if tool := l.tool(s); tool != nil {
		e.addSpelled(l, tool, s)
	}
	own := l.visible(l.Reader)
	if own == nil || s.Tool() == l.Reader {
		return
	}
	if r := own.Repository(s.Name); r != nil {
		for _, name := range bestOf(own, r, s.Tag) {
			e.add(l.Resolve(name).Image, ReasonTool, "it is of tool %s", own.Name)
		}
	}
}

// addSpelled adds what a part of the spelling leads to in its tool.
func (e *Explanation) addSpelled(l Lookup, tool *inventory.Tool, s Spelling) {
	if host := l.Snapshot.Users.Host; s.Host != "" && s.Host != host {
		s.Host = ""
		e.add(l.built(s).Image, ReasonHost, "it is on %s", host)
		return
	}
	r := tool.Repository(s.Name)
	if r == nil {
		return // near names say more
	}
	if image := r.Image(s.Tag); image != nil {
		e.add(l.Snapshot.BuiltImage(tool, r, image), ReasonDigest, "its tag is on %s now", image.Digest)
		return
	}
	reason, says := ReasonTag, "it has another tag"
	if s.Tag == "" {
		reason, says = ReasonDigest, "it has another digest"
	}
	for _, name := range nearIn(tool, s) {
		e.add(l.Resolve(name).Image, reason, "%s", says)
	}
}

// says tells the rule in a sentence.
func (m Match) says() string {
	if m.Image == nil {
		return "no image is spelled so"
	}
	name := m.Image.ShortName
	switch m.Rule {
	case RuleShortName:
		return "it is the short name of " + name
	case RuleAlias:
		return "it is another name of " + name
	case RuleReference:
		return "it is the reference of " + name
	case RuleVariant:
		return "it is the reference of a variant of " + name
	case RuleFormerly:
		return name + " had this reference once"
	case RuleDigest:
		return name + " has this digest"
	case RuleLatest:
		return "no tag is written, and " + name + " is the latest"
	case RuleNewest:
		return "no tag is written and none is latest: " + name + " was pushed last"
	case RuleTag:
		return "no repository is written, and " + name + " has this tag"
	}
	return "nobody could be asked yet: it is taken as it stands"
}
