package artifact

import (
	"context"

	"oras.land/oras-go/v2/registry/remote"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// Tags lists the tags of the repository of ref, in the registry's order. It costs
// one request for each 1000 tags; pages, bytes and the host of the next page are
// bounded (see [Limits]).
//
// Errors: fault.NotFound where there is no such repository, fault.TooLarge beyond
// the bounds, and those of every request: fault.Denied, fault.RateLimited,
// fault.Unreachable.
func (c *Client) Tags(ctx context.Context, ref Reference) ([]string, error) {
	ctx, cancel := c.begin(ctx)
	defer cancel()
	repo, err := c.repository(ref)
	if err != nil {
		return nil, err
	}
	return c.tags(ctx, repo, target{op: "list tags", side: ref.Repository().String(), host: ref.Host})
}

func (c *Client) tags(ctx context.Context, repo *remote.Repository, on target) ([]string, error) {
	var list tagList
	err := c.try(ctx, on, func(ctx context.Context) error {
		list = tagList{bytes: c.opts.Limits.TagBytes, seen: map[string]bool{}}
		allow(ctx, c.opts.Limits.TagBytes)
		return repo.Tags(ctx, "", list.add)
	})
	return list.tags, err
}

// tagList gathers pages of tags and notices a listing that leads nowhere.
type tagList struct {
	tags  []string
	seen  map[string]bool
	bytes int64 // what may still come
}

func (l *tagList) add(page []string) error {
	// The spec wants a list; null, or an object without one, is how a broken
	// registry looks, and must not read as "no versions".
	if page == nil {
		return fault.New(fault.Unreachable, "", "", "the registry answered a listing without a list of tags")
	}
	fresh := false
	for _, tag := range page {
		if l.bytes -= int64(len(tag)); l.bytes < 0 {
			return fault.New(fault.TooLarge, "", "", "the names of its tags are too long altogether")
		}
		if !l.seen[tag] {
			l.seen[tag] = true
			l.tags = append(l.tags, tag)
			fresh = true
		}
	}
	if !fresh && len(page) > 0 {
		return fault.New(fault.Unreachable, "", "", "the pages of its list of tags lead in a circle")
	}
	return nil
}
