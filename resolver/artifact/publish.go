package artifact

import (
	"context"
	"fmt"

	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// Published is what lies in the registry after a publication.
type Published struct {
	// Reference is the repository with version and digest.
	Reference Reference
	// Version is Chart.yaml's, Tag the same as a tag ("+" written "_").
	Version, Tag string
	// Digest is the manifest's digest, "sha256:…".
	Digest string
	// ArchiveDigest is the chart layer's digest.
	ArchiveDigest string
	// AlreadyPublished tells that the version was there with the same chart layer,
	// and nothing was written. Digest is then of the manifest that is there, which
	// may have other annotations or another provenance.
	AlreadyPublished bool
}

// Publish pushes a chart under the version that its Chart.yaml says: blobs that
// are not there yet, then the manifest with the tag, last and in one request, so
// that nobody sees half a publication. Then it reads the manifest back by its tag.
//
// A version is never overwritten, but for [Package.Move]: the same chart layer is success without a write
// ([Published.AlreadyPublished]), another one is fault.Conflict. Only a rule of
// immutability in the registry excludes two publishers in the same second; who
// loses that race gets fault.Conflict from reading back.
//
// ref names the repository, whose last part is the chart's name; a version in it
// has to be Chart.yaml's.
//
// Errors: fault.Usage (reference and chart do not fit, version is no SemVer),
// fault.Invalid and fault.TooLarge (the archive), fault.Conflict, and those of
// every request: fault.Denied, fault.RateLimited, fault.Unreachable,
// fault.NotFound (the registry knows no such project).
func (c *Client) Publish(ctx context.Context, ref Reference, pkg Package) (Published, error) {
	ctx, cancel := c.begin(ctx)
	defer cancel()
	p, err := c.publication(ref, pkg)
	if err != nil {
		return Published{}, err
	}
	return p.run(p.withToken(ctx))
}

// Upload writes the blobs of a chart that are not there yet, and no manifest, so
// that nobody sees anything of it. Whoever publishes to several registries begins
// with it at each: what can fail has failed then before the first of them shows
// the version. Errors are those of [Client.Publish], but for fault.Conflict.
func (c *Client) Upload(ctx context.Context, ref Reference, pkg Package) error {
	ctx, cancel := c.begin(ctx)
	defer cancel()
	p, err := c.publication(ref, pkg)
	if err != nil {
		return err
	}
	return p.pushBlobs(p.withToken(ctx))
}

// publication makes a package ready for a repository.
func (c *Client) publication(ref Reference, pkg Package) (*publication, error) {
	on := target{op: "publish chart", side: ref.String(), host: ref.Host}
	b, err := pkg.bundle(c.opts.Limits)
	if err != nil {
		return nil, sided(err, on)
	}
	if err := mayPublish(ref, b.meta); err != nil {
		return nil, sided(err, on)
	}
	ref = Reference{Host: ref.Host, Path: ref.Path, Version: b.meta.Version}
	on.side = ref.String()
	repo, err := c.repository(ref)
	if err != nil {
		return nil, err
	}
	return &publication{Client: c, repo: repo, ref: ref, on: on, bundle: b, tag: TagOf(ref.Version), move: pkg.Move}, nil
}

// withToken asks for one token for all that follows, instead of one to read and
// one to write.
func (p *publication) withToken(ctx context.Context) context.Context {
	return auth.AppendRepositoryScope(ctx, p.repo.Reference, auth.ActionPull, auth.ActionPush)
}

// mayPublish refuses a reference that is not this chart's.
func mayPublish(ref Reference, meta Metadata) error {
	bad := func(hint, format string, args ...any) error {
		return fault.New(fault.Usage, "", "", format, args...).WithHint("%s", hint)
	}
	switch {
	case ref.Digest != "":
		return bad("leave the digest out", "one publishes under a version, not under a digest")
	case ref.Version != "" && ref.Version != meta.Version:
		return bad("leave the version out, or make Chart.yaml say it",
			"the reference says version %s, Chart.yaml %s", ref.Version, meta.Version)
	case ref.Name() != meta.Name:
		return bad(fmt.Sprintf("publish to %s%s/%s/%s", scheme, ref.Host, ref.Path, meta.Name),
			"the repository is named %q, the chart %q", ref.Name(), meta.Name)
	}
	return nil
}

// publication is one Publish under way.
type publication struct {
	*Client
	*bundle
	repo *remote.Repository
	ref  Reference // with the version
	on   target
	tag  string
	move bool
}

func (p *publication) run(ctx context.Context) (Published, error) {
	ref := p.ref
	done := Published{Version: ref.Version, Tag: p.tag, ArchiveDigest: p.archive.desc.Digest.String()}
	there, err := p.existing(ctx)
	if p.move && fault.Is(err, fault.Conflict) {
		there, err = "", nil
	}
	if err != nil {
		return Published{}, err
	}
	if there != "" {
		done.Digest, done.AlreadyPublished = there, true
	} else {
		if err := p.push(ctx); err != nil {
			return Published{}, err
		}
		if done.Digest, err = p.readBack(ctx); err != nil {
			return Published{}, err
		}
	}
	ref.Digest = done.Digest
	done.Reference = ref
	return done, nil
}

// existing gives the digest of the manifest that has the tag already, if its
// chart layer is ours; "" if the tag is free. It asks by HEAD, and fetches, which
// counts as a pull, only what it has to look into.
func (p *publication) existing(ctx context.Context) (string, error) {
	desc, err := p.head(ctx, p.repo, p.tag, p.on)
	switch {
	case fault.Is(err, fault.NotFound):
		return "", nil
	case fault.Is(err, fault.Invalid):
		return "", p.taken(err)
	case err != nil:
		return "", err
	case desc.Digest == p.bundle.manifest.desc.Digest:
		return desc.Digest.String(), nil
	}
	return p.sameArchive(ctx, desc.Digest.String())
}

// sameArchive gives the digest of the manifest under a reference, or a conflict
// if it holds another chart.
func (p *publication) sameArchive(ctx context.Context, reference string) (string, error) {
	m, err := p.Client.manifest(ctx, p.repo, reference, p.on)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.TooLarge) {
		return "", p.taken(err)
	}
	if err != nil {
		return "", err
	}
	if m.archive.Digest != p.archive.desc.Digest {
		return "", fault.New(fault.Conflict, p.on.op, p.on.side,
			"this version is published already with other content: %s there, %s here",
			m.archive.Digest, p.archive.desc.Digest).WithHint("bump the version in Chart.yaml")
	}
	return m.descriptor.Digest.String(), nil
}

