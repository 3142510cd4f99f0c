// Package drift works out where the catalog and the registries disagree: what
// the catalog names and a registry lacks, tags that left the digest which the
// catalog pins, and what registries hold where all should be the catalog's.
//
// It looks at one snapshot and asks nobody. What a registry could not be asked
// about is no drift but a warning; what it answered before it ceased to answer
// is drift, marked stale. A tag without a pinned digest is rebuilt in place: it
// moves all the time, which is no drift. What only a tool may see is never in a
// report.
//
// The catalog owns the Harbor projects that hold its images, and on other
// registries the prefixes that operators name.
package drift

import (
	"cmp"
	"slices"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// Reason says in a word why something is drift.
type Reason string

// The reasons.
const (
	// RepositoryMissing means that the registry does not have the repository.
	RepositoryMissing Reason = "repository_missing"
	// TagMissing means that it does not have the tag.
	TagMissing Reason = "tag_missing"
	// DigestMissing means that it does not have the digest that the catalog pins.
	DigestMissing Reason = "digest_missing"
	// TagGone means that the pinned digest is there, but not its tag.
	TagGone Reason = "tag_gone"
	// TagMoved means that the pinned digest is there, but its tag names another.
	TagMoved Reason = "tag_moved"
	// NotInCatalog means that the catalog owns the prefix and names nothing there.
	NotInCatalog Reason = "not_in_catalog"
	// Former means that only an image's former references name the repository.
	Former Reason = "former"
	// Retired means that the repository is of an image that was removed.
	Retired Reason = "retired"
)

// Reasons are all reasons, for those who count.
var Reasons = []Reason{
	RepositoryMissing, TagMissing, DigestMissing, TagGone, TagMoved, NotInCatalog, Former, Retired,
}

// Entry is one disagreement.
type Entry struct {
	Reason Reason
	// Text is the same in a sentence.
	Text string
	// Image is the short name that it is about; "" where nothing names it.
	Image string
	// Variants are those of the image's variants whose reference it is, by name.
	Variants []string
	// Reference is what the catalog says; a repository without tag and digest
	// where it is the registry that has more.
	Reference reference.Reference
	// Found is the digest that the tag names now, where it is another than the
	// pinned one; else "".
	Found string
	// Stale is true where the registry does not answer now: it is as it last
	// answered.
	Stale bool
}

// Status tells what is known of a [Prefix].
type Status string

// The statuses of a prefix.
const (
	Known   Status = "ok"
	Stale   Status = "stale"   // as the registry last answered
	Unasked Status = "unknown" // it never answered
)

// Prefix is where all repositories should be the catalog's.
type Prefix struct {
	Host, Prefix string
	Status       Status
	// Repositories counts those that are there.
	Repositories int
}

// Report is all that there is to say. It depends on the snapshot alone.
type Report struct {
	// Entries are sorted by host, path, tag, digest, image and reason.
	Entries []Entry
	// Prefixes are sorted by host and prefix.
	Prefixes []Prefix
	// Warnings are about registries that could not be asked.
	Warnings []snapshot.Warning
}

// Of works out the drift in a snapshot.
func Of(s *snapshot.Snapshot) *Report {
	r := &Report{Warnings: slices.Clone(s.Warnings)}
	for _, image := range s.Images {
		r.compare(s, image)
	}
	r.addExtra(s)
	slices.SortFunc(r.Entries, func(a, b Entry) int {
		x, y := a.Reference, b.Reference
		return cmp.Or(
			cmp.Compare(x.Host, y.Host), cmp.Compare(x.Path, y.Path), cmp.Compare(x.Tag, y.Tag), cmp.Compare(x.Digest, y.Digest),
			cmp.Compare(a.Image, b.Image), cmp.Compare(a.Reason, b.Reason))
	})
	return r
}

// Counts gives how many entries have each reason, those that none has included.
func (r *Report) Counts() map[Reason]int {
	counts := make(map[Reason]int, len(Reasons))
	for _, reason := range Reasons {
		counts[reason] = 0
	}
	for _, e := range r.Entries {
		counts[e.Reason]++
	}
	return counts
}
