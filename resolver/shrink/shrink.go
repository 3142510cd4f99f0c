// Package shrink decides when a source is believed that says most of what it had
// is gone. An empty disk, a wrong backend, a database that is being restored or
// an account that lost its rights look like that more often than somebody's
// decision does.
//
// Half or more of what a source had is doubted, whether it goes at once or bit by
// bit within [Memory]. It is believed once the source has said exactly the same
// [Repeats] times and for as long as the [Policy] says, or at once if an operator
// allowed the digest of the loss. A source that loses now this and now that is
// never believed.
//
// The package is pure: it asks nobody, and knows neither clock nor disk. Package
// resolver uses it for registry hosts, package inventory for Harbor.
package shrink

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

const (
	// Repeats is how often a source has to say the same before it is believed.
	Repeats = 3
	// Memory is how long what went without doubt still counts as had, so that many
	// small steps are seen as the large one that they make.
	Memory = time.Hour
)

// Policy says when a loss is doubted, and for how long.
type Policy struct {
	// Few is how much a source must have had for a loss to be implausible: of less,
	// somebody may well have deleted most.
	Few int
	// Patience is how long a source has to say the same.
	Patience time.Duration
	// Allows tells whether an operator lets a loss in at once, by its digest, and
	// uses that up; nil for no.
	Allows func(digest string) bool
}

// Answer is what a source said in one round, beside what it had.
type Answer struct {
	At time.Time
	// Kept is how much it had and still has, or was not asked about.
	Kept int
	// Lost are the names of what it had and says is gone. The order does not matter.
	Lost []string
	// Partial tells that the round could not ask about everything: it neither
	// counts as a repetition nor takes one back.
	Partial bool
	// Back tells whether something that went is there again, or not asked for any
	// more; nil for no.
	Back func(name string) bool
}

// Watch is what is remembered of a source between rounds. It is immutable; the
// zero value is a source that never lost anything.
type Watch struct {
	// Loss is the digest of the loss that is doubted; "" if none is.
	Loss string
	// Since is when it was first met, Times how often since then.
	Since time.Time
	Times int
	// Gone is what went without doubt, and when, as long as it counts.
	Gone map[string]time.Time
}

// Doubt is a loss that is not believed.
type Doubt struct {
	Lost, Had int // what went bit by bit included
	// Digest is what an operator may allow.
	Digest string
	Times  int
	Until  time.Time // not before; zero if it is not known yet
}

// Judge decides about an answer. Without a doubt it is believed. next takes the
// place of the watch: where an answer that was believed could not be taken over
// after all, the watch stays as it was.
func (w Watch) Judge(p Policy, a Answer) (next Watch, doubt *Doubt) {
	went := w.stillGone(a)
	if len(a.Lost) == 0 {
		if a.Partial {
			return Watch{Loss: w.Loss, Since: w.Since, Times: w.Times, Gone: went}, nil
		}
		return Watch{Gone: went}, nil
	}
	lost := len(a.Lost) + len(went)
	had := a.Kept + lost
	implausible := had >= p.Few && 2*lost >= had
	switch {
	case !implausible && !a.Partial, !implausible && w.Loss == "":
		return Watch{Gone: with(went, a.Lost, a.At)}, nil
	case a.Partial:
		next = Watch{Loss: w.Loss, Since: w.Since, Times: w.Times, Gone: went}
		doubt = &Doubt{Lost: lost, Had: had, Digest: digestOf(a.Lost), Times: w.Times}
	default:
		next = Watch{Loss: digestOf(a.Lost), Since: a.At, Times: 1, Gone: went}
		if w.Loss == next.Loss {
			next.Times = w.Times + 1
			if w.Since.Before(a.At) { // clocks are set
				next.Since = w.Since
			}
		}
		if next.Times >= Repeats && a.At.Sub(next.Since) >= p.Patience {
			return Watch{}, nil
		}
		doubt = &Doubt{Lost: lost, Had: had, Digest: next.Loss, Times: next.Times, Until: next.Since.Add(p.Patience)}
	}
	if p.Allows != nil && p.Allows(doubt.Digest) {
		return Watch{}, nil
	}
	return next, doubt
}

// stillGone gives what went without doubt and has neither come back nor been
// forgotten.
func (w Watch) stillGone(a Answer) map[string]time.Time {
	over := func(name string, at time.Time) bool {
		return a.At.Sub(at) > Memory || at.After(a.At) || a.Back != nil && a.Back(name)
	}
	for name, at := range w.Gone {
		if over(name, at) {
			rest := maps.Clone(w.Gone)
			maps.DeleteFunc(rest, over)
			return rest
		}
	}
	return w.Gone
}

func with(gone map[string]time.Time, names []string, at time.Time) map[string]time.Time {
	out := make(map[string]time.Time, len(gone)+len(names))
	maps.Copy(out, gone)
	for _, name := range names {
		out[name] = at
	}
	return out
}

// digestOf names a loss: the same names have the same digest.
func digestOf(names []string) string {
	sum := sha256.New()
	for _, name := range slices.Sorted(slices.Values(names)) {
		fmt.Fprintf(sum, "%d %s\n", len(name), name)
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil))
}

// Error says that the source named side is not believed; what names what it had,
// in the plural.
func (d *Doubt) Error(op, side, what string) *fault.Error {
	return fault.New(fault.Refused, op, side, "it says that %d of %d %s are gone that it had: not believed before it has said exactly that %d times%s (loss %s)",
		d.Lost, d.Had, what, Repeats, d.until(), d.Digest).
		WithHint("if they were deleted on purpose, this goes by itself once it says the same for long enough; to believe it at once, allow the digest of the loss (--allow-digest)")
}

func (d *Doubt) until() string {
	if d.Until.IsZero() {
		return ""
	}
	return " and until " + d.Until.UTC().Format(time.RFC3339)
}
