package snapshot

import (
	"cmp"
	"reflect"
	"slices"

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
		Catalog: in.Catalog, Day: in.Day, Users: in.Users, Warnings: in.Warnings, outline: o,
		Images: make([]*Image, len(o.records)),
	}
	added := o.additions(in.Facts)
	var found answers // used again for each record
	for i := range o.records {
		found.look(&o.records[i], in.Facts)
		found.added = added[i]
		s.Images[i] = found.join(&o.records[i], i, in.Before, o)
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

// answers are the facts about one record.
type answers struct {
	manifests []fact.Manifest // in the order of the questions
	tags      []string        // nil while unknown
	stale     bool
	added     *addition // by markers; nil for nothing
}

// look fills a with what is known about a record.
func (a *answers) look(r *record, facts Facts) {
	a.manifests, a.tags = a.manifests[:0], nil
	own := r.questions[0]
	repository, stale := facts.Repository(own.Host, own.Repository)
	a.stale = stale
	if repository.Status != fact.Unknown {
		a.tags = repository.Tags
		if a.tags == nil {
			a.tags = []string{} // known to have none
		}
	}
	for _, q := range r.questions {
		m, stale := facts.Manifest(q)
		a.manifests = append(a.manifests, m)
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
	if !image.added.equal(a.added) || image.Offer != image.answered(a.manifests[0]) {
		return false
	}
	for i, v := range image.Variants {
		if v.Offer != v.answered(a.manifests[i+1]) {
			return false
		}
	}
	return true
}

// fill makes an image of a record and the facts about it.
func (a *answers) fill(r *record) *Image {
	image := r.image
	image.Offer = image.answered(a.manifests[0])
	image.Variants = slices.Clone(image.Variants)
	for i := range image.Variants {
		image.Variants[i].Offer = image.Variants[i].answered(a.manifests[i+1])
	}
	image.Tags, image.Stale = a.tags, a.stale
	a.added.to(&image)
	if image.Exists != fact.Unknown {
		image.LiveSource = image.Reference.Host
	}
	return &image
}

// answered gives the offer as an answer makes it. A digest that the catalog
// pins is what a pod pulls, wherever the tag has moved meanwhile.
func (o Offer) answered(m fact.Manifest) Offer {
	o.Exists, o.Digest = m.Status, cmp.Or(o.Reference.Digest, m.Digest)
	return o
}

func unchanged(s, before *Snapshot) bool {
	return before != nil && s.outline == before.outline && s.Users == before.Users &&
		slices.Equal(s.Images, before.Images) && slices.Equal(s.Warnings, before.Warnings)
}
