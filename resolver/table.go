package resolver

import "gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"

// table is the facts of all hosts: the join's view of them.
type table map[string]*hostFacts

// Manifest implements snapshot.Facts.
func (t table) Manifest(ref fact.Reference) (fact.Manifest, bool) {
	f := t[ref.Host]
	if f == nil {
		return fact.Manifest{}, false
	}
	known := f.manifests[ref]
	return known.answer, known.stale
}

// Repository implements snapshot.Facts.
func (t table) Repository(host, path string) (fact.Repository, bool) {
	f := t[host]
	if f == nil {
		return fact.Repository{}, false
	}
	known := f.repositories[path]
	return known.answer, known.stale
}
