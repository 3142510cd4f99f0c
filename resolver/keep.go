package resolver

import (
	"sync"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/store"
)

// confirmEvery is how old the times on disk may become while nothing changes.
const confirmEvery = 10 * time.Minute

// KeptStatus tells how the last good state on disk fares.
type KeptStatus struct {
	LastAttempt time.Time // of writing it; zero if never
	LastSuccess time.Time // zero if never
	Err         error     // why the last attempt failed
	Bytes       int64     // how large the last one was that was written
}

// keeping is what the resolver keeps of itself on disk.
type keeping struct {
	store   *store.Store
	changed chan struct{} // holds one signal that there is something new
	urgent  chan struct{} // holds one signal that it must not wait

	// writing is held while the state is gathered and written: an older one never
	// takes the place of a newer. Nobody who reads waits for it.
	writing sync.Mutex
	closed  bool // the directory may be another process's; guarded by writing

	// Guarded by the resolver's lock.
	status KeptStatus
}

// rememberer is what the source of user-built images should be too, so that what
// it knows outlives the process; *inventory.Inventory is one.
type rememberer interface {
	Memory() (m inventory.Memory, known bool)
	Records(view *inventory.View, f func(*inventory.Record) error) error
	Recall(m inventory.Memory)
}

// Keeper is what an [Origin] should be too whose catalog comes over the network,
// so that it outlives the process.
type Keeper interface {
	// Keep gives what is to be kept of an offer of the origin; nil if nothing is.
	Keep(offer *Offer) *store.Catalog
	// Revive makes an offer of what was kept, if it is what the operator asks for
	// now. It is checked as if it had just been fetched. Errors are those of Fetch,
	// and fault.Refused for what is not asked for.
	Revive(kept *store.Catalog) (*Offer, error)
}

// newKeeping gives nil where nothing is kept.
func (r *Resolver) newKeeping() *keeping {
	if r.opts.State == nil {
		return nil
	}
	return &keeping{store: r.opts.State, changed: make(chan struct{}, 1), urgent: make(chan struct{}, 1)}
}

// changes says that there is something new to be kept.
func (k *keeping) changes() {
	if k == nil {
		return
	}
	select {
	case k.changed <- struct{}{}:
	default: // a signal lies there already
	}
}

// hurries says that there is something new that the next process has to know.
func (k *keeping) hurries() {
	if k == nil {
		return
	}
	k.changes()
	select {
	case k.urgent <- struct{}{}:
	default: // a signal lies there already
	}
}

// close waits for the write that is under way, and lets no catalog cause another.
func (k *keeping) close() {
	if k == nil {
		return
	}
	k.writing.Lock()
	defer k.writing.Unlock()
	k.closed = true
}

// followState writes what is new, some time apart unless it is urgent, and once
// more at the end.
func (r *Resolver) followState() error {
	if r.kept == nil {
		return nil
	}
	for r.ctx.Err() == nil {
		confirm := time.NewTimer(confirmEvery)
		select {
		case <-r.kept.changed:
		case <-confirm.C:
		case <-r.ctx.Done():
		}
		confirm.Stop()
		if r.ctx.Err() != nil {
			break
		}
		r.keep()
		sleep(r.ctx, r.opts.StateInterval, r.kept.urgent)
	}
	r.keep()
	return nil
}

// keep writes the state once.
func (r *Resolver) keep() {
	r.kept.writing.Lock()
	defer r.kept.writing.Unlock()
	r.write(r.stateNow(nil))
}

// keepNext writes the state with a catalog that is about to be served. One that
// cannot be written is served all the same: who publishes means it to be seen.
func (r *Resolver) keepNext(p *plan) {
	if _, ok := r.origin.(Keeper); r.kept == nil || !ok {
		return
	}
	r.kept.writing.Lock()
	defer r.kept.writing.Unlock()
	if !r.kept.closed {
		r.write(r.stateNow(p))
	}
}

// write writes a state; nil does nothing. What is in it is immutable, or copied
// in small parts, so nobody who reads waits for the disk. The caller holds the
// lock of writing.
func (r *Resolver) write(state *store.State) {
	if state == nil {
		return // nothing is served: what is on disk is better
	}
	began := r.opts.Now()
	size, err := r.kept.store.Write(state)
	now := r.opts.Now()
	r.mu.Lock()
	before := r.kept.status.Err
	r.kept.status.LastAttempt, r.kept.status.Err = now, err
	if err == nil {
		r.kept.status.LastSuccess, r.kept.status.Bytes = now, size
	}
	r.mu.Unlock()
	switch {
	case err != nil:
		r.kept.changes() // it is still to be written
		if before == nil {
			r.log.Error("the last good state cannot be written; what is on disk stays", "error", err)
		}
	case before != nil:
		r.log.Info("the last good state can be written again", "bytes", size)
	default:
		r.log.Debug("the last good state was written", "bytes", size, "took", now.Sub(began))
	}
}

// stateNow gathers what is to be kept, with the catalog of a plan, or of the served
// one if that is nil; nil before there is something to serve.
func (r *Resolver) stateNow(p *plan) *store.State {
	users := r.usersToKeep() // it has a lock of its own
	r.mu.Lock()
	defer r.mu.Unlock()
	if p == nil {
		p = r.plan
	}
	if p == nil {
		return nil
	}
	state := &store.State{SavedAt: r.opts.Now(), Users: users, Allowed: r.allowed.taken()}
	if k, ok := r.origin.(Keeper); ok {
		if state.Catalog = k.Keep(p.served.Offer); state.Catalog != nil {
			state.Catalog.LastSuccess = r.lastLook.LastSuccess
		}
	}
	for _, h := range r.hostsByName() {
		if h.facts.hearsay {
			continue
		}
		state.Hosts = append(state.Hosts, h.facts.toKeep(h.name))
	}
	return state
}

func (r *Resolver) usersToKeep() *store.Users {
	if r.users == nil {
		return nil
	}
	source, ok := r.users.source.(rememberer)
	if !ok || r.sown.Load() && r.users.source.State().Recalled {
		return nil // it knows nothing, or what others said
	}
	memory, known := source.Memory()
	if !known {
		return nil
	}
	return &store.Users{Host: r.users.source.Host(), Memory: memory, Records: func(f func(*inventory.Record) error) error {
		return source.Records(memory.View, f)
	}}
}

// toKeep gives what a host said, without how old each part of it is.
func (f *hostFacts) toKeep(name string) store.Host {
	out := store.Host{
		Name: name, LastSuccess: f.lastSuccess, Losses: f.watch,
		Manifests:    make(map[fact.Reference]fact.Manifest, len(f.manifests)),
		Repositories: make(map[string]fact.Repository, len(f.repositories)),
	}
	for ref, known := range f.manifests {
		out.Manifests[ref] = known.answer
	}
	for path, known := range f.repositories {
		out.Repositories[path] = known.answer
	}
	return out
}

// factsOf gives what a host said to an earlier process: all of it is stale.
func factsOf(kept store.Host) *hostFacts {
	f := &hostFacts{
		manifests:    make(map[fact.Reference]aged[fact.Manifest], len(kept.Manifests)),
		repositories: make(map[string]aged[fact.Repository], len(kept.Repositories)),
		lastSuccess:  kept.LastSuccess,
		watch:        kept.Losses,
	}
	for ref, answer := range kept.Manifests {
		f.manifests[ref] = aged[fact.Manifest]{answer: answer, stale: true}
	}
	for path, answer := range kept.Repositories {
		f.repositories[path] = aged[fact.Repository]{answer: answer, stale: true}
	}
	return f
}
