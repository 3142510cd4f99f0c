package resolver

import (
	"context"
	"log/slog"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// lookAtOrigin is one look: whatever is new and good is taken into use.
func (r *Resolver) lookAtOrigin() {
	defer r.lookIsOver()
	r.mu.Lock()
	seen, from := r.seen, r.lookFrom
	r.mu.Unlock()
	began := r.opts.Now()
	if r.ctx.Err() != nil || began.Before(from) {
		return
	}
	ctx, cancel := context.WithTimeout(r.ctx, r.opts.CatalogTimeout)
	defer cancel()
	offer, err := r.origin.Fetch(ctx, seen)
	if r.ctx.Err() != nil {
		return // a look that was cut short says nothing about the origin
	}
	now := r.opts.Now()
	log := r.story()
	r.noteLook(err, now, log)
	r.opts.Observe(Round{Source: r.origin.Name(), Kind: KindChart, Duration: now.Sub(began), Err: err})
	switch {
	case err != nil && badContent(err):
		r.refuse(nil, err, now, log)
	case err != nil:
	case offer == nil:
		r.unchanged()
	default:
		r.consider(offer, now, log)
	}
	r.noteAge(log)
}

// lookIsOver lets those who waited for the look wait for hosts' rounds that
// begin from now on.
func (r *Resolver) lookIsOver() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tickets = r.ticketsNow()
}

// badContent tells an origin that answered with something unusable from one
// that could not be asked.
func badContent(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.TooLarge, fault.Tampered, fault.Unsupported:
		return true
	}
	return false
}

// noteLook keeps the outcome for the status, and logs when it turns.
func (r *Resolver) noteLook(err error, now time.Time, log *slog.Logger) {
	r.mu.Lock()
	before := r.lastLook.Err
	r.lastLook.LastAttempt, r.lastLook.Err, r.lookFrom = now, err, stayAway(err, now)
	if err == nil {
		r.lastLook.LastSuccess = now
	}
	r.mu.Unlock()
	switch {
	case err != nil && before == nil:
		log.Warn("the catalog's origin cannot be asked", "origin", r.origin.Name(), "error", err)
	case err == nil && before != nil:
		log.Info("the catalog's origin answers again", "origin", r.origin.Name())
	}
}

// unchanged takes back a refusal if the origin holds what is served.
func (r *Resolver) unchanged() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if latest := r.latest(); latest != nil && latest.Offer.Identity == r.seen {
		r.refused = nil
	}
}

// latest is the catalog that was taken last; nil before the first. The caller
// holds the lock.
func (r *Resolver) latest() *Served {
	switch {
	case r.next != nil:
		return r.next.served
	case r.plan != nil:
		return r.plan.served
	}
	return nil
}

// consider takes an offer into use, or says why not.
func (r *Resolver) consider(offer *Offer, now time.Time, log *slog.Logger) {
	r.mu.Lock()
	r.seen = offer.Identity
	latest := r.latest()
	known := r.holds(offer)
	r.mu.Unlock()
	if known {
		return
	}
	loaded, err := offer.Source.Load()
	if err == nil {
		err = r.admit(latest, offer, loaded)
	}
	if err != nil {
		r.refuse(offer, err, now, log)
		return
	}
	r.take(&Served{Offer: offer, Chart: loaded, Since: now}, log)
}

// holds tells whether an offer is the catalog that is served or about to be,
// and forgets what came after it. The caller holds the lock.
func (r *Resolver) holds(offer *Offer) bool {
	is := func(p *plan) bool { return p != nil && p.served.Offer.Identity == offer.Identity }
	switch {
	case is(r.next):
	case is(r.plan):
		if r.next != nil {
			r.drop()
		}
	default:
		return false
	}
	r.refused = nil
	return true
}

// refuse notes that a catalog was not taken, and logs it once.
func (r *Resolver) refuse(offer *Offer, err error, now time.Time, log *slog.Logger) {
	r.mu.Lock()
	before := r.refused
	r.refused = &Refused{Offer: offer, Err: err, At: now}
	words := "a catalog was refused; the last good one stays"
	if r.plan == nil && r.next == nil {
		words = "a catalog was refused, and there is no other to serve"
	}
	r.mu.Unlock()
	if before == nil || before.Err.Error() != err.Error() {
		log.Error(words, "origin", r.origin.Name(), "error", err)
	}
}
