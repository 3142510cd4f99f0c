package resolver

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/shrink"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// Lister is what the [Live] of a host with owned prefixes should be too.
type Lister interface {
	// Repositories lists the repositories of the host whose names begin with one
	// of the prefixes, sorted. Errors are of package fault. It bounds its own time.
	Repositories(ctx context.Context, prefixes []string) ([]string, error)
}

// ownedRetry is the pause after a list of repositories that could not be had.
const ownedRetry = time.Minute

// owned asks hosts which repositories they have below the prefixes that belong
// to the catalog. Nothing but drift depends on it, and such a list may be long,
// so it is asked for seldom.
type owned struct {
	prefixes map[string][]string
	listers  map[string]Lister
	rounds   *rounds

	// Guarded by the resolver's lock.
	now     *snapshot.Owned
	sources map[string]SourceStatus
	losses  map[string]shrink.Watch // by host
}

// fewListed is how many repositories a host must have had below the prefixes for
// their loss to be implausible.
const fewListed = 4

// newOwned gives nil where the catalog owns no prefix.
func (r *Resolver) newOwned() *owned {
	if len(r.opts.Owns) == 0 {
		return nil
	}
	o := &owned{
		prefixes: r.opts.Owns, listers: map[string]Lister{}, sources: map[string]SourceStatus{}, losses: map[string]shrink.Watch{},
		now: &snapshot.Owned{Prefixes: r.opts.Owns, Listings: map[string]*snapshot.Listing{}},
	}
	for host, prefixes := range o.prefixes {
		if len(prefixes) == 0 || r.opts.Users != nil && r.opts.Users.Host() == host {
			continue // there is nothing to ask; or its rounds know all repositories
		}
		o.now.Listings[host] = nil
		if lister, ok := r.live(host).(Lister); ok {
			o.listers[host] = lister
			o.sources[host] = SourceStatus{Name: host, Kind: KindListing}
		}
	}
	o.rounds = newRounds(r.askOwned)
	return o
}

// followOwned asks in a loop.
func (r *Resolver) followOwned() error {
	if r.owned == nil {
		return nil
	}
	for r.owned.rounds.do(r.ctx) == nil {
		pause := r.opts.OwnsInterval
		if r.ownedNow().failing() {
			pause = min(pause, ownedRetry)
		}
		if !r.pause(r.ctx, pause, time.Time{}, nil) {
			break
		}
	}
	return nil
}

// RefreshOwned asks each host with owned prefixes, once, which repositories it
// has there, however many call it at a time. The error is ctx's.
func (r *Resolver) RefreshOwned(ctx context.Context) error {
	if r.owned == nil {
		return nil
	}
	if r.ctx.Err() != nil {
		return errClosed
	}
	return r.owned.rounds.do(ctx)
}

// askOwned is one round, all hosts at a time: there are few.
func (r *Resolver) askOwned() {
	var group sync.WaitGroup
	var mu sync.Mutex
	next := maps.Clone(r.ownedNow().Listings)
	for host, lister := range r.owned.listers {
		group.Go(func() {
			listing := r.list(host, lister)
			mu.Lock()
			defer mu.Unlock()
			next[host] = listing
		})
	}
	group.Wait()
	if r.ctx.Err() != nil {
		return
	}
	r.mu.Lock()
	before := r.owned.now
	changed := !maps.EqualFunc(before.Listings, next, sameListing)
	if changed {
		r.owned.now = &snapshot.Owned{Prefixes: r.owned.prefixes, Listings: next}
	}
	r.mu.Unlock()
	if changed {
		r.publish(r.log)
	}
}

// list asks one host. What it answered last stays while it does not answer.
func (r *Resolver) list(host string, lister Lister) *snapshot.Listing {
	began, before := r.opts.Now(), r.ownedNow().Listings[host]
	names, err := lister.Repositories(r.ctx, r.owned.prefixes[host])
	if r.ctx.Err() != nil {
		return before
	}
	if err == nil {
		err = r.doubtListing(host, before, names)
	}
	r.noteListing(host, len(names), err, began)
	if err == nil {
		return &snapshot.Listing{Known: true, Repositories: names}
	}
	if before == nil || !before.Failing {
		r.log.Warn("a registry cannot be asked which repositories it has; what it answered before stays", "registry", host, "error", err)
	}
	after := snapshot.Listing{Failing: true}
	if before != nil {
		after.Known, after.Repositories = before.Known, before.Repositories
	}
	return &after
}

// doubtListing refuses a list that lost half or more of what the one before had,
// as package shrink has it.
func (r *Resolver) doubtListing(host string, before *snapshot.Listing, names []string) error {
	answer := shrink.Answer{At: r.opts.Now()}
	has := make(map[string]bool, len(names))
	for _, name := range names {
		has[name] = true
	}
	answer.Back = func(name string) bool { return has[name] }
	if before != nil {
		for _, name := range before.Repositories {
			if has[name] {
				answer.Kept++
			} else {
				answer.Lost = append(answer.Lost, name)
			}
		}
	}
	defer r.sayAllowed()
	r.mu.Lock()
	defer r.mu.Unlock()
	next, doubt := r.owned.losses[host].Judge(shrink.Policy{Few: fewListed, Patience: r.opts.Doubt, Allows: r.allowsLoss}, answer)
	r.owned.losses[host] = next
	if doubt == nil {
		return nil
	}
	return doubt.Error("list repositories", host, "repositories")
}

// noteListing keeps how a question went, for the status.
func (r *Resolver) noteListing(host string, names int, err error, began time.Time) {
	now := r.opts.Now()
	r.opts.Observe(Round{Source: host, Kind: KindListing, Duration: now.Sub(began), Err: err})
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.owned.sources[host]
	s.LastAttempt, s.Err, s.Stale = now, err, err != nil && !s.LastSuccess.IsZero()
	if err == nil {
		s.LastSuccess, s.References = now, names
	}
	r.owned.sources[host] = s
}

// status gives how the hosts fare, by name. The caller holds the lock.
func (o *owned) status() []SourceStatus {
	if o == nil {
		return nil
	}
	var out []SourceStatus
	for _, host := range slices.Sorted(maps.Keys(o.sources)) {
		out = append(out, o.sources[host])
	}
	return out
}

// ownedNow gives what is known now.
func (r *Resolver) ownedNow() ownedState {
	r.mu.Lock()
	defer r.mu.Unlock()
	return ownedState{r.owned.now}
}

type ownedState struct{ *snapshot.Owned }

func (s ownedState) failing() bool {
	for _, l := range s.Listings {
		if l != nil && l.Failing {
			return true
		}
	}
	return false
}

func sameListing(a, b *snapshot.Listing) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Known == b.Known && a.Failing == b.Failing && slices.Equal(a.Repositories, b.Repositories)
}
