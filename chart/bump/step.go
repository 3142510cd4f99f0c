// Package bump says which version comes after the one that was published, and
// writes it into Chart.yaml, with notes of what changed.
//
// What changes and whom it breaks is the word of package compare; here each kind
// of change has a step of SemVer, written down once. Whether a version may be
// published is decided by package gate and its callers; this package asks nobody
// and writes no file.
package bump

import (
	"fmt"
	"maps"
	"slices"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/compare"
)

// Step is how far a version moves, the smallest first.
type Step int

// The steps.
const (
	None  Step = iota // nothing changed
	Patch             // nobody need notice: words for people
	Minor             // there is more, or something is deprecated; all that worked works
	Major             // something that worked may stop, or run another thing
)

var stepWords = []string{"none", "patch", "minor", "major"}

// String is the step's word.
func (s Step) String() string { return stepWords[s] }

// MarshalText implements encoding.TextMarshaler.
func (s Step) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Step) UnmarshalText(text []byte) error {
	at := slices.Index(stepWords, string(text))
	if at < 0 {
		return fmt.Errorf("%q is no step", text)
	}
	*s = Step(at)
	return nil
}

// steps has the step that each kind of change demands where it breaks nobody.
// What breaks somebody is major, whatever kind it is of.
var steps = map[compare.Kind]Step{
	compare.KindFormat: Minor,

	compare.KindImageAdded:      Minor,
	compare.KindImageRestored:   Minor,
	compare.KindImageRemoved:    Major,
	compare.KindImageTombstoned: Major,
	compare.KindImageRenamed:    Minor, // the old name goes on as an alias

	compare.KindAliasAdded:       Minor,
	compare.KindAliasRemoved:     Patch, // it was the image's own name
	compare.KindAliasMoved:       Major, // the same reference, and another image's state
	compare.KindAliasesReordered: Patch,

	compare.KindState:     Minor, // SemVer counts a deprecation as more, too
	compare.KindLifecycle: Minor,

	compare.KindReferenceAdded:   Minor,
	compare.KindReferenceRemoved: Major,
	compare.KindReferenceMoved:   Minor,

	compare.KindVariantsAdded:   Minor,
	compare.KindVariantsRemoved: Major,
	compare.KindVariantAdded:    Minor,
	compare.KindVariantRemoved:  Minor, // one that is read no more

	compare.KindExtra:    Minor,
	compare.KindDefaults: Minor,

	compare.KindReplacedBy:      Patch,
	compare.KindFormerlyAdded:   Minor,
	compare.KindFormerlyRemoved: Major,
	compare.KindDescription:     Patch,
	compare.KindLinks:           Patch,

	compare.KindTombstoneAdded:   Patch,
	compare.KindTombstoneChanged: Patch,
	compare.KindTombstoneRemoved: Patch,

	compare.KindStackAdded:   Minor,
	compare.KindStackChanged: Minor,
	compare.KindStackRemoved: Patch,
}

// Table gives the step of each kind of change where it breaks nobody.
func Table() map[compare.Kind]Step { return maps.Clone(steps) }

// Of gives the step that a change demands: [Major] if it breaks somebody, or is
// of a kind that is not known here.
func Of(c compare.Change) Step {
	step, known := steps[c.Kind]
	if c.Breaking || !known {
		return Major
	}
	return step
}

// Demanded gives the greatest step that changes demand; [None] without changes.
func Demanded(changes compare.Changes) Step {
	step := None
	for _, c := range changes {
		step = max(step, Of(c))
	}
	return step
}
