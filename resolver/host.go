package resolver

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/shrink"
)

// host is one registry host that a catalog names.
type host struct {
	name   string
	kind   string
	live   Live
	rounds *rounds
	ctx    context.Context // ends when no catalog names it any more
	stop   context.CancelFunc
	wake   chan struct{} // holds one signal that there are new questions

	// Guarded by the resolver's lock.
	refs  []fact.Reference // what is asked
	facts *hostFacts
	from  time.Time // it asked not to be asked before
}

func (r *Resolver) newHost(name string) *host {
	h := &host{name: name, kind: "oci", live: r.live(name), wake: make(chan struct{}, 1), facts: r.recalledFacts(name)}
	if k, ok := h.live.(interface{ Kind() string }); ok {
		h.kind = k.Kind()
	}
	h.ctx, h.stop = context.WithCancel(r.ctx)
	h.rounds = newRounds(func() { r.askHost(h) })
	return h
}

// rouse ends the host's pause.
func (h *host) rouse() {
	select {
	case h.wake <- struct{}{}:
	default: // a signal lies there already
	}
}

// hostsByName gives the hosts in order. The caller holds the lock.
func (r *Resolver) hostsByName() []*host {
	return slices.SortedFunc(maps.Values(r.hosts), func(a, b *host) int { return cmp.Compare(a.name, b.name) })
}

// askHost is one round at a host.
func (r *Resolver) askHost(h *host) {
	r.mu.Lock()
	refs, number, from := h.refs, r.plans, h.from
	r.mu.Unlock()
	began := r.opts.Now()
	if h.ctx.Err() != nil {
		return
	}
	if began.Before(from) {
		r.mu.Lock()
		ready := r.heard(h, number)
		r.mu.Unlock()
		r.begin(ready)
		return
	}
	report := h.live.Ask(h.ctx, refs)
	if h.ctx.Err() != nil {
		return // an answer that was cut short says nothing about the host
	}
	now := r.opts.Now()
	r.opts.Observe(Round{Source: h.name, Kind: h.kind, Duration: now.Sub(began), Err: report.Err})

	r.mu.Lock()
	before := h.facts
	h.facts = before.after(outcome{asked: refs, wanted: h.refs, report: report, at: now}, shrink.Policy{Patience: r.opts.Doubt, Allows: r.allowsLoss})
	h.from = stayAway(report.Err, now)
	ready := r.heard(h, number)
	changed := !before.same(h.facts)
	after := h.facts.err
	r.mu.Unlock()
	r.sayAllowed()
	log := r.story()
	logRound(log, h.name, before.err, after, now.Sub(began))
	switch {
	case ready != nil:
		r.begin(ready)
	case changed:
		r.publish(log)
	}
}

// stayAway is the time until which a source asked to be left alone, but never
// more than a minute from now; zero if it did not.
func stayAway(err error, now time.Time) time.Time {
	after := fault.RetryAfterOf(err)
	if after <= 0 {
		return time.Time{}
	}
	return now.Add(min(after, time.Minute))
}

// logRound tells when a host begins or ceases to answer; the rest is for
// debugging.
func logRound(log *slog.Logger, name string, before, after error, took time.Duration) {
	switch {
	case after != nil && before == nil:
		log.Warn("a registry cannot be asked; what it answered before stays", "host", name, "error", after)
	case after == nil && before != nil:
		log.Info("a registry answers again", "host", name)
	default:
		log.Debug("registry asked", "host", name, "took", took, "error", after)
	}
}
