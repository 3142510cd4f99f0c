// Package snapshot is the join: what a catalog says, put together with what
// registries hold, as one immutable result.
//
// A [Snapshot] is made by [Join], never changed, and shared by all readers. It
// depends on the catalog, the facts and the UTC day alone, not on the clock or
// the process, so equal inputs give equal answers on every replica. The package
// asks nobody: sources of facts are packages beside it, and package resolver
// decides when to join again. The published shape of a record is the server's.
package snapshot

import (
	"slices"
	"strings"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/marker"
)

// Type tells where an image comes from.
type Type string

// The types of an image.
const (
	// Standard images are pre-built and named by the catalog.
	Standard Type = "standard"
	// Buildservice images are built by the users of a tool.
	Buildservice Type = "buildservice"
)

// Image is one record: all that is known about one offer. It is immutable and
// shared between snapshots while it does not change, so a pointer to it tells
// whether anything did.
type Image struct {
	ShortName string
	Type      Type
	State     string // as of the snapshot's day
	Aliases   []string
	Offer
	Variants           []Variant // by name
	WebserviceDefaults map[string]any
	Description        string
	Links              []chart.Link
	ReplacedBy         string // followed to the last image that is still there
	Lifecycle          chart.Lifecycle
	// Formerly are references that the image had once: they still lead to it.
	Formerly []reference.Reference
	// Notice is the sentence that a command line should print; "" if none.
	Notice string
	// Tags are those of a standard image's repository, sorted; nil while unknown and
	// in a tool's private project, empty where it is known that there are none.
	Tags []string
	// LiveSource is the host that said whether the image exists; "" while
	// nobody did.
	LiveSource string
	// Stale is true where a fact is from a source's last good answer because it
	// did not answer when it was asked last.
	Stale bool
	// Built is what is known of an image that a tool's users built; nil for a
	// standard image.
	Built *Built
	// Marked are the kinds of metadata that markers said, sorted.
	Marked []Marked

	added *addition // what markers added to a standard image; nil if nothing
}

// Marked is a kind of metadata that markers said.
type Marked struct {
	Kind marker.Kind
	// Alone tells that they said all of it, and the catalog nothing.
	Alone bool
}

// Offer is one reference and what its registry says about it.
type Offer struct {
	// Reference is what a pod spec should say, with the default tag.
	Reference reference.Reference
	// Exists is Unknown while nobody could be asked.
	Exists fact.Status
	// Digest is the one that the catalog pins, else that of the manifest which
	// the tag names now; "" while unknown.
	Digest string
	// Repository tells whether its registry has the repository at all.
	Repository fact.Status
	// Tagged tells whether the reference's tag is there; Unknown where it has none.
	Tagged fact.Status
	// TagDigest is that of the manifest which the tag names now, whatever the
	// catalog pins; "" while unknown.
	TagDigest string
}

// Variant is a flavour of a standard image for one consumer.
type Variant struct {
	Name string
	Offer
	Extra map[string]any // nil where the catalog has none
}

// Tombstone is what is left of a removed image.
type Tombstone struct {
	ShortName  string
	Date       chart.Date
	Reason     string
	ReplacedBy string // followed to the last image that is still there
}

// Warning is a sentence about a source that could not be asked. It names no
// time and no detail, so that replicas in the same state say the same.
type Warning struct {
	Source string // a host as the catalog names it
	Text   string
}

// Snapshot is the result of one join; only [Join] makes one.
type Snapshot struct {
	// Catalog is what was joined.
	Catalog *chart.Catalog
	// Day is the UTC day that states were worked out for.
	Day chart.Date
	// Images are sorted by short name, one record per name.
	Images []*Image
	// Removed are the images whose lifecycle has ended by Day, with what their
	// registries still say of them, by short name. They are in no list.
	Removed []*Image
	// Owned is what registries hold below the prefixes that the catalog owns; nil
	// where it owns none.
	Owned *Owned
	// Users is what tools' users built.
	Users Users
	// Warnings are about sources that could not be asked, by source.
	Warnings []Warning
	// Generation counts the snapshots of this process from 1.
	Generation int64
	// CreatedAt is when this process made it.
	CreatedAt time.Time

	outline *outline
}

// Image gives the image with a short name, or nil.
func (s *Snapshot) Image(shortName string) *Image {
	at, found := slices.BinarySearchFunc(s.Images, shortName, func(i *Image, name string) int {
		return strings.Compare(i.ShortName, name)
	})
	if !found {
		return nil
	}
	return s.Images[at]
}

// Tombstone gives what is left of a removed image, or nil. An image whose
// lifecycle has ended is found by its aliases too.
func (s *Snapshot) Tombstone(name string) *Tombstone { return s.outline.tombstones[name] }

// IsGuest tells whether a repository in a tool's project ("tool-x/name") leads to
// a standard image: the catalog has it there, or had. No owner's alias is put
// over it.
func (s *Snapshot) IsGuest(path string) bool { return s.outline.guests[path] }

// Guests gives those repositories, sorted.
func (s *Snapshot) Guests() []string { return sortedKeys(s.outline.guests) }

// Stack gives a stack or run image that the catalog knows, or nil.
func (s *Snapshot) Stack(name string) *Stack { return s.outline.stacks[name] }

// WarningsFor gives the warnings about the hosts that an image refers to.
func (s *Snapshot) WarningsFor(image *Image) []Warning {
	var out []Warning
	for _, w := range s.Warnings {
		concerned := image.Reference.Host == w.Source
		for _, v := range image.Variants {
			concerned = concerned || v.Reference.Host == w.Source
		}
		if concerned {
			out = append(out, w)
		}
	}
	return out
}

// Variant gives a variant by name, or nil.
func (i *Image) Variant(name string) *Variant {
	at, found := slices.BinarySearchFunc(i.Variants, name, func(v Variant, name string) int {
		return strings.Compare(v.Name, name)
	})
	if !found {
		return nil
	}
	return &i.Variants[at]
}

// Pinned gives host/path:tag@digest, or "" while the digest is unknown.
func (o Offer) Pinned() string {
	if o.Digest == "" {
		return ""
	}
	return o.Reference.Pinned(o.Digest)
}
