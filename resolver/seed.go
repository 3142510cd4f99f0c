package resolver

import (
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

// sow takes a seed for what is not on disk: the images that tools built, if
// wanted, which is most of what a seed is for, and then the registries of
// standard images too. It is for start-up.
func (r *Resolver) sow(wanted bool) {
	if !wanted || r.opts.Seed == nil {
		return
	}
	seed := r.opts.Seed()
	if seed == nil {
		return
	}
	images := 0
	if r.users != nil && r.users.source.Host() == seed.UsersHost {
		if source, ok := r.users.source.(rememberer); ok {
			source.Recall(seed.Users)
			r.sown, images = true, seed.Users.View.Images
		}
	}
	for _, host := range seed.Hosts {
		if _, known := r.recalled[host.Name]; !known {
			r.recalled[host.Name], r.seeded[host.Name] = host, true
		}
	}
	r.log.Warn("a seed is served, marked stale, until the sources answer", "age", r.opts.Now().Sub(seed.CreatedAt).Round(time.Second),
		"built_images", images, "registries", len(seed.Hosts))
}
