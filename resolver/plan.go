package resolver

import (
	"log/slog"
	"slices"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/history"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// plan is a catalog and what has to be asked for it.
//
// A catalog that names something which its host was never asked about is not
// served at once: every image that moved would be of unknown existence for a
// moment. It waits until each host concerned has had one round, or
// [Options.FirstWait]; meanwhile the one before it is served and kept fresh.
type plan struct {
	served *Served
	log    *slog.Logger // of the refresh that found it
	number uint64       // later plans have greater numbers
	// since is the number of the plan that this one's wait began with: a catalog
	// that takes the place of a waiting one waits no longer for it.
	since     uint64
	questions map[string][]fact.Reference
	waiting   map[string]bool // the hosts that have yet to be asked
	overdue   bool            // it waits no longer, whoever has not answered
}

// take makes a catalog the next one to be served.
func (r *Resolver) take(served *Served, log *slog.Logger) {
	questions := snapshot.Questions(served.Chart.Catalog)
	r.mu.Lock()
	r.plans++
	p := &plan{served: served, log: log, number: r.plans, since: r.plans, questions: questions, waiting: map[string]bool{}}
	if r.next != nil {
		p.since, p.overdue = r.next.since, r.next.overdue
	} else {
		time.AfterFunc(r.opts.FirstWait, func() { r.waitIsOver(p.since) })
	}
	r.next, r.refused = p, nil
	r.replan()
	for name, refs := range questions {
		h := r.hosts[name]
		if h.facts.covers(refs) || r.opts.Now().Before(h.from) {
			continue // it was asked already, or will not be asked for a while
		}
		if r.plan == nil && h.facts.knows(refs) {
			continue // what an earlier process heard is better than to answer nothing
		}
		p.waiting[name] = true
		h.rouse()
	}
	if r.users != nil && !r.users.asked && !r.users.source.State().Recalled {
		p.waiting[usersKey] = true
	}
	if r.plan == nil && r.seeding {
		p.waiting[seedKey] = true
	}
	ready := r.promoteIfReady()
	r.mu.Unlock()
	r.begin(ready)
}

// replan works out what each host is asked: what the served catalog and the
// next one name. Hosts that neither names are let go, with all that they said.
// The caller holds the lock.
func (r *Resolver) replan() {
	wanted := map[string][]fact.Reference{}
	for _, p := range []*plan{r.plan, r.next} {
		if p == nil {
			continue
		}
		for name, refs := range p.questions {
			wanted[name] = union(wanted[name], refs)
		}
	}
	for name, h := range r.hosts {
		if h.refs = wanted[name]; len(h.refs) == 0 {
			h.stop()
			delete(r.hosts, name)
		}
	}
	for name, refs := range wanted {
		if r.hosts[name] == nil {
			r.hosts[name] = r.newHost(name)
			r.hosts[name].refs = refs
		}
	}
	select {
	case r.replanned <- struct{}{}:
	default: // a signal lies there already
	}
}

// union gives a and what of b is not in it.
func union(a, b []fact.Reference) []fact.Reference {
	if len(a) == 0 || slices.Equal(a, b) {
		return b
	}
	has := make(map[fact.Reference]bool, len(a))
	for _, ref := range a {
		has[ref] = true
	}
	all := slices.Clone(a)
	for _, ref := range b {
		if !has[ref] {
			all = append(all, ref)
		}
	}
	return all
}

// heard notes that a host has had a round about the questions of a plan and
// those before it, and gives the next plan if that was the last host it waited
// for. The caller holds the lock.
func (r *Resolver) heard(h *host, number uint64) *plan {
	if r.next == nil || number < r.next.number {
		return nil
	}
	delete(r.next.waiting, h.name)
	return r.promoteIfReady()
}

// promoteIfReady gives the next plan if it waits for nobody, for begin to promote
// it. The caller holds the lock, and calls begin without it.
func (r *Resolver) promoteIfReady() *plan {
	if len(r.next.waiting) > 0 && !r.next.overdue {
		return nil
	}
	return r.next
}

// promote makes the next plan the served one. The caller holds the lock.
func (r *Resolver) promote() {
	r.plan, r.next = r.next, nil
	r.plan.served.Since = r.opts.Now()
	r.replan()
}

// drop forgets the next plan, because the served one is wanted again. The
// caller holds the lock.
func (r *Resolver) drop() {
	r.next = nil
	r.replan()
}

// begin promotes a plan that waits for nobody, tells of it and publishes it; nil
// does nothing. First it is on disk: what readers have seen of a catalog, the
// next process knows, so that no crash takes them back to the one before.
func (r *Resolver) begin(p *plan) {
	if p == nil {
		return
	}
	r.keepNext(p)
	r.mu.Lock()
	promoted := r.next == p // else another took its place, or it is not wanted any more
	if promoted {
		r.promote()
	}
	r.mu.Unlock()
	if promoted {
		r.tell(p)
		r.hold(p)
	}
	r.publish(p.log)
	r.kept.changes() // even if the same records came of it
}

// tell logs that a plan is served from now on.
func (r *Resolver) tell(p *plan) {
	offer, loaded := p.served.Offer, p.served.Chart
	p.log.Info("catalog taken into use", "origin", r.origin.Name(), "version", loaded.Metadata.Version,
		"digest", offer.Digest, "images", len(loaded.Catalog.Images))
	for _, w := range loaded.Warnings {
		p.log.Warn("the catalog has an oddity", "finding", w.String())
	}
}

// hold has the history of the origin keep what is served from now on.
func (r *Resolver) hold(p *plan) {
	if h, ok := r.origin.(historian); ok {
		offer, loaded := p.served.Offer, p.served.Chart
		h.History().Hold(&history.Entry{Version: loaded.Metadata.Version, Digest: offer.Digest, Identity: offer.Identity, Chart: loaded})
	}
}

// waitIsOver serves what waits, whoever has not answered.
func (r *Resolver) waitIsOver(since uint64) {
	var ready *plan
	r.mu.Lock()
	if r.next != nil && r.next.since == since && r.ctx.Err() == nil {
		r.next.overdue = true
		ready = r.next
	}
	r.mu.Unlock()
	r.begin(ready)
}
