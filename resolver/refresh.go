package resolver

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"
)

var errClosed = errors.New("the resolver is closed")

// Refresh asks the origin and then every host once, whether Run is at it or
// not, and returns when all have answered or given up. What it learns is in
// [Resolver.Snapshot] then, with the states of this UTC day.
//
// However many call it, each source is asked by one round at a time, and calls
// at the same time share rounds: each caller gets what began after its call.
// A source that asked us to stay away for a while is not asked.
//
// The error is ctx's, or says why there has never been a snapshot. A catalog
// that is refused and hosts that do not answer are no error once there is one:
// the snapshot and the status say so.
func (r *Resolver) Refresh(ctx context.Context) error {
	if r.ctx.Err() != nil {
		return errClosed
	}
	if err := r.catalog.do(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	tickets := r.tickets
	r.mu.Unlock()
	var group errgroup.Group
	group.Go(func() error { return await(ctx, tickets) })
	group.Go(func() error { return r.RefreshUsers(ctx) })
	if err := group.Wait(); err != nil {
		return err
	}
	if r.Snapshot() == nil {
		return r.whyNothing()
	}
	r.turnTheDay()
	return nil
}

// RefreshHosts asks every host once, as [Resolver.Refresh] does. The error is
// ctx's.
func (r *Resolver) RefreshHosts(ctx context.Context) error {
	if r.ctx.Err() != nil {
		return errClosed
	}
	r.mu.Lock()
	tickets := r.ticketsNow()
	r.mu.Unlock()
	return await(ctx, tickets)
}

// ticketsNow tells which round of each host is the first to begin after now.
// The caller holds the lock.
func (r *Resolver) ticketsNow() map[*host]uint64 {
	tickets := make(map[*host]uint64, len(r.hosts))
	for _, h := range r.hosts {
		tickets[h] = h.rounds.next()
	}
	return tickets
}

func await(ctx context.Context, tickets map[*host]uint64) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var group errgroup.Group
	for h, number := range tickets {
		group.Go(func() error { return h.rounds.until(ctx, number) })
	}
	return group.Wait()
}

// whyNothing is the error of a resolver that has never had a snapshot.
func (r *Resolver) whyNothing() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.ctx.Err() != nil:
		return errClosed
	case r.refused != nil:
		return r.refused.Err
	case r.lastLook.Err != nil:
		return r.lastLook.Err
	}
	return errors.New("no catalog was ever looked at")
}
