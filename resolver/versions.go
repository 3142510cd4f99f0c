package resolver

import (
	"context"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/history"
)

// historian is an [Origin] that has more versions than the one that is followed.
type historian interface{ History() *history.History }

// Versions gives the versions of the catalog that its origin has, or nil where
// it has no others than the one that is there. Errors are those of
// [history.History.List].
func (r *Resolver) Versions(ctx context.Context) (*history.List, error) {
	if h, ok := r.origin.(historian); ok {
		return h.History().List(ctx)
	}
	return nil, nil
}

// Version gives the catalog of a version or of a manifest's digest. For what is
// served nobody is asked. Errors are those of [history.History.Get]; an origin
// without versions has none but the one that is served: fault.NotFound.
func (r *Resolver) Version(ctx context.Context, name string) (*history.Entry, error) {
	if served := r.Status().Served; served != nil {
		version, offer := served.Chart.Metadata.Version, served.Offer
		if name != "" && (name == version || name == offer.Digest) {
			return &history.Entry{Version: version, Digest: offer.Digest, Identity: offer.Identity, Chart: served.Chart}, nil
		}
	}
	if h, ok := r.origin.(historian); ok {
		return h.History().Get(ctx, name)
	}
	return nil, fault.New(fault.NotFound, "find version", r.origin.Name(), "there is no version %q", name)
}
