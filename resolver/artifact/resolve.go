package artifact

import (
	"context"

	"oras.land/oras-go/v2/registry/remote"
)

// Descriptor says which manifest a selection leads to now.
type Descriptor struct {
	// Version is the version chosen, or the moving tag; "" where a digest alone
	// was asked for. Until the chart is pulled it is the tag's word for it.
	Version string
	// Tag is Version as a tag; "" where a digest alone was asked for.
	Tag string
	// Digest is the manifest's digest, "sha256:…".
	Digest string
	// Size is the manifest's size in bytes.
	Size int64
}

// Resolve tells which manifest a selection leads to now: one HEAD for a version
// or digest; a listing of tags and one HEAD for a constraint. It is no pull.
//
// Errors: fault.Usage for a selection that cannot be, fault.NotFound where the
// version is not there or nothing matches, fault.Invalid where something else
// than a chart is, fault.Tampered where a digest asked for is answered by
// another, fault.TooLarge; and fault.Denied, fault.RateLimited or
// fault.Unreachable where nobody could be asked.
func (c *Client) Resolve(ctx context.Context, ref Reference, sel Selection) (Descriptor, error) {
	ctx, cancel := c.begin(ctx)
	defer cancel()
	w, err := c.want(ctx, ref, sel, "resolve chart")
	if err != nil {
		return Descriptor{}, err
	}
	desc, err := c.head(ctx, w.repo, w.reference(), w.on)
	if err != nil {
		return Descriptor{}, err
	}
	return Descriptor{Version: w.version, Tag: w.tag, Digest: desc.Digest.String(), Size: desc.Size}, nil
}

// wanted is a selection with its decision made.
type wanted struct {
	repo    *remote.Repository
	ref     Reference // with the version and digest that were decided on
	version string
	tag     string
	on      target
}

// reference is what to ask the registry for: the digest where there is one.
func (w wanted) reference() string {
	if w.ref.Digest != "" {
		return w.ref.Digest
	}
	return w.tag
}

// want decides which version is meant, listing tags only under a constraint.
func (c *Client) want(ctx context.Context, ref Reference, sel Selection, op string) (wanted, error) {
	sel, err := sel.within(ref)
	if err != nil {
		return wanted{}, err
	}
	repo, err := c.repository(ref)
	if err != nil {
		return wanted{}, err
	}
	w := wanted{repo: repo, ref: ref.Repository()}
	w.version, w.tag, w.ref.Digest = sel.Version, TagOf(sel.Version), sel.Digest
	w.on = target{op: op, side: w.ref.String(), host: ref.Host}
	if sel.Constraint != "" {
		if w.tag, err = c.chosen(ctx, repo, sel, w.on); err != nil {
			return wanted{}, err
		}
		w.version = VersionOf(w.tag)
	}
	w.ref.Version = w.version
	w.on.side = w.ref.String()
	return w, nil
}

func (c *Client) chosen(ctx context.Context, repo *remote.Repository, sel Selection, on target) (string, error) {
	tags, err := c.tags(ctx, repo, on)
	if err != nil {
		return "", err
	}
	tag, err := sel.Choose(tags)
	if err != nil {
		return "", sided(err, on)
	}
	return tag, nil
}