// taken says that the tag belongs to something that is no chart of ours.
func (p *publication) taken(err error) error {
	return fault.New(fault.Conflict, p.on.op, p.on.side, "the tag is taken: %w", err).
		WithHint("bump the version, or publish to another repository")
}

// push writes what is missing: blobs, then the manifest under its tag.
func (p *publication) push(ctx context.Context) error {
	if err := p.pushBlobs(ctx); err != nil {
		return err
	}
	return p.try(ctx, p.on, func(ctx context.Context) error {
		return p.repo.PushReference(ctx, p.bundle.manifest.desc, p.bundle.manifest.reader(), p.tag)
	})
}

func (p *publication) pushBlobs(ctx context.Context) error {
	for _, b := range p.blobs {
		if err := p.pushBlob(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// pushBlob begins a new upload at each attempt: a broken one cannot be relied on.
func (p *publication) pushBlob(ctx context.Context, b blob) error {
	return p.try(ctx, p.on, func(ctx context.Context) error {
		there, err := p.repo.Blobs().Exists(ctx, b.desc)
		if err != nil || there {
			return err
		}
		return p.repo.Blobs().Push(ctx, b.desc, b.reader())
	})
}

// readBack fetches the manifest by its tag and compares: another publisher may
// have written between our look and our push.
func (p *publication) readBack(ctx context.Context) (string, error) {
	return p.sameArchive(ctx, p.tag)
}
