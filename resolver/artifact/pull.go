package artifact

import (
	"context"
	"errors"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// Chart is a chart that was pulled and verified.
type Chart struct {
	// Reference is the repository with the version and digest that were got.
	Reference Reference
	// Version is the version that Chart.yaml says.
	Version string
	// Tag is the tag it was asked for by; "" if it was asked for by digest alone.
	Tag string
	// Digest is the manifest's digest, "sha256:…".
	Digest string
	// ArchiveDigest is the chart layer's digest; two publications with the same
	// one are the same catalog.
	ArchiveDigest string
	// Archive is the chart as `helm package` makes it (.tgz).
	Archive []byte
	// Metadata is Chart.yaml.
	Metadata Metadata
	// Manifest is the manifest, byte for byte.
	Manifest []byte
	// Config is the config blob, byte for byte.
	Config []byte
	// Annotations are the manifest's.
	Annotations map[string]string
	// Created is when it was published, as the manifest's annotation
	// org.opencontainers.image.created says; zero if it says nothing readable.
	Created time.Time
	// Provenance is the provenance file; nil if there is none, or it was not
	// asked for (see Options.Provenance).
	Provenance []byte
}

// Pull fetches and verifies the chart that a selection leads to. Cold it costs
// two requests, manifest and chart layer; a constraint adds a listing of tags,
// Options.Provenance the provenance layer.
//
// The config blob has to agree with Chart.yaml, yet is not fetched as a rule: Helm
// makes it from Chart.yaml by a fixed recipe, so the recipe is followed here, and
// if the result has the size and the sha256 that the manifest declares, the blob
// in the registry is that result. Only where it has not (a chart pushed by other
// means, or a Helm with other fields) is the blob fetched and compared field by
// field: one request more.
//
// Errors are those of [Client.Resolve]; moreover fault.TooLarge for a layer beyond
// its bound (before a byte of it is read), fault.Tampered where content is not what
// its digest says, and fault.Invalid where tag, Chart.yaml and config disagree.
func (c *Client) Pull(ctx context.Context, ref Reference, sel Selection) (*Chart, error) {
	ctx, cancel := c.begin(ctx)
	defer cancel()
	w, err := c.want(ctx, ref, sel, "pull chart")
	if err != nil {
		return nil, err
	}
	return c.pull(ctx, w)
}

// PullIfChanged is [Client.Pull], except that it first asks by HEAD which manifest
// the selection leads to, and is content (nil, false, nil) if that has the digest
// last. Unchanged it costs one HEAD (and the listing under a constraint), changed
// one HEAD more than Pull. It is meant for polling: a HEAD is no pull. Whether a
// changed digest under an unchanged version is welcome is the caller's judgement.
func (c *Client) PullIfChanged(ctx context.Context, ref Reference, sel Selection, last string) (chart *Chart, changed bool, err error) {
	ctx, cancel := c.begin(ctx)
	defer cancel()
	w, err := c.want(ctx, ref, sel, "pull chart")
	if err != nil {
		return nil, false, err
	}
	desc, err := c.head(ctx, w.repo, w.reference(), w.on)
	if err != nil {
		return nil, false, err
	}
	if desc.Digest.String() == last {
		return nil, false, nil
	}
	// By digest, so that a tag that moves meanwhile cannot mix two versions.
	w.ref.Digest = desc.Digest.String()
	chart, err = c.pull(ctx, w)
	return chart, err == nil, err
}

func (c *Client) pull(ctx context.Context, w wanted) (*Chart, error) {
	manifest, err := c.manifest(ctx, w.repo, w.reference(), w.on)
	if err != nil {
		return nil, err
	}
	read := c.reader(ctx, w)
	chart, err := assemble(w, manifest, c.opts.Provenance, read)
	if err != nil || !c.opts.EveryBlob {
		return chart, err
	}
	if _, err := read(manifest.config); err != nil {
		return nil, sided(err, w.on)
	}
	return chart, nil
}

// content fetches one blob of a manifest. That the registry does not have it is
// its own defect, not the absence of the chart, and nothing against the chart: a
// registry that is being repaired, or that denies everything for a while, has it
// again later.
func (c *Client) content(ctx context.Context, w wanted, desc ocispec.Descriptor) ([]byte, error) {
	data, err := c.blob(ctx, w.repo, desc, w.on)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.New(fault.Unreachable, w.on.op, w.on.side, "the registry has the manifest but not its blob %s", desc.Digest).
			WithHint("if it stays so, publish the version again")
	}
	return data, err
}

// Created tells when the chart with a digest was published, as the manifest's
// annotation org.opencontainers.image.created says; zero if it says nothing
// readable. It costs one GET of the manifest, which Harbor counts as a pull.
//
// Errors are those of [Client.Resolve].
func (c *Client) Created(ctx context.Context, ref Reference, digest string) (time.Time, error) {
	ctx, cancel := c.begin(ctx)
	defer cancel()
	w, err := c.want(ctx, ref, Selection{Digest: digest}, "read manifest")
	if err != nil {
		return time.Time{}, err
	}
	manifest, err := c.manifest(ctx, w.repo, w.reference(), w.on)
	if err != nil {
		return time.Time{}, err
	}
	return created(manifest.annotations), nil
}

func created(annotations map[string]string) time.Time {
	at, err := time.Parse(time.RFC3339, annotations[ocispec.AnnotationCreated])
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// sided gives an error its place if it has none yet.
func sided(err error, on target) error {
	if own, ok := errors.AsType[*fault.Error](err); ok {
		return placed(own, on)
	}
	return fault.Wrap(fault.Invalid, on.op, on.side, err)
}
