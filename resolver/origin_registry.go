package resolver

import (
	"context"
	"errors"
	"sync"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/archive"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/provenance"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/history"
)

// A manifest that leads to no usable chart is not fetched again for a while. A look
// at the origin is a HEAD and no pull; without this, a broken publication would be
// pulled at every look. The first pause is short: it may be the registry that had a
// bad moment, and the next ones double.
const (
	firstRecheck = 3 * time.Second
	recheck      = time.Minute
)

// Repository is an [Origin] in a registry: the catalog chart as an OCI artifact.
type Repository struct {
	client    *artifact.Client
	reference artifact.Reference
	selection artifact.Selection
	trust     Trust
	history   *history.History

	mu     sync.Mutex
	bad    badManifest
	judges *provenance.Ring // by which the last manifest that was pulled was judged
}

// badManifest is the last one that led to no usable chart.
type badManifest struct {
	digest string
	err    error
	until  time.Time
	pause  time.Duration
}

// FromRepository follows the version that a selection leads to. What the
// reference names itself counts as selected too. A client that is to check
// signatures has to fetch them (artifact.Options.Provenance).
func FromRepository(client *artifact.Client, ref artifact.Reference, sel artifact.Selection, trust Trust) *Repository {
	if sel.Constraint == "" {
		if sel.Version == "" {
			sel.Version = ref.Version
		}
		if sel.Digest == "" {
			sel.Digest = ref.Digest
		}
	}
	r := &Repository{client: client, reference: ref, selection: sel, trust: trust, judges: trust.ring()}
	return r.ListedBy(nil, "")
}

// ListedBy makes Harbor's API tell which versions there are, and gives the
// origin; name is the repository's in Harbor, project included. Without it they
// are found by the means of every registry, which read each manifest once, and
// Harbor counts that as a pull. It is for start-up.
func (r *Repository) ListedBy(h history.Harbor, name string) *Repository {
	r.history = history.New(history.Repository{
		Client: r.client, Reference: r.reference.Repository(), Selection: r.selection, Harbor: h, HarborName: name,
		Check: func(pulled *artifact.Chart) error {
			return r.trust.Check(pulled).Admit(pulled.Reference.String())
		},
	}, history.Options{})
	return r
}

// History is the history of the chart.
func (r *Repository) History() *history.History { return r.history }

// Name is oci://host/path.
func (r *Repository) Name() string {
	return artifact.Reference{Host: r.reference.Host, Path: r.reference.Path}.String()
}

// Fetch asks which manifest is there, and pulls it if it is another one, or if it has to
// be judged by other keys than when it was pulled.
func (r *Repository) Fetch(ctx context.Context, last string) (*Offer, error) {
	found, err := r.client.Resolve(ctx, r.reference, r.selection)
	if err != nil {
		return nil, err
	}
	ring := r.trust.ring()
	if r.isJudgedBy(ring) && found.Digest == last {
		return nil, nil
	}
	if err := r.known(found.Digest); err != nil {
		return nil, err
	}
	offer, err := r.pull(ctx, found)
	switch {
	case err == nil:
		r.judged(ring)
	case badContent(err):
		r.remember(found.Digest, err)
	}
	return offer, err
}

// isJudgedBy tells whether the keys that count are those by which the last manifest
// that was pulled was judged.
func (r *Repository) isJudgedBy(ring *provenance.Ring) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.judges == ring
}

func (r *Repository) judged(ring *provenance.Ring) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.judges = ring
}

// pull fetches by digest, so that a tag that moves meanwhile mixes nothing.
func (r *Repository) pull(ctx context.Context, found artifact.Descriptor) (*Offer, error) {
	pulled, err := r.client.Pull(ctx, r.reference, artifact.Selection{Version: found.Version, Digest: found.Digest})
	if err != nil {
		return nil, err
	}
	return r.offer(pulled)
}

// offer makes an offer of a chart that was pulled, now or by an earlier process.
func (r *Repository) offer(pulled *artifact.Chart) (*Offer, error) {
	name := pulled.Reference.String()
	source, err := chart.FromArchive(pulled.Archive, name)
	if err != nil {
		kind := fault.Invalid
		if errors.Is(err, archive.ErrTooLarge) {
			kind = fault.TooLarge
		}
		return nil, fault.Wrap(kind, "open chart", name, err)
	}
	return &Offer{
		Identity: pulled.Digest, Kind: OriginOCI, Source: source,
		Version: pulled.Version, Digest: pulled.Digest, Reference: name,
		Requested: r.requested(), Signature: r.trust.Check(pulled), pulled: pulled,
	}, nil
}

// requested is what the operator asked for.
func (r *Repository) requested() Requested {
	return Requested{Version: r.selection.Version, Digest: r.selection.Digest, Constraint: r.selection.Constraint}
}

// known gives the error that a manifest is known to lead to, for as long as it
// is remembered.
func (r *Repository) known(digest string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bad.digest == digest && time.Now().Before(r.bad.until) {
		return r.bad.err
	}
	return nil
}

func (r *Repository) remember(digest string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pause := firstRecheck
	if r.bad.digest == digest {
		pause = min(2*r.bad.pause, recheck)
	}
	r.bad = badManifest{digest: digest, err: err, until: time.Now().Add(pause), pause: pause}
}
