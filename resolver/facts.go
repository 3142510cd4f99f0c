package resolver

import (
	"maps"
	"reflect"
	"slices"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/shrink"
)

// hostFacts is what one host said, and when. It is immutable: each round makes
// a new one. The zero value is a host that was never asked.
type hostFacts struct {
	asked        []fact.Reference // in the last round
	manifests    map[fact.Reference]aged[fact.Manifest]
	repositories map[string]aged[fact.Repository]
	err          error        // why the last round was not complete
	doubted      bool         // it says that most is gone, and is not believed
	watch        shrink.Watch // over what it lost
	hearsay      bool         // it is from a seed: the host itself has not answered yet
	lastSuccess  time.Time
	lastAttempt  time.Time
}

// aged is an answer, and whether the last round could not repeat it.
type aged[T any] struct {
	answer T
	stale  bool
}

// outcome is what one round at a host was about, and what came of it.
type outcome struct {
	asked  []fact.Reference
	wanted []fact.Reference // what catalogs ask for by the time it ends
	report fact.Report
	at     time.Time
}

// after gives what is known once a round is over: its answers, and for what it
// could not ask the last good ones, marked stale. What it was not asked about
// stays as it was; of what is no longer wanted nothing stays.
func (f *hostFacts) after(r outcome, doubt shrink.Policy) *hostFacts {
	next := &hostFacts{
		asked:        r.asked,
		manifests:    make(map[fact.Reference]aged[fact.Manifest], len(r.wanted)),
		repositories: make(map[string]aged[fact.Repository]),
		err:          r.report.Err, lastAttempt: r.at, lastSuccess: f.lastSuccess,
	}
	doubts := f.doubt(r, doubt, next)
	if next.err == nil {
		next.lastSuccess = r.at
	}
	next.hearsay = f.hearsay && next.err != nil
	wasAsked := r.membership()
	for _, ref := range r.wanted {
		switch {
		case !wasAsked(ref):
			carry(next.manifests, f.manifests, ref)
			if _, ok := next.repositories[ref.Repository]; !ok {
				carry(next.repositories, f.repositories, ref.Repository)
			}
		case doubts.about[ref]:
			keep(next.manifests, f.manifests, nil, ref)
			keep(next.repositories, f.repositories, nil, ref.Repository)
		default:
			keep(next.manifests, f.manifests, r.report.Manifests, ref)
			if !doubts.repositories[ref.Repository] {
				keep(next.repositories, f.repositories, r.report.Repositories, ref.Repository)
			}
		}
	}
	return next
}

// membership tells whether a reference was asked about.
func (r outcome) membership() func(fact.Reference) bool {
	if slices.Equal(r.asked, r.wanted) { // almost always
		return func(fact.Reference) bool { return true }
	}
	set := make(map[fact.Reference]bool, len(r.asked))
	for _, ref := range r.asked {
		set[ref] = true
	}
	return func(ref fact.Reference) bool { return set[ref] }
}

// keep takes the answer of now, else the one before as a stale one.
func keep[K comparable, V any](next, before map[K]aged[V], now map[K]V, key K) {
	if answer, ok := now[key]; ok {
		next[key] = aged[V]{answer: answer}
	} else if old, ok := before[key]; ok {
		next[key] = aged[V]{answer: old.answer, stale: true}
	}
}

// carry takes what was known before as it was.
func carry[K comparable, V any](next, before map[K]aged[V], key K) {
	if old, ok := before[key]; ok {
		next[key] = old
	}
}

// covers tells whether the last round was about all of refs.
func (f *hostFacts) covers(refs []fact.Reference) bool {
	return len(union(f.asked, refs)) == len(f.asked)
}

// knows tells whether there is an answer for each of refs, however old.
func (f *hostFacts) knows(refs []fact.Reference) bool {
	return !slices.ContainsFunc(refs, func(ref fact.Reference) bool {
		_, known := f.manifests[ref]
		return !known
	})
}

// same tells whether two states lead to the same records and warnings.
func (f *hostFacts) same(other *hostFacts) bool {
	return (f.err == nil) == (other.err == nil) &&
		f.lastAttempt.IsZero() == other.lastAttempt.IsZero() &&
		f.doubted == other.doubted &&
		maps.Equal(f.manifests, other.manifests) &&
		maps.EqualFunc(f.repositories, other.repositories, func(a, b aged[fact.Repository]) bool {
			return reflect.DeepEqual(a, b)
		})
}

// anyStale tells whether some last good answer could not be repeated.
func (f *hostFacts) anyStale() bool {
	for _, m := range f.manifests {
		if m.stale {
			return true
		}
	}
	for _, r := range f.repositories {
		if r.stale {
			return true
		}
	}
	return false
}
