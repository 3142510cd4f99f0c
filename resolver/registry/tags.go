package registry

import (
	"context"
	"regexp"
	"slices"

	"github.com/google/go-containerregistry/pkg/v1/remote"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/marker"
)

// attachment matches the tags under which cosign keeps signatures,
// attestations and SBOMs of a digest (cosign's SIGNATURE_SPEC.md). They are no
// images.
var attachment = regexp.MustCompile(`^sha256-[0-9a-f]{64}\.(?:sig|att|sbom)$`)

// askTags asks for the tag list of a repository.
func (r *round) askTags(q *question) error {
	var tags []string
	err := r.with(q.repo, func(ctx context.Context, p *remote.Puller) (err error) {
		tags, err = r.list(ctx, p, q.repo)
		return err
	})
	if fault.Is(err, fault.NotFound) {
		q.repository = fact.Repository{Status: fact.Absent}
		return r.plausible()
	}
	if err != nil {
		return err
	}
	var markers marker.Reader
	tags = slices.DeleteFunc(tags, func(tag string) bool {
		// A tag list does not say when a tag was pushed.
		return !isTag(tag) || attachment.MatchString(tag) || r.opts.Markers && markers.Read(tag, 0)
	})
	slices.Sort(tags)
	q.repository = fact.Repository{Status: fact.Present, Tags: slices.Compact(tags), Marks: markers.Marks()}
	return nil
}

// list reads page after page, as far as the bounds allow. That the next page is
// on the same host is go-containerregistry's check, and the endpoint's.
func (r *round) list(ctx context.Context, p *remote.Puller, repo string) ([]string, error) {
	lister, err := p.Lister(ctx, r.registry.Repo(repo))
	if err != nil {
		return nil, err
	}
	var tags []string
	for pages := 1; lister.HasNext(); pages++ {
		if pages > r.opts.MaxPages {
			return nil, fault.New(fault.TooLarge, "", r.Name(), "the tag list has more than %d pages", r.opts.MaxPages)
		}
		page, err := lister.Next(ctx)
		if err != nil {
			return nil, err
		}
		if tags = append(tags, page.Tags...); len(tags) > r.opts.MaxTags {
			return nil, fault.New(fault.TooLarge, "", r.Name(), "the repository has more than %d tags", r.opts.MaxTags)
		}
	}
	return tags, nil
}
