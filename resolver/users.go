package resolver

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// Users is the source of what tools' users built; *inventory.Inventory is one.
type Users interface {
	// Host is the registry as pods name it.
	Host() string
	// Round asks for what changed; one at a time. The error is also in State.
	Round(ctx context.Context) error
	// State gives what is known now; never nil.
	State() *inventory.State
	// Follow names a function that is told of each other state, in order.
	Follow(f func(*inventory.State))
	// Refresh asks about one tool now, beside the rounds.
	Refresh(ctx context.Context, tool string) error
	// ProofDue is when the next round has to begin at the latest, whatever the
	// interval is, because what is private has to be asked for again; zero if
	// there is no such time.
	ProofDue() time.Time
}

// usersKey stands for the users' source among the hosts that a plan waits for.
// No host has such a name.
const usersKey = "users"

// usersTimeout bounds one round, a first sweep of everything included: 500,000
// projects at 105 a second, Harbor's published best, take 80 minutes. A Harbor that
// is ill ends a round long before, because each request has a bound of its own.
const usersTimeout = 2 * time.Hour

// users is what the resolver keeps of the source of user-built images.
type users struct {
	source Users
	rounds *rounds
	// story is the log of the round that is under way, for what it publishes.
	story atomic.Pointer[slog.Logger]
	hints hints

	// Guarded by the resolver's lock.
	asked bool      // it has had its first say
	from  time.Time // it asked not to be asked before
}

func (r *Resolver) newUsers(source Users) *users {
	u := &users{source: source}
	u.story.Store(r.log)
	u.rounds = newRounds(r.askUsers)
	u.hints.wake = make(chan struct{}, 1)
	r.allowLosses(source)
	source.Follow(func(*inventory.State) { r.publish(u.story.Load()) })
	return u
}

// followUsers asks the source in a loop.
func (r *Resolver) followUsers() error {
	if r.users == nil {
		return nil
	}
	for r.users.rounds.do(r.ctx) == nil {
		r.mu.Lock()
		from := r.users.from
		r.mu.Unlock()
		if !r.pauseUntil(r.ctx, r.opts.Interval, from, r.users.source.ProofDue(), nil) {
			break
		}
	}
	return nil
}

// askUsers is one round. A source that asked to be left alone is not asked.
func (r *Resolver) askUsers() {
	if r.usersAway() {
		return
	}
	ctx, cancel := context.WithTimeout(r.ctx, usersTimeout)
	defer cancel()
	before, began := *r.users.source.State(), r.opts.Now()
	log := r.story()
	r.users.story.Store(log)
	err := r.users.source.Round(ctx)
	r.users.story.Store(r.log)
	if r.ctx.Err() != nil {
		return
	}
	now := r.opts.Now()
	r.opts.Observe(Round{Source: r.users.source.Host(), Kind: KindUsers, Duration: now.Sub(began), Err: err})
	logRound(log, r.users.source.Host(), before.Err, err, now.Sub(began))

	r.mu.Lock()
	first := !r.users.asked
	r.users.asked, r.users.from = true, stayAway(err, now)
	if h := r.hosts[r.users.source.Host()]; h != nil && before.View != r.users.source.State().View {
		h.rouse() // it may know more of standard images now
	}
	var ready *plan
	if r.next != nil {
		delete(r.next.waiting, usersKey)
		if err == nil {
			delete(r.next.waiting, seedKey) // nothing of it would count
		}
		ready = r.promoteIfReady()
	}
	r.mu.Unlock()
	switch {
	case ready != nil:
		r.begin(ready)
	case first:
		r.publish(log)
	}
}

// usersAway tells whether the source asked not to be asked now.
func (r *Resolver) usersAway() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.opts.Now().Before(r.users.from)
}

// askTool asks about one tool, beside the rounds.
func (r *Resolver) askTool(ctx context.Context, tool string) error {
	if r.usersAway() {
		return r.users.source.State().Err
	}
	ctx, cancel := context.WithTimeout(ctx, demandTimeout)
	defer cancel()
	err := r.users.source.Refresh(ctx, tool)
	if from := stayAway(err, r.opts.Now()); !from.IsZero() {
		r.mu.Lock()
		r.users.from = from
		r.mu.Unlock()
	}
	return err
}

// usersNow gives what a snapshot says of user-built images.
func (r *Resolver) usersNow() snapshot.Users {
	if r.users == nil {
		return snapshot.Users{}
	}
	state := r.users.source.State()
	known := !state.Health.LastSuccess.IsZero()
	return snapshot.Users{
		Host: r.users.source.Host(), View: state.View, Known: known, Stale: known && (state.Err != nil || state.Recalled),
		Hearsay: r.sown.Load() && state.Recalled,
	}
}

