package snapshot

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
)

// Input is what one join is made of.
type Input struct {
	// Catalog must not change any more: it is told from others by its pointer.
	Catalog *chart.Catalog
	Facts   Facts
	// Day is the UTC day whose states are wanted.
	Day chart.Date
	// Users is what tools' users built, as the inventory has it now.
	Users Users
	// Owned is told from others by its pointer.
	Owned *Owned
	// Warnings are put into the snapshot as they are.
	Warnings []Warning
	// Before is the snapshot that this one follows; nil for the first. Records
	// that did not change are shared with it.
	Before *Snapshot
}

// Join puts a catalog and facts together. If nothing changed since in.Before,
// it gives in.Before itself.
func Join(in Input) *Snapshot {
	o := outlineOf(in)
	s := &Snapshot{
		Catalog: in.Catalog, Day: in.Day, Users: in.Users, Owned: in.Owned, Warnings: in.Warnings, outline: o,
		Images: make([]*Image, len(o.records)), Removed: make([]*Image, len(o.removed)),
	}
	added := o.additions(in.Facts)
	var found answers // used again for each record
	for i := range o.records {
		found.look(&o.records[i], in.Facts)
		found.added = added[i]
		if o.isHidden(o.records[i].questions[0], in.Users) {
			found.tags = nil
		}
		s.Images[i] = found.join(&o.records[i], i, in.Before, o)
	}
	found.added = nil
	for i := range o.removed {
		found.look(&o.removed[i], in.Facts)
		s.Removed[i] = found.fill(&o.removed[i])
		if b := in.Before; b != nil && b.outline == o && found.agree(b.Removed[i]) {
			s.Removed[i] = b.Removed[i]
		}
	}
	if unchanged(s, in.Before) {
		return in.Before
	}
	return s
}

func outlineOf(in Input) *outline {
	if b := in.Before; b != nil && b.outline.catalog == in.Catalog && b.outline.day == in.Day {
		return b.outline
	}
	return newOutline(in.Catalog, in.Day)
}

// isHidden tells whether a question is about a repository in a tool's private
// project. What the catalog names there is everybody's, its other tags are not.
func (o *outline) isHidden(q fact.Reference, users Users) bool {
	if !o.guests[q.Repository] || q.Host != users.Host {
		return false
	}
	project, _, _ := strings.Cut(q.Repository, "/")
	return users.View.Private(project)
}

// answers are the facts about one record.
type answers struct {
	manifests []fact.Manifest // in the order of the questions
	// repositories are those of the questions, in their order.
	repositories []fact.Repository
	tags         []string // nil while unknown
	stale        bool
	added        *addition // by markers; nil for nothing
}

// look fills a with what is known about a record.
func (a *answers) look(r *record, facts Facts) {
	a.manifests, a.repositories, a.tags = a.manifests[:0], a.repositories[:0], nil
	own := r.questions[0]
	repository, stale := facts.Repository(own.Host, own.Repository)
	a.stale = stale
	if repository.Status != fact.Unknown {
		a.tags = repository.Tags
		if a.tags == nil {
			a.tags = []string{} // known to have none
		}
	}
	for i, q := range r.questions {
		m, stale := facts.Manifest(q)
		if i > 0 {
			repository, _ = facts.Repository(q.Host, q.Repository) // of its age drift alone would tell
		}
		a.manifests, a.repositories = append(a.manifests, m), append(a.repositories, repository)
		a.stale = a.stale || stale
	}
}

// join gives the image of the i-th record of an outline: the one before, if it
// says the same.
func (a *answers) join(r *record, i int, before *Snapshot, o *outline) *Image {
	switch {
	case before == nil:
		return a.fill(r)
	case before.outline == o: // the same record: only the facts may differ
		if old := before.Images[i]; a.agree(old) {
			return old
		}
		return a.fill(r)
	}
	image := a.fill(r)
	if old := before.Image(r.image.ShortName); old != nil && reflect.DeepEqual(old, image) {
		return old
	}
	return image
}

// agree tells whether filling the image's record would give the same again.
func (a *answers) agree(image *Image) bool {
	if image.Stale != a.stale || (image.Tags == nil) != (a.tags == nil) || !slices.Equal(image.Tags, a.tags) {
		return false
	}
	if !image.added.equal(a.added) || image.Offer != image.answered(a, 0) {
		return false
	}
	for i, v := range image.Variants {
		if v.Offer != v.answered(a, i+1) {
			return false
		}
	}
	return true
}

// fill makes an image of a record and the facts about it.
func (a *answers) fill(r *record) *Image {
	image := r.image
	image.Offer = image.answered(a, 0)
	image.Variants = slices.Clone(image.Variants)
	for i := range image.Variants {
		image.Variants[i].Offer = image.Variants[i].answered(a, i+1)
	}
	image.Tags, image.Stale = a.tags, a.stale
	a.added.to(&image)
	if image.Exists != fact.Unknown {
		image.LiveSource = image.Reference.Host
	}
	return &image
}

// answered gives the offer as the answers to the i-th question make it. A digest
// that the catalog pins is what a pod pulls, wherever the tag has moved meanwhile.
func (o Offer) answered(a *answers, i int) Offer {
	m, r := a.manifests[i], a.repositories[i]
	o.Exists, o.Digest, o.Repository = m.Status, cmp.Or(o.Reference.Digest, m.Digest), r.Status
	o.Tagged, o.TagDigest = o.tag(m, r)
	return o
}

// tag tells whether the tag is there, and what it names. The answer for a
// reference with both tag and digest has the pinned digest where the tag is gone
// as well as where it is in place; the list of tags tells the two apart.
func (o Offer) tag(m fact.Manifest, r fact.Repository) (fact.Status, string) {
	pinned := o.Reference.Digest
	switch {
	case o.Reference.Tag == "" || m.Status == fact.Unknown:
		return fact.Unknown, ""
	case pinned == "":
		return m.Status, m.Digest
	case m.Digest != "" && m.Digest != pinned:
		return fact.Present, m.Digest
	case r.Status == fact.Unknown:
		return fact.Unknown, ""
	}
	if _, there := slices.BinarySearch(r.Tags, o.Reference.Tag); !there {
		return fact.Absent, ""
	}
	return fact.Present, pinned
}

func unchanged(s, before *Snapshot) bool {
	return before != nil && s.outline == before.outline && s.Users == before.Users && s.Owned == before.Owned &&
		slices.Equal(s.Images, before.Images) && slices.Equal(s.Removed, before.Removed) && slices.Equal(s.Warnings, before.Warnings)
}
