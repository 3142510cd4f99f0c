package server

import (
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/names"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// explain tells how the answer for a spelling came about.
func (a *asking) explain(m names.Match) *api.Explanation {
	return Explanation(a.lookup, m, a.catalog)
}

// Explanation gives the published shape of why a spelling means what it means.
// Of the catalog its version and digest are used.
func Explanation(lookup names.Lookup, m names.Match, catalog api.Catalog) *api.Explanation {
	e, s := lookup.Explain(m), m.Spelling
	out := &api.Explanation{
		Says: e.Says, Rule: string(m.Rule), Source: deciding(lookup.Snapshot, m),
		Parts: api.Parts{Host: s.Host, Project: s.Project, Name: s.Name, Tag: s.Tag, Digest: s.Digest},
	}
	if out.Source == sourceChart {
		out.CatalogVersion, out.CatalogDigest = catalog.Version, catalog.Digest
	}
	for _, miss := range e.Misses {
		out.Near = append(out.Near, api.NearMiss{
			ShortName: miss.ShortName, Image: miss.Reference.String(), Reason: string(miss.Reason), Says: miss.Says,
		})
	}
	return out
}

// ExplainRemoval says in an explanation that the catalog removed what is spelled.
// Both may be nil.
func ExplainRemoval(e *api.Explanation, t *api.Tombstone) {
	if e != nil && t != nil {
		e.Says = "the catalog removed " + t.ShortName + ": it leads nowhere any more"
	}
}

// deciding tells who had the last word: the registry of user-built images where
// the answer is one, or where one was asked for; else the catalog.
func deciding(s *snapshot.Snapshot, m names.Match) string {
	built := m.Spelling.Tool() != ""
	if m.Image != nil {
		built = m.Image.Built != nil
	}
	if built && s.Users.Host != "" {
		return s.Users.Host
	}
	return sourceChart
}

// catalogOf gives version and digest of the catalog that a snapshot was made of.
// They are left out in the moment in which another one takes its place.
func (s *Server) catalogOf(of *snapshot.Snapshot) api.Catalog {
	served := s.view.Status().Served
	if served == nil || served.Chart.Catalog != of.Catalog {
		return api.Catalog{}
	}
	return api.Catalog{Version: served.Chart.Metadata.Version, Digest: served.Offer.Digest}
}
