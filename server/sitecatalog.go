package server

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/history"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/web"
)

// versionsPatience is how long the page waits for the list of versions: the rest of
// it is worth having without.
const versionsPatience = 3 * time.Second

// paintCatalog shows what is served, how its sources fare, what came before it, and
// what changes from one version to another if the address names two. The registry
// of the catalog is asked as for /v1/catalog/versions and /v1/catalog/diff, and no
// more often.
func (s *Server) paintCatalog(r *http.Request, v *visit) (web.Page, *web.Failure) {
	if len(r.URL.RawQuery) > maxQuery {
		return nil, badAddress(v, badf("the query has more than %d bytes", maxQuery))
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, badAddress(v, badf("the query %q cannot be read", shown(r.URL.RawQuery)))
	}
	ctx, cancel := context.WithTimeout(r.Context(), versionsPatience)
	defer cancel()
	list, err := s.listVersions(ctx)
	answered := versionsAnswer(s.view.Status(), list, err)
	page := &web.Catalog{Frame: v.frame, Catalog: v.catalog, Versions: answered.Versions, Warnings: answered.Messages.Warning}
	page.Title, page.Place = "Catalog", "Catalog"
	page.From, page.To = versionNamed(values, "from"), versionNamed(values, "to")
	if asked := page.From != "" || page.To != ""; !asked {
		page.From, page.To = worthComparing(page)
		return page, nil
	}
	s.fillDifference(r, v, page)
	return page, nil
}

// versionNamed reads a version of an address.
func versionNamed(values url.Values, name string) string {
	return cutTo(strings.TrimSpace(plus(strings.ToValidUTF8(strings.TrimSpace(values.Get(name)), "\uFFFD"))), maxName)
}

// worthComparing gives what the form begins with: what is served, and the version
// before it.
func worthComparing(page *web.Catalog) (from, to string) {
	for i, v := range page.Versions {
		if !v.Served {
			continue
		}
		to = v.Version
		if i+1 < len(page.Versions) {
			return page.Versions[i+1].Version, to
		}
	}
	return to, to
}

// fillDifference compares what the address names; what it leaves out is what is
// served. What cannot be compared is said on the page, beside the form.
func (s *Server) fillDifference(r *http.Request, v *visit, page *web.Catalog) {
	served := s.view.Status().Served
	if served == nil {
		return // a visit has one
	}
	var entries [2]*history.Entry
	for i, name := range []*string{&page.From, &page.To} {
		if *name == "" {
			*name = served.Chart.Metadata.Version
			entries[i] = &history.Entry{Version: *name, Digest: served.Offer.Digest, Identity: served.Offer.Identity, Chart: served.Chart}
			continue
		}
		entry, refusal := s.version(r.Context(), http.Header{}, *name)
		if refusal != nil {
			page.Problem = sentence(strings.Join(refusal.Error, "; "))
			return
		}
		entries[i] = entry
	}
	page.Difference = web.NewDifference(diffAnswer(entries[0], entries[1]), v.link)
}

// link leads to the page of an image of the catalog that is served, or of what is
// left of it; "" for a name that it does not know.
func (v *visit) link(name string) string {
	if v.pages.snapshot.Image(name) == nil && v.pages.snapshot.Tombstone(name) == nil {
		return ""
	}
	return v.frame.ImageURL(name)
}
