package store

import (
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/shrink"
)

// State is what is kept: what was served at one moment, and how old it was.
type State struct {
	// SavedAt is when it was so, to the millisecond, as all times here.
	SavedAt time.Time
	// Catalog is nil where the catalog's origin is on this machine anyway.
	Catalog *Catalog
	Hosts   []Host
	Users   *Users // nil without user-built images, or before the first of them
	// Allowed are the digests of catalogs and losses that an operator allowed, and
	// that were taken for it.
	Allowed []string
}

// Catalog is the catalog that was served.
type Catalog struct {
	// Origin is where it came from, as resolver.Origin names it.
	Origin string
	// Version, Digest and Constraint are what the operator had asked for.
	Version, Digest, Constraint string
	// Chosen is the version, or moving tag, that the chart was pulled by.
	Chosen string
	// Manifest is the digest of the chart's manifest.
	Manifest string
	// Contents are the manifest and its blobs, by digest.
	Contents map[string][]byte
	// LastSuccess is when the origin last answered.
	LastSuccess time.Time
}

// Host is what a registry host answered last.
type Host struct {
	Name string
	// LastSuccess is when it last answered completely; zero if never.
	LastSuccess time.Time
	// Losses is what went lately, and what is said to be gone and not believed.
	Losses       shrink.Watch
	Manifests    map[fact.Reference]fact.Manifest
	Repositories map[string]fact.Repository
}

// Users is what tools' users built.
type Users struct {
	Host   string
	Memory inventory.Memory
	// Records gives the projects of Memory.View to be written; it is nil in what
	// was read.
	Records func(f func(*inventory.Record) error) error
}
