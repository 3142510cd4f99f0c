package registry

import (
	"context"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// askManifest asks for one reference. One with both a tag and a digest has two
// answers: a pod pulls the digest, the tag tells whether it has moved. The
// second HEAD is only sent where the first does not say it all.
func (r *round) askManifest(q *question) error {
	repo := r.registry.Repo(q.repo)
	if q.ref.Tag == "" {
		digest, err := r.head(q.repo, repo.Digest(q.ref.Digest))
		q.manifest = answer(digest, q.ref.Digest)
		return err
	}
	digest, err := r.head(q.repo, repo.Tag(q.ref.Tag))
	if err != nil {
		return err
	}
	if q.ref.Digest == "" || q.ref.Digest == digest {
		q.manifest = answer(digest, "")
		return nil
	}
	pinned, err := r.head(q.repo, repo.Digest(q.ref.Digest))
	q.manifest = answer(pinned, q.ref.Digest)
	if digest != "" {
		q.manifest.Digest = digest
	}
	return err
}

// answer makes the answer of a HEAD; an empty digest means that it is not there.
func answer(digest, asked string) fact.Manifest {
	if digest == "" {
		return fact.Manifest{Status: fact.Absent, Digest: asked}
	}
	return fact.Manifest{Status: fact.Present, Digest: digest}
}

// head gives the digest of a manifest, or "" if the registry does not have it.
func (r *round) head(repo string, ref name.Reference) (string, error) {
	var digest string
	err := r.with(repo, func(ctx context.Context, p *remote.Puller) error {
		d, err := p.Head(ctx, ref)
		if err == nil {
			digest = d.Digest.String()
		}
		return err
	})
	if fault.Is(err, fault.NotFound) {
		return "", r.plausible()
	}
	return digest, err
}

// plausible makes sure, once in a round, that a 404 comes from a registry.
func (r *round) plausible() error {
	_, err := r.ping()
	return err
}