// usersWarnings says what the user-built images in a snapshot are worth.
func usersWarnings(u snapshot.Users, failing bool) []snapshot.Warning {
	text := ""
	switch {
	case u.Host == "" || (u.Known && !u.Stale):
		return nil
	case u.Hearsay && !failing:
		text = u.Host + " has not answered since this process began: images that tools built are as another replica had them, private ones left out"
	case u.Hearsay:
		text = u.Host + " cannot be asked now: images that tools built are as another replica had them, private ones left out"
	case u.Stale && !failing:
		text = u.Host + " has not answered since this process began: images that tools built are as it last answered"
	case u.Stale:
		text = u.Host + " cannot be asked now: images that tools built are as it last answered"
	case failing:
		text = u.Host + " cannot be asked now: images that tools built are not known"
	default:
		text = u.Host + " is being asked for the first time: images that tools built are not known yet"
	}
	return []snapshot.Warning{{Source: u.Host, Text: text}}
}

// RefreshTool asks what a tool's users built, now, if nobody did within the last
// second, and waits for the answer to be in [Resolver.Snapshot]. The error is
// ctx's, or says why it could not be asked; the last good answer stays then. A
// source that asked to be left alone for a while is not asked.
// Without a source of user-built images it does nothing.
func (r *Resolver) RefreshTool(ctx context.Context, tool string) error {
	if r.users == nil {
		return nil
	}
	return r.demand.do(ctx, tool, func() error { return r.askTool(r.ctx, tool) })
}

// RefreshUsers asks for what changed among user-built images, once, however
// many call it at a time. The error is ctx's.
func (r *Resolver) RefreshUsers(ctx context.Context) error {
	if r.users == nil {
		return nil
	}
	if r.ctx.Err() != nil {
		return errClosed
	}
	return r.users.rounds.do(ctx)
}

// RefreshLive asks every registry host, and for what changed among user-built
// images, once a second at most however many call it, and waits. The error is
// ctx's.
func (r *Resolver) RefreshLive(ctx context.Context) error {
	//nolint:contextcheck // others may wait for the same answer: it outlives the one who asks first
	return r.demand.do(ctx, "", func() error {
		ctx, cancel := context.WithTimeout(r.ctx, demandTimeout)
		defer cancel()
		var group errgroup.Group
		group.Go(func() error { return r.RefreshHosts(ctx) })
		group.Go(func() error {
			if err := r.RefreshUsers(ctx); err != nil {
				return err
			}
			if r.users == nil {
				return nil
			}
			return r.refreshHost(ctx, r.users.source.Host())
		})
		return group.Wait()
	})
}

// RefreshHost asks one registry host about the standard images that it has, once
// a second at most however many call it, and waits. The error is ctx's. A host
// that the catalog does not name is not asked.
func (r *Resolver) RefreshHost(ctx context.Context, name string) error {
	//nolint:contextcheck // as in RefreshLive
	return r.demand.do(ctx, "host "+name, func() error { // no tool has such a name
		ctx, cancel := context.WithTimeout(r.ctx, demandTimeout)
		defer cancel()
		if r.users != nil && r.users.source.Host() == name {
			// It says of standard images what it knows from these rounds.
			if err := r.RefreshUsers(ctx); err != nil {
				return err
			}
		}
		return r.refreshHost(ctx, name)
	})
}

func (r *Resolver) refreshHost(ctx context.Context, name string) error {
	tickets := map[*host]uint64{}
	r.mu.Lock()
	if h := r.hosts[name]; h != nil {
		tickets[h] = h.rounds.next()
	}
	r.mu.Unlock()
	return await(ctx, tickets)
}

// status is the source's part of the status.
func (u *users) status() SourceStatus {
	state := u.source.State()
	h := state.Health
	return SourceStatus{
		Name: u.source.Host(), Kind: KindUsers, LastSuccess: h.LastSuccess, LastAttempt: h.LastAttempt,
		Err: state.Err, References: state.View.Public.Images, Stale: (state.Err != nil || state.Recalled) && !h.LastSuccess.IsZero(),
		Users: &UsersStatus{
			Plan: string(h.Plan), Version: h.Version, Identity: h.Identity.Kind.String(), Slow: h.Identity.Slow,
			LastSweep: h.LastSweep, All: state.View.Counts, Public: state.View.Public, LeftOut: state.View.LeftOut,
			Denied: h.Denied, Failing: h.Failing, PublicDenied: h.PublicDenied, PublicFailing: h.PublicFailing,
		},
	}
}
