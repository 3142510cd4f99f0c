package snapshot

import (
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
)

// Facts is what is known about registries at one moment.
type Facts interface {
	// Manifest gives the last good answer about a reference, and whether it is
	// stale: older than the last time its source was asked. A reference that
	// nobody ever answered for is Unknown.
	Manifest(fact.Reference) (m fact.Manifest, stale bool)
	// Repository gives the last good answer about a repository.
	Repository(host, path string) (r fact.Repository, stale bool)
}

// question makes the question about a reference of the catalog.
func question(r reference.Reference) fact.Reference {
	r = r.WithDefaultTag()
	return fact.Reference{Host: r.Host, Repository: r.Path, Tag: r.Tag, Digest: r.Digest}
}

// Questions gives what has to be asked for a catalog, by host: each reference
// of each entry once.
func Questions(catalog *chart.Catalog) map[string][]fact.Reference {
	byHost := map[string][]fact.Reference{}
	seen := map[fact.Reference]bool{}
	add := func(text string) {
		r, err := reference.Parse(text)
		if err != nil {
			return // validation has refused it; a catalog that is served has none
		}
		q := question(r)
		if !seen[q] {
			seen[q] = true
			byHost[q.Host] = append(byHost[q.Host], q)
		}
	}
	for _, name := range sortedKeys(catalog.Images) {
		entry := catalog.Images[name]
		add(entry.Reference())
		for _, variant := range sortedKeys(entry.Variants) {
			add(entry.Variants[variant].Image)
		}
	}
	return byHost
}
