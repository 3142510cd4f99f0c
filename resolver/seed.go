package resolver

import (
	"context"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/store"
)

// Seed is what a process begins with that has nothing of its own: what another
// one published. All of it is stale until the sources answer, and nothing of it
// stands against what they say. It has no catalog: that comes from its origin.
type Seed struct {
	// CreatedAt is when it was written.
	CreatedAt time.Time
	// UsersHost is the registry of the images that tools built, and Users what it
	// held, private ones left out; "" without any.
	UsersHost string
	Users     inventory.Memory
	// Hosts are what registries said of standard images.
	Hosts []store.Host
}

// seedKey stands for the seed among those that the first catalog waits for. No
// host has such a name.
const seedKey = "seed"

// sower is what the source of user-built images should be too, so that it can begin
// with a seed; *inventory.Inventory is one.
type sower interface {
	Sow(m inventory.Memory) bool
}

// wantSeed has Run ask for a seed, for what is not on disk: the images that tools
// built, which is most of what a seed is for, and then the registries of standard
// images too. It is for start-up.
func (r *Resolver) wantSeed() { r.seeding = r.opts.Seed != nil }

// fetchSeed asks for the seed once, beside the first rounds.
func (r *Resolver) fetchSeed(ctx context.Context) error {
	r.mu.Lock()
	wanted := r.seeding
	r.mu.Unlock()
	if !wanted {
		return nil
	}
	seed := r.opts.Seed(ctx)
	if ctx.Err() == nil {
		r.sow(seed)
	}
	return nil
}

// sow takes of a seed what the sources have not said themselves yet, and ends the
// wait for it; nil is none.
func (r *Resolver) sow(seed *Seed) {
	images, hosts := 0, 0
	if seed != nil {
		images = r.sowUsers(seed)
	}
	r.mu.Lock()
	r.seeding = false
	if seed != nil {
		for _, host := range seed.Hosts {
			if r.sowHost(host) {
				hosts++
			}
		}
	}
	var ready *plan
	if r.next != nil {
		delete(r.next.waiting, seedKey)
		r.waitLess(r.next)
		ready = r.promoteIfReady()
	}
	r.mu.Unlock()
	switch {
	case seed == nil:
	case images == 0 && hosts == 0:
		r.log.Info("the seed is not needed: there is nothing in it that the sources have not answered themselves")
	default:
		r.log.Warn("a seed is served, marked stale, until the sources answer", "age", r.opts.Now().Sub(seed.CreatedAt).Round(time.Second),
			"built_images", images, "registries", hosts)
	}
	if ready != nil {
		r.begin(ready)
	} else if hosts > 0 {
		r.publish(r.log)
	}
}

// waitLess has a plan wait for none of whom something is known by now, as in take.
// The caller holds the lock.
func (r *Resolver) waitLess(p *plan) {
	if r.users != nil && r.users.source.State().Recalled {
		delete(p.waiting, usersKey)
	}
	if r.plan != nil {
		return
	}
	for name, refs := range p.questions {
		if r.hosts[name].facts.knows(refs) {
			delete(p.waiting, name)
		}
	}
}

// sowUsers hands the seed to the source of what tools built, and gives how many
// images it took.
func (r *Resolver) sowUsers(seed *Seed) (images int) {
	if r.users == nil || r.users.source.Host() != seed.UsersHost {
		return 0
	}
	source, ok := r.users.source.(sower)
	if !ok {
		return 0
	}
	r.sown.Store(true) // before the first snapshot with it is made
	if !source.Sow(seed.Users) {
		r.sown.Store(false)
		return 0
	}
	return seed.Users.View.Images
}

// sowHost takes what a registry is said to have answered, unless it has answered
// us. The caller holds the lock.
func (r *Resolver) sowHost(kept store.Host) (taken bool) {
	h := r.hosts[kept.Name]
	if h == nil { // no catalog names it yet
		if _, known := r.recalled[kept.Name]; !known {
			r.recalled[kept.Name], r.seeded[kept.Name] = kept, true
		}
		return r.seeded[kept.Name]
	}
	if !h.facts.lastSuccess.IsZero() {
		return false
	}
	h.facts = h.facts.with(kept)
	return true
}

// with gives what a host that has never answered in full is said to have answered
// others, beside what it did say: that stands.
func (f *hostFacts) with(kept store.Host) *hostFacts {
	next := factsOf(kept)
	next.hearsay = true
	next.asked, next.err, next.lastAttempt = f.asked, f.err, f.lastAttempt
	for ref, known := range f.manifests {
		next.manifests[ref] = known
	}
	for path, known := range f.repositories {
		next.repositories[path] = known
	}
	return next
}
