package resolver

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/store"
)

// Resolver follows one origin and the hosts that its catalog names. It is safe
// for concurrent use.
type Resolver struct {
	origin  Origin
	live    LiveFunc
	opts    Options
	log     *slog.Logger
	stories atomic.Uint64 // refreshes that were logged

	current   atomic.Pointer[snapshot.Snapshot]
	ctx       context.Context // ends the rounds; set for life by New
	stop      context.CancelFunc
	catalog   *rounds
	replanned chan struct{} // holds one signal that there may be new hosts
	users     *users        // nil without a source of user-built images
	owned     *owned        // nil where the catalog owns no prefix
	demand    demand
	kept      *keeping // nil where nothing is kept on disk
	// sown tells that what tools built is from a seed, until its source has answered.
	sown atomic.Bool

	mu        sync.Mutex // guards what follows; never held over I/O
	plan      *plan      // what is served; nil before the first catalog
	next      *plan      // taken, but hosts have yet to be asked about it; or nil
	plans     uint64     // the number of the newest plan
	seen      string     // identity of the last offer, taken or not
	refused   *Refused
	lastLook  SourceStatus
	lookFrom  time.Time // the origin asked not to be asked before
	wasFrozen bool      // the served catalog was too old when that was last looked at
	hosts     map[string]*host
	// tickets are, for each host, the first round that began after the last look
	// at the origin.
	tickets map[*host]uint64
	// recalled is what hosts said to an earlier process, until a catalog names
	// them.
	recalled map[string]store.Host
	// seeded are those of them that are from a seed; seeding tells that one is
	// still to come.
	seeded  map[string]bool
	seeding bool
	allowed allowed

	publishing sync.Mutex // keeps publications in order; taken before mu
	followers  []func(*snapshot.Snapshot)
	generation int64
}

// New makes a resolver. It asks nobody until [Resolver.Run] or
// [Resolver.Refresh]; with [Options.State] it has a snapshot at once if there is a
// good one on disk.
func New(origin Origin, live LiveFunc, opts Options) *Resolver {
	opts = opts.withDefaults()
	r := &Resolver{
		origin: origin, live: live, opts: opts, log: opts.Logger,
		replanned: make(chan struct{}, 1),
		hosts:     map[string]*host{},
		recalled:  map[string]store.Host{},
		seeded:    map[string]bool{},
		allowed:   allowed{digests: opts.Allow},
		lastLook:  SourceStatus{Name: origin.Name(), Kind: KindChart},
	}
	r.ctx, r.stop = context.WithCancel(context.Background())
	r.catalog = newRounds(r.lookAtOrigin)
	if opts.Users != nil {
		r.users = r.newUsers(opts.Users)
	}
	r.owned = r.newOwned()
	r.kept = r.newKeeping()
	r.recall()
	return r
}

// Close ends the rounds that are under way, and Run with them. The last
// snapshot stays readable. Once Run and Close have returned, nothing is written to
// [Options.State] any more.
func (r *Resolver) Close() {
	r.stop()
	r.kept.close()
}

// Snapshot gives the newest snapshot, or nil while there has never been one.
func (r *Resolver) Snapshot() *snapshot.Snapshot { return r.current.Load() }

// Follow calls f with each new snapshot before [Resolver.Snapshot] gives it,
// one at a time and in order, beginning with the newest if there is one. What f
// takes, everybody waits for. f may ask for [Resolver.Status]; it must call
// neither Follow nor a refresh.
func (r *Resolver) Follow(f func(*snapshot.Snapshot)) {
	r.publishing.Lock()
	defer r.publishing.Unlock()
	r.followers = append(r.followers, f)
	if s := r.current.Load(); s != nil {
		f(s)
	}
}
