package registry

import (
	"context"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// everything stands for the host as a whole where a repository is wanted. No
// repository has such a name.
const everything = ""

// Bounds of a list of repositories. A longer one is an error: a list that is cut
// would be a lie.
const (
	maxRepositoryPages = 1000
	maxRepositories    = 10_000
)

// Repositories lists the repositories of the host whose names, as the catalog
// writes them, begin with one of the prefixes, sorted. It reads the host's whole
// list (GET /v2/_catalog, which is no pull), so it is for now and then. Many
// hosts do not let everybody ask.
//
// Errors are of package fault: Denied or Unsupported if the host does not let us
// ask, TooLarge beyond 1,000 pages or 10,000 names below the prefixes, and
// Unreachable or RateLimited.
func (s *Source) Repositories(ctx context.Context, prefixes []string) ([]string, error) {
	r, end := s.newRound(ctx, plan{})
	defer end()
	names, err := r.repositories(prefixes)
	if err == nil {
		return names, nil
	}
	if cause := r.cause(); cause != nil {
		err = cause
	}
	f := *asFault(err)
	if f.Kind == fault.NotFound {
		f.Kind = fault.Unsupported // it is the list that is not there
	}
	f.Op, f.Side = "list repositories", s.Name()
	return nil, &f
}

func (r *round) repositories(prefixes []string) (names []string, err error) {
	if err := r.begin(); err != nil {
		return nil, err
	}
	err = r.with(everything, func(ctx context.Context, p *remote.Puller) (err error) {
		names, err = r.listRepositories(ctx, p, prefixes)
		return err
	})
	slices.Sort(names)
	return slices.Compact(names), err
}

// listRepositories reads page after page, as far as the bounds allow. That the
// next page is on the same host is the endpoint's check.
func (r *round) listRepositories(ctx context.Context, p *remote.Puller, prefixes []string) ([]string, error) {
	pages, err := p.Catalogger(ctx, r.registry)
	if err != nil {
		return nil, err
	}
	below, _ := strings.CutSuffix(r.ep.Repository("x"), "x")
	last, names := "", []string{}
	for n := 1; pages.HasNext(); n++ {
		if n > maxRepositoryPages {
			return nil, fault.New(fault.TooLarge, "", r.Name(), "the list of repositories has more than %d pages", maxRepositoryPages)
		}
		page, err := pages.Next(ctx)
		if err != nil {
			return nil, err
		}
		if len(page.Repos) > 0 {
			if n > 1 && page.Repos[len(page.Repos)-1] == last {
				return nil, fault.New(fault.Unreachable, "", r.Name(), "the pages of its list of repositories lead in a circle")
			}
			last = page.Repos[len(page.Repos)-1]
		}
		for _, held := range page.Repos {
			name, ours := strings.CutPrefix(held, below)
			if ours && begins(name, prefixes) && checkRepository(name) == nil {
				names = append(names, name)
			}
		}
		if len(names) > maxRepositories {
			return nil, fault.New(fault.TooLarge, "", r.Name(), "it has more than %d repositories below %s", maxRepositories, strings.Join(prefixes, ", "))
		}
	}
	return names, nil
}

func begins(name string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}
