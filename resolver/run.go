package resolver

import (
	"context"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"
)

// Run follows the origin and the hosts until ctx ends, and returns nil then. It
// closes the resolver: call it once.
func (r *Resolver) Run(ctx context.Context) error {
	defer r.stop()
	defer context.AfterFunc(ctx, r.stop)()
	var group errgroup.Group
	group.Go(r.followOrigin)
	group.Go(r.followHosts)
	group.Go(r.followDays)
	group.Go(r.followUsers)
	group.Go(r.followHints)
	group.Go(r.followOwned)
	group.Go(r.followState)
	group.Go(func() error { return r.fetchSeed(r.ctx) })
	return group.Wait()
}

// followOrigin looks at the origin in a loop.
func (r *Resolver) followOrigin() error {
	for r.catalog.do(r.ctx) == nil {
		r.mu.Lock()
		from := r.lookFrom
		r.mu.Unlock()
		if !r.pause(r.ctx, r.opts.CatalogInterval, from, nil) {
			break
		}
	}
	return nil
}

// followHosts follows each host from the moment when a catalog names it, each
// in a loop of its own, so that a slow one delays nobody.
func (r *Resolver) followHosts() error {
	var group errgroup.Group
	following := map[*host]bool{}
	for {
		r.mu.Lock()
		hosts := r.hostsByName()
		r.mu.Unlock()
		before := following
		following = make(map[*host]bool, len(hosts))
		for _, h := range hosts {
			if following[h] = true; !before[h] {
				group.Go(func() error { return r.followHost(h) })
			}
		}
		select {
		case <-r.replanned:
		case <-r.ctx.Done():
			return group.Wait()
		}
	}
}

// followHost asks a host in a loop until no catalog names it any more.
func (r *Resolver) followHost(h *host) error {
	for h.rounds.do(h.ctx) == nil {
		r.mu.Lock()
		from := h.from
		r.mu.Unlock()
		if !r.pause(h.ctx, r.opts.Interval, from, h.wake) {
			break
		}
	}
	return nil
}

// followDays publishes anew when a UTC day begins, because dates change states.
// It looks at the clock every minute: clocks are set, and machines sleep.
func (r *Resolver) followDays() error {
	for {
		now := r.opts.Now()
		wait := now.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour).Sub(now)
		if !sleep(r.ctx, min(wait, time.Minute), nil) {
			return nil
		}
		r.turnTheDay()
	}
}

// turnTheDay publishes anew if the snapshot is of another day.
func (r *Resolver) turnTheDay() {
	if s := r.Snapshot(); s != nil && s.Day != today(r.opts.Now()) {
		r.publish(r.log)
	}
}

// pause waits for an interval, a little more or less so that replicas and
// sources do not march in step, or until it is woken; but never ends before
// from, which the source asked for. It is false when ctx ends first.
func (r *Resolver) pause(ctx context.Context, d time.Duration, from time.Time, wake <-chan struct{}) bool {
	return r.pauseUntil(ctx, d, from, time.Time{}, wake)
}

// overdue is how soon something is tried again that is overdue: it failed, or it
// took longer than it is good for.
const overdue = 5 * time.Second

// pauseUntil is pause that ends when something else is due, if that is sooner;
// zero if nothing is.
func (r *Resolver) pauseUntil(ctx context.Context, d time.Duration, from, due time.Time, wake <-chan struct{}) bool {
	d += time.Duration((rand.Float64() - 0.5) * 0.1 * float64(d))
	if !due.IsZero() {
		rest := due.Sub(r.opts.Now())
		if rest <= 0 {
			rest = overdue
		}
		d = min(d, rest)
	}
	if rest := from.Sub(r.opts.Now()); rest > 0 {
		d, wake = max(d, rest), nil
	}
	return sleep(ctx, d, wake)
}

func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-wake:
		return true
	case <-ctx.Done():
		return false
	}
}
