package server

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/history"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

var versionsParameters = map[string]bool{"limit": false}

// getVersions lists the versions of the catalog. While its registry does not
// answer they are as it last answered, or the one that is served alone.
func (s *Server) getVersions(w http.ResponseWriter, r *http.Request) int {
	values, err := parseQuery(r.URL.RawQuery, versionsParameters)
	if err != nil {
		return s.failWith(w, api.CodeBadParameter, "%s", err)
	}
	limit, err := parseLimit(values)
	if err != nil {
		return s.failWith(w, api.CodeBadParameter, "%s", err)
	}
	if s.view.Status().Served == nil {
		return s.notReady(w)
	}
	list, err := s.listVersions(r.Context())
	status := s.view.Status() // as of when the list was had
	answered := versionsAnswer(status, list, err)
	if limit > 0 && len(answered.Versions) > limit {
		answered.Versions = answered.Versions[:limit]
	}
	return answer(w, r, append(encode(answered), '\n'), "")
}

func (s *Server) listVersions(ctx context.Context) (*history.List, error) {
	view, ok := s.view.(Versions)
	if !ok {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	return view.Versions(ctx)
}

// versionsAnswer puts together what the registry has and what is served, which
// is told whether the registry still has it or not.
func versionsAnswer(status resolver.Status, list *history.List, err error) api.VersionsAnswer {
	served, word := status.Served, originOf(status).word
	var out api.VersionsAnswer
	warn := func(format string, args ...any) {
		out.Messages.Warning = append(out.Messages.Warning, fmt.Sprintf(format, args...))
	}
	switch {
	case err != nil:
		warn("%s cannot be asked now: other versions than the one that is served are not known", word)
	case list != nil && list.Err != nil:
		warn("%s cannot be asked now: the versions are as it last answered", word)
	}
	there := false
	if list != nil {
		for _, v := range list.Versions {
			row := api.Version{Version: v.Version, Digest: v.Digest, PublishedAt: v.Published, Selected: v.Selected}
			row.Served = isServed(row, served)
			there = there || row.Served
			out.Versions = append(out.Versions, row)
		}
	}
	if there {
		return out
	}
	own := api.Version{Version: served.Chart.Metadata.Version, Digest: served.Offer.Digest, Served: true}
	if list != nil {
		warn("version %s is served, but %s does not list it any more", own.Version, word)
	}
	at, _ := slices.BinarySearchFunc(out.Versions, own.Version, func(v api.Version, name string) int { return newerFirst(v.Version, name) })
	out.Versions = slices.Insert(out.Versions, at, own)
	return out
}

// isServed tells whether a version is the one that is served: by its digest,
// where that is known.
func isServed(v api.Version, served *resolver.Served) bool {
	if v.Digest != "" && served.Offer.Digest != "" {
		return v.Digest == served.Offer.Digest && v.Version == served.Chart.Metadata.Version
	}
	return v.Version == served.Chart.Metadata.Version
}

// newerFirst orders versions as the list has them.
func newerFirst(a, b string) int {
	va, err1 := semver.StrictNewVersion(a)
	vb, err2 := semver.StrictNewVersion(b)
	if err1 != nil || err2 != nil {
		return strings.Compare(b, a)
	}
	if c := vb.Compare(va); c != 0 {
		return c
	}
	return strings.Compare(b, a)
}
