package marker

import (
	"cmp"
	"slices"
	"strings"
)

// Marks is what the marker tags of one repository say together. It is
// immutable. Those of a repository without any are nil, which all methods take.
type Marks struct {
	// State, Resources and WSType are the word that counts; "" if there is none.
	State, Resources, WSType string
	// Aliases are sorted by name.
	Aliases []Alias
}

// Alias is a name that a repository claims.
type Alias struct {
	Name string
	// Pushed is when the tag was put where it is, in milliseconds since 1970; 0
	// while unknown, as it is in a plain tag list.
	Pushed int64
}

// Equal tells whether two repositories' markers say the same.
func (m *Marks) Equal(other *Marks) bool {
	if m == nil || other == nil {
		return m == other
	}
	return m.State == other.State && m.Resources == other.Resources && m.WSType == other.WSType &&
		slices.Equal(m.Aliases, other.Aliases)
}

// Reader puts together what the tags of one repository say, in whatever order
// they come. The zero value is ready.
//
// Of two words of one kind the later push wins. Where that is not known, or is
// the same moment, the worse state wins, and of other words the one that sorts
// first: every replica has to come to the same.
type Reader struct {
	said    map[Kind]said
	aliases map[string]int64 // name → the latest push of a tag with it
}

type said struct {
	word   string
	pushed int64
}

// Read takes a tag, and tells whether it is a marker. pushed is in milliseconds
// since 1970; 0 if it is not known.
func (r *Reader) Read(tag string, pushed int64) bool {
	m, ok := Parse(tag)
	if !ok {
		return false
	}
	if r.said == nil {
		r.said, r.aliases = map[Kind]said{}, map[string]int64{}
	}
	if m.Kind == Aliases {
		for _, name := range m.Values {
			r.aliases[name] = max(r.aliases[name], pushed)
		}
		return true
	}
	next := said{m.Values[0], pushed}
	if before, some := r.said[m.Kind]; !some || next.beats(before, m.Kind) {
		r.said[m.Kind] = next
	}
	return true
}

func (s said) beats(other said, kind Kind) bool {
	if s.pushed != other.pushed {
		return s.pushed > other.pushed
	}
	if kind == State {
		return slices.Index(words[State], s.word) > slices.Index(words[State], other.word)
	}
	return s.word < other.word
}

// Marks gives what was said; nil if none of the tags was a marker.
func (r *Reader) Marks() *Marks {
	if r.said == nil {
		return nil
	}
	m := &Marks{State: r.said[State].word, Resources: r.said[Resources].word, WSType: r.said[WSType].word}
	for name, pushed := range r.aliases {
		m.Aliases = append(m.Aliases, Alias{name, pushed})
	}
	slices.SortFunc(m.Aliases, func(a, b Alias) int { return strings.Compare(a.Name, b.Name) })
	return m
}

// Claim is an alias, and who claims it.
type Claim struct {
	Alias
	By string
}

// Settle gives each name to one of those that claim it: the one whose tag was
// pushed later; where that is not known, or is the same moment, the one that
// sorts first. The result is sorted by name. It uses the room of claims.
func Settle(claims []Claim) []Claim {
	slices.SortFunc(claims, func(a, b Claim) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(b.Pushed, a.Pushed), strings.Compare(a.By, b.By))
	})
	return slices.CompactFunc(claims, func(a, b Claim) bool { return a.Name == b.Name })
}
