package resolver

import (
	"context"
	"log/slog"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/store"
)

// Options adjust a [Resolver]. The zero value works.
type Options struct {
	// Interval is the pause between two rounds of each source, 5 % more or less;
	// 0 means 2 s.
	Interval time.Duration
	// CatalogInterval is the pause between two looks at the origin; 0 means
	// Interval.
	CatalogInterval time.Duration
	// FirstWait bounds how long a new catalog waits for hosts that have not yet
	// been asked about it: the first one before there is any snapshot, a later
	// one while the catalog before it is served. The first one waits as long for
	// Seed. 0 means 1 s.
	FirstWait time.Duration
	// CatalogTimeout bounds one look at the origin; 0 means 30 s.
	CatalogTimeout time.Duration
	// Doubt is how long a host has to say the same that suddenly lacks half or more
	// of the images that it had, before it is believed (package shrink): until then
	// its last good answers stay. 0 means 1 min.
	Doubt time.Duration
	// Owns are the beginnings of repository names that belong to the catalog, by
	// registry host. What a host has there is asked of its [Live], if that is a
	// [Lister]; of the source of user-built images they narrow the projects that
	// hold standard images. See package drift.
	Owns map[string][]string
	// OwnsInterval is the pause between two such questions; 0 means 10 min.
	OwnsInterval time.Duration
	// Users is the source of what tools' users built; nil means that the
	// platform has no such images.
	Users Users
	// State keeps what is served on disk, for the next process to begin with; nil
	// keeps nothing. It is written while [Resolver.Run] runs, and stays the
	// caller's to close.
	State *store.Store
	// StateInterval is the pause between two writes of what changed; 0 means 30 s.
	StateInterval time.Duration
	// Seed gives what to begin with where there is nothing on disk; it is called
	// once, by Run, and only then. Sources are asked meanwhile, and what they say
	// before it comes stands. It gives nil, having said why, if there is nothing to be
	// had, and soon after ctx ends; nil means that nobody is asked.
	Seed func(ctx context.Context) *Seed
	// Allow are the digests of catalogs that are taken although they would be
	// refused as worse than what is served: older, with few of its names, or
	// other content under its version; and of losses that are believed at once.
	// Each counts once, which State remembers.
	Allow []string
	// CatalogMaxAge is how long ago a catalog may have been published that a
	// constraint or a moving tag leads to; an older one is served and flagged
	// ([Status.Frozen]). 0 judges none.
	CatalogMaxAge time.Duration
	// Logger gets what happens; nil discards it.
	Logger *slog.Logger
	// Observe is told of every round; nil means nobody counts. It must not block.
	Observe func(Round)
	// Now is the clock that days and times are read from; nil means time.Now.
	// Pauses are timers whatever it says.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	positive(&o.Interval, 2*time.Second)
	positive(&o.CatalogInterval, o.Interval)
	positive(&o.FirstWait, time.Second)
	positive(&o.CatalogTimeout, 30*time.Second)
	positive(&o.Doubt, time.Minute)
	positive(&o.OwnsInterval, 10*time.Minute)
	positive(&o.StateInterval, 30*time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = func(Round) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func positive(d *time.Duration, otherwise time.Duration) {
	if *d <= 0 {
		*d = otherwise
	}
}
