package resolver

import (
	"cmp"

	"github.com/opencontainers/go-digest"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/store"
)

// Keep gives the chart that was pulled, byte for byte.
func (r *Repository) Keep(offer *Offer) *store.Catalog {
	if offer.pulled == nil {
		return nil
	}
	contents := map[string][]byte{}
	for _, content := range offer.pulled.Contents() {
		contents[digest.FromBytes(content).String()] = content
	}
	return &store.Catalog{
		Origin:  r.Name(),
		Version: offer.Requested.Version, Digest: offer.Requested.Digest, Constraint: offer.Requested.Constraint,
		Chosen: cmp.Or(artifact.VersionOf(offer.pulled.Tag), offer.pulled.Version), Manifest: offer.Digest, Contents: contents,
	}
}

// Revive opens a chart that was kept, and checks it like one that was just
// pulled.
func (r *Repository) Revive(kept *store.Catalog) (*Offer, error) {
	const op = "read state"
	if kept.Origin != r.Name() {
		return nil, fault.New(fault.Refused, op, kept.Origin, "it is of another repository than the one that is asked for")
	}
	ref := r.reference.Repository()
	ref.Version, ref.Digest = kept.Chosen, kept.Manifest
	pulled, err := artifact.Open(ref, kept.Contents, r.trust.Ring != nil, artifact.Limits{})
	if err != nil {
		return nil, err
	}
	if !r.wants(kept, pulled) {
		return nil, fault.New(fault.Refused, op, pulled.Reference.String(), "another version is asked for now")
	}
	return r.offer(pulled)
}

// wants tells whether what was kept is what an operator asks for now. Another
// exact version, digest or tag than then is the operator's word that something
// else is to be served; another constraint may still admit it.
func (r *Repository) wants(kept *store.Catalog, pulled *artifact.Chart) bool {
	now := r.requested()
	switch {
	case now.Constraint != "":
		_, err := r.selection.Choose([]string{artifact.TagOf(pulled.Version)})
		return err == nil
	case now.Digest != "":
		return now.Digest == pulled.Digest
	case now.moves():
		return now.Version == kept.Version && kept.Digest == "" && kept.Constraint == ""
	}
	return now.Version == pulled.Version
}
