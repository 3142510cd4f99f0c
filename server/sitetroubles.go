package server

import (
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/web"
)

// troubles are the sources that a page has to warn of. To the minute, and in
// words that do not change from one attempt to the next, replicas say the same of
// one outage; /catalog has the details.
func troubles(catalog api.Catalog) []web.Trouble {
	var out []web.Trouble
	for _, source := range catalog.Sources {
		if source.Status != api.SourceFailing && !source.Stale || source.Kind == api.SourceListing {
			continue // listings matter to drift alone
		}
		out = append(out, web.Trouble{
			Source: source.Name, What: askedAbout(source.Kind), Since: source.LastSuccessAt.Truncate(time.Minute), Reason: troubleReason(source),
		})
	}
	return out
}

// askedAbout says what a kind of source is asked about.
func askedAbout(kind string) string {
	switch kind {
	case api.SourceChart:
		return "the catalog"
	case api.SourceUsers:
		return "images that tools built"
	}
	return "standard images"
}

// troubleReason says in a few words why a source is in trouble.
func troubleReason(source api.Source) string {
	if source.Error == nil {
		return "has not been heard since this server started"
	}
	switch source.Error.Kind {
	case fault.Unreachable.String():
		return "does not answer"
	case fault.Denied.String():
		return "does not let us ask"
	case fault.RateLimited.String():
		return "asks us to come back later"
	case fault.NotFound.String():
		return "no longer has what it had"
	case fault.TooLarge.String():
		return "answers more than is read"
	case fault.Refused.String():
		return "answered what is not believed: it lacks most of what it had"
	}
	return "answers what cannot be used"
}
