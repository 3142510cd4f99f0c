package snapshot

// Owned is what registries hold below the prefixes of repository names that
// belong to the catalog, whether it names them or not. It is immutable.
type Owned struct {
	// Prefixes are those that operators name, by registry host as the catalog
	// names it.
	Prefixes map[string][]string
	// Listings are the answers of the hosts, but for the one whose repositories
	// [Users] knows; nil for a host that has not answered yet.
	Listings map[string]*Listing
}

// Listing is what one host answered when it was asked which repositories it has.
type Listing struct {
	// Known is false while it has never answered.
	Known bool
	// Failing is true while it cannot be asked; Repositories are its last good
	// answer then.
	Failing bool
	// Repositories are the paths below the host's prefixes, sorted.
	Repositories []string
}
