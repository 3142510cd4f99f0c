package history

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Masterminds/semver/v3"
	"golang.org/x/sync/errgroup"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// Version is one version that was published.
type Version struct {
	// Version is SemVer.
	Version string
	// Digest is that of the manifest; "" while unknown.
	Digest string
	// Published is when; zero while unknown.
	Published time.Time
	// Selected tells that the constraint which is followed picks it.
	Selected bool
}

// List is the versions of a chart. It is immutable.
type List struct {
	// Versions are the newest first, by SemVer.
	Versions []Version
	// Err is why they are as the registry last answered; nil if they are not.
	Err error
}

// Find gives a version by name or digest, or nil.
func (l *List) Find(name string) *Version {
	for i := range l.Versions {
		if v := &l.Versions[i]; v.Version == name || v.Digest == name {
			return v
		}
	}
	return nil
}

// List gives the versions that there are, as of a minute ago at most. While the
// registry does not answer it is the last good list, with the reason; if there
// never was one, the error is of package fault: Unreachable, Denied, RateLimited,
// TooLarge, or NotFound if there is no such repository.
func (h *History) List(ctx context.Context) (*List, error) { return h.listAsOf(ctx, h.opts.Fresh) }

// listAsOf is List for a list that is so old at most.
func (h *History) listAsOf(ctx context.Context, age time.Duration) (*List, error) {
	if l, err, done := h.kept(age); done {
		return l, err
	}
	answer := h.flight.DoChan("list", func() (any, error) {
		// Others may wait for the same answer: it outlives the one who asks first.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), listTimeout)
		defer cancel()
		h.keep(h.ask(ctx))
		return nil, nil
	})
	patience := time.NewTimer(h.opts.Patience)
	defer patience.Stop()
	select {
	case <-answer:
	case <-patience.C:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	l, err, _ := h.kept(0)
	if l == nil && err == nil {
		err = fault.New(fault.Unreachable, "list versions", h.from.Reference.String(), "no answer within %s", h.opts.Patience)
	}
	return l, err
}

// kept gives the list of before, and whether nobody is to be asked now.
func (h *History) kept(age time.Duration) (l *List, err error, done bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.opts.Now()
	waits := now.Before(h.notBefore)
	done = waits || h.list != nil && h.err == nil && now.Sub(h.at) < age
	switch {
	case h.list == nil:
		return nil, h.err, done
	case h.err != nil || now.Sub(h.at) >= h.opts.Fresh+h.opts.Patience:
		return &List{Versions: h.list.Versions, Err: cmp.Or(h.err, errSlow)}, nil, done
	}
	return h.list, nil, done
}

// errSlow is why a list is old whose successor is still being asked for.
var errSlow error = fault.New(fault.Unreachable, "list versions", "", "the registry has not answered yet")

// keep keeps an answer; a failure leaves the list of before.
func (h *History) keep(l *List, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.opts.Now()
	if h.err = err; err != nil {
		h.notBefore = now.Add(max(again, min(fault.RetryAfterOf(err), time.Minute)))
		return
	}
	h.list, h.at, h.notBefore = l, now, time.Time{}
}

// ask asks the registry for the list.
func (h *History) ask(ctx context.Context) (*List, error) {
	var versions []Version
	var err error
	if h.from.Harbor != nil {
		versions, err = h.askHarbor(ctx)
	} else {
		versions, err = h.askPlain(ctx)
	}
	if err != nil {
		return nil, err
	}
	h.mark(versions)
	return &List{Versions: versions}, nil
}

// mark notes which version the constraint picks.
func (h *History) mark(versions []Version) {
	if h.from.Selection.Constraint == "" {
		return
	}
	tags := make([]string, len(versions))
	for i, v := range versions {
		tags[i] = artifact.TagOf(v.Version)
	}
	picked, err := h.from.Selection.Choose(tags)
	if err != nil {
		return // it picks none
	}
	for i := range versions {
		versions[i].Selected = tags[i] == picked
	}
}

// askHarbor asks Harbor's API: one request for a hundred artifacts, and no pull.
func (h *History) askHarbor(ctx context.Context) ([]Version, error) {
	artifacts, err := h.from.Harbor.RepositoryArtifacts(ctx, h.from.HarborName)
	if err != nil {
		return nil, err
	}
	var out []Version
	for _, a := range artifacts {
		if a.Type != "CHART" {
			continue
		}
		for _, tag := range a.Tags {
			v := Version{Version: artifact.VersionOf(tag.Name), Digest: a.Digest, Published: tag.PushTime.UTC()}
			if tag.PushTime.IsZero() {
				v.Published = a.PushTime
			}
			out = append(out, v)
		}
	}
	return sorted(out), nil
}

// askPlain asks by the means that every registry has: a list of tags, a HEAD for
// each version whose digest is not known, and a GET for each digest that was
// never seen.
func (h *History) askPlain(ctx context.Context) ([]Version, error) {
	tags, err := h.from.Client.Tags(ctx, h.from.Reference)
	if err != nil {
		return nil, err
	}
	versions := make([]Version, len(tags))
	for i, tag := range tags {
		versions[i].Version = artifact.VersionOf(tag)
	}
	versions = sorted(versions)
	var mu sync.Mutex
	gone := map[string]bool{}
	var group errgroup.Group
	group.SetLimit(parallel)
	for i := range versions[:min(len(versions), looked)] {
		group.Go(func() error {
			v := &versions[i]
			err := h.look(ctx, v)
			if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid) {
				mu.Lock()
				defer mu.Unlock()
				gone[v.Version] = true
				return nil
			}
			return nil // what could not be asked stays unknown
		})
	}
	_ = group.Wait() // there are no errors
	return slices.DeleteFunc(versions, func(v Version) bool { return gone[v.Version] }), nil
}

// look finds digest and time of one version. NotFound: its tag went meanwhile;
// Invalid: it is no chart.
func (h *History) look(ctx context.Context, v *Version) error {
	k, ok := h.digests.Get(v.Version)
	if !ok || h.opts.Now().Sub(k.at) > settled {
		found, err := h.from.Client.Resolve(ctx, h.from.Reference, artifact.Selection{Version: v.Version})
		if err != nil {
			v.Digest = k.digest
			return err
		}
		k = known{found.Digest, h.opts.Now()}
		h.digests.Add(v.Version, k)
	}
	v.Digest = k.digest
	at, ok := h.created.Get(v.Digest)
	if !ok {
		var err error
		if at, err = h.from.Client.Created(ctx, h.from.Reference, v.Digest); err != nil {
			return err
		}
		h.created.Add(v.Digest, at)
	}
	v.Published = at
	return nil
}

// sorted gives what is SemVer, the newest first. Between versions that differ in
// build metadata alone the greater text comes first, as package artifact chooses.
func sorted(versions []Version) []Version {
	parsed := map[string]*semver.Version{}
	versions = slices.DeleteFunc(versions, func(v Version) bool {
		p, err := semver.StrictNewVersion(v.Version)
		parsed[v.Version] = p
		return err != nil
	})
	slices.SortFunc(versions, func(a, b Version) int {
		return cmp.Or(parsed[b.Version].Compare(parsed[a.Version]), strings.Compare(b.Version, a.Version))
	})
	return slices.CompactFunc(versions, func(a, b Version) bool { return a.Version == b.Version })
}
