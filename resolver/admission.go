package resolver

import (
	"errors"

	"github.com/Masterminds/semver/v3"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// admit decides whether a catalog that loads may take the place of the one
// that is served (nil at first). What is worse than that one, an operator can
// allow; who signed it, not. The error is of kind Tampered or Refused.
func (r *Resolver) admit(served *Served, offer *Offer, next *chart.Chart) error {
	if err := offer.Signature.Admit(offer.Reference); err != nil {
		return err
	}
	err := succeeds(served, offer, next)
	if err == nil {
		return nil
	}
	r.mu.Lock()
	admitted := r.allowed.admits(offer.Digest)
	r.mu.Unlock()
	if !admitted {
		return err
	}
	r.log.Warn("a catalog that would be refused is taken, because its digest was allowed; it is not allowed again", "digest", offer.Digest, "reason", err)
	return nil
}

// succeeds decides whether a catalog is no worse than the one that is served.
func succeeds(served *Served, offer *Offer, next *chart.Chart) error {
	if served == nil || offer.Kind != OriginOCI || served.Offer.Kind != OriginOCI {
		return nil
	}
	if offer.Requested.moves() {
		return admitMoved(served, next)
	}
	if offer.Requested == served.Offer.Requested && offer.Version == served.Offer.Version && offer.Digest != served.Offer.Digest {
		return fault.New(fault.Tampered, "take catalog", offer.Reference,
			"version %s had the digest %s and now has %s: a published version does not change",
			offer.Version, served.Offer.Digest, offer.Digest).
			WithHint("publish the new content under a new version; to serve this one, name its digest")
	}
	return nil
}

// admitMoved refuses what whoever moved a tag or published under a constraint
// has probably not meant.
func admitMoved(served *Served, next *chart.Chart) error {
	op, side := "take catalog", "version "+next.Metadata.Version
	before := served.Chart.Metadata.Version
	if next.Metadata.Version == before {
		return fault.New(fault.Tampered, op, side, "its digest changed since it was taken: a published version does not change").
			WithHint("publish the new content under a new version; to serve this one, allow its digest once (--allow-digest)")
	}
	if older(next.Metadata.Version, before) {
		return fault.New(fault.Refused, op, side, "%w version %s, which is served", errOlder, before).
			WithHint("to go back, publish the older content as a new version, name the exact version, or allow the digest once (--allow-digest)")
	}
	kept := 0
	for name := range served.Chart.Catalog.Images {
		if next.Catalog.Images[name] != nil || next.Catalog.Tombstones[name] != nil {
			kept++
		}
	}
	if had := len(served.Chart.Catalog.Images); 2*kept < had {
		return fault.New(fault.Refused, op, side, "it keeps %d of the %d names of version %s", kept, had, before).
			WithHint("retire images with tombstones; to serve it all the same, name the exact version, or allow the digest once (--allow-digest)")
	}
	return nil
}

// errOlder is in the chain of refusals of an older version.
var errOlder = errors.New("it is older than")

// older tells whether version a comes before b: by SemVer precedence, and
// between versions that differ in build metadata alone as strings, because that
// is how package artifact chooses under a constraint.
func older(a, b string) bool {
	va, err1 := semver.NewVersion(a)
	vb, err2 := semver.NewVersion(b)
	if err1 != nil || err2 != nil {
		return false // validation wants SemVer
	}
	if va.Equal(vb) {
		return a < b
	}
	return va.LessThan(vb)
}
