package bump

import (
	"cmp"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/compare"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// Note is one entry of the annotation artifacthub.io/changes.
type Note struct {
	Kind        string `json:"kind" yaml:"kind"`
	Description string `json:"description" yaml:"description"`
}

// The kinds of notes, in the order in which they are written.
const (
	added      = "added"
	changed    = "changed"
	deprecated = "deprecated"
	removed    = "removed"
	fixed      = "fixed"
	security   = "security"
)

// NoteKinds gives the kinds of notes that there are
// (https://artifacthub.io/docs/topics/annotations/helm/).
func NoteKinds() []string { return []string{added, changed, deprecated, removed, fixed, security} }

// Notes tells changes in a sentence for each kind of them, with the names that
// are concerned, each once.
func Notes(changes compare.Changes) []Note {
	var out []Note
	places := map[Note]int{} // of a note without names
	said := map[Note]bool{}  // of a note with one name
	for _, c := range changes {
		head := Note{Kind: noteKind(c), Description: title(c)}
		one := Note{head.Kind, head.Description + ": " + subject(c)}
		if said[one] {
			continue
		}
		said[one] = true
		at, known := places[head]
		if !known {
			at = len(out)
			places[head] = at
			out = append(out, one)
			continue
		}
		out[at].Description += ", " + subject(c)
	}
	return Sorted(out)
}

// Sorted orders notes by their kinds, and leaves those of one kind as they are.
func Sorted(notes []Note) []Note {
	order := NoteKinds()
	out := slices.Clone(notes)
	slices.SortStableFunc(out, func(a, b Note) int {
		return cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind))
	})
	return out
}

func noteKind(c compare.Change) string {
	switch c.Kind {
	case compare.KindImageAdded, compare.KindImageRestored, compare.KindAliasAdded, compare.KindReferenceAdded,
		compare.KindVariantsAdded, compare.KindVariantAdded, compare.KindFormerlyAdded, compare.KindTombstoneAdded:
		return added
	case compare.KindImageRemoved, compare.KindImageTombstoned, compare.KindAliasRemoved, compare.KindReferenceRemoved,
		compare.KindVariantsRemoved, compare.KindVariantRemoved, compare.KindFormerlyRemoved, compare.KindTombstoneRemoved,
		compare.KindStackRemoved:
		return removed
	case compare.KindState:
		if c.New == chart.StateDeprecated {
			return deprecated
		}
	case compare.KindStackAdded, compare.KindStackChanged:
		if now, ok := c.New.(chart.Stack); ok && now.State == chart.StateDeprecated {
			return deprecated
		}
		if c.Kind == compare.KindStackAdded {
			return added
		}
	}
	return changed
}

func title(c compare.Change) string {
	out := strings.ReplaceAll(string(c.Kind), "-", " ")
	if c.Kind == compare.KindImageTombstoned {
		out = "image removed" // that a tombstone says so is for those who edit
	}
	if state, ok := c.New.(string); ok && c.Kind == compare.KindState {
		out += " to " + state
	}
	if c.Breaking {
		out += " (breaking)"
	}
	return out
}

// subject names what changed, and where in it.
func subject(c compare.Change) string {
	was, _ := c.Old.(string)
	now, _ := c.New.(string)
	switch {
	case c.Stack != "":
		return c.Stack
	case c.Image == "":
		return c.Path
	case c.Kind == compare.KindAliasMoved:
		return c.Alias + " (" + was + " to " + now + ")"
	case c.Alias != "":
		return c.Alias + " (" + c.Image + ")"
	case c.Kind == compare.KindImageRenamed:
		return c.Image + " (now " + now + ")"
	}
	place, inside := strings.CutPrefix(c.Path, strictyaml.Keys("images", c.Image).String()+".")
	if !inside || !strings.HasPrefix(place, "variants") {
		return c.Image
	}
	return c.Image + " (" + place + ")"
}
