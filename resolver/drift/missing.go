package drift

import (
	"fmt"
	"slices"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// compare adds what the registries say otherwise than the catalog of one image.
// A reference that several variants share is told once.
func (r *Report) compare(s *snapshot.Snapshot, image *snapshot.Image) {
	begin := len(r.Entries)
	r.offer(image, visible(s, image.Offer), "")
	for _, v := range image.Variants {
		if at := r.told(begin, v.Offer); at >= 0 {
			r.Entries[at].Variants = append(r.Entries[at].Variants, v.Name)
			continue
		}
		r.offer(image, visible(s, v.Offer), v.Name)
	}
}

// visible takes out of an offer what a private project holds besides what the
// catalog itself names.
func visible(s *snapshot.Snapshot, o snapshot.Offer) snapshot.Offer {
	project, _ := harbor.SplitName(o.Reference.Path)
	if o.Reference.Host == s.Users.Host && s.Users.View.Private(project) {
		o.Tagged, o.TagDigest = fact.Unknown, ""
	}
	return o
}

// told finds the entry about an offer's reference among those of its image.
func (r *Report) told(begin int, o snapshot.Offer) int {
	at := slices.IndexFunc(r.Entries[begin:], func(e Entry) bool { return e.Reference == o.Reference })
	if at < 0 {
		return -1
	}
	return begin + at
}

func (r *Report) offer(image *snapshot.Image, o snapshot.Offer, variant string) {
	reason, text := judge(o)
	if reason == "" {
		return
	}
	e := Entry{Reason: reason, Text: text, Image: image.ShortName, Reference: o.Reference, Stale: image.Stale}
	if variant != "" {
		e.Variants = []string{variant}
	}
	if o.Reference.Digest != "" && o.TagDigest != o.Reference.Digest {
		e.Found = o.TagDigest
	}
	r.Entries = append(r.Entries, e)
}

// judge says what is wrong with an offer; no reason means that nothing is, as
// far as is known.
func judge(o snapshot.Offer) (Reason, string) {
	ref := o.Reference
	at := ref.Host + "/" + ref.Path
	switch {
	case o.Exists == fact.Absent && o.Repository == fact.Absent:
		return RepositoryMissing, fmt.Sprintf("%s has no repository %s", ref.Host, ref.Path)
	case o.Exists == fact.Absent && ref.Digest == "":
		return TagMissing, fmt.Sprintf("%s has no tag %s", at, ref.Tag)
	case o.Exists == fact.Absent && o.TagDigest != "" && o.TagDigest != ref.Digest:
		return DigestMissing, fmt.Sprintf("%s no longer has %s, which the catalog pins; its tag %s names %s now", at, ref.Digest, ref.Tag, o.TagDigest)
	case o.Exists == fact.Absent:
		return DigestMissing, fmt.Sprintf("%s no longer has %s, which the catalog pins", at, ref.Digest)
	case o.Exists != fact.Present || ref.Digest == "" || ref.Tag == "":
		return "", ""
	case o.Tagged == fact.Absent:
		return TagGone, fmt.Sprintf("%s has what the catalog pins, but no tag %s any more", at, ref.Tag)
	case o.Tagged == fact.Present && o.TagDigest != ref.Digest:
		return TagMoved, fmt.Sprintf("the tag %s of %s names %s now; the catalog pins %s", ref.Tag, at, o.TagDigest, ref.Digest)
	}
	return "", ""
}
