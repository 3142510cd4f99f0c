package server

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/history"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// Versions is what a [View] is too, where there are other versions of the
// catalog than the one that is served.
type Versions interface {
	// Versions lists them; nil where there are none. Errors are of package fault.
	Versions(ctx context.Context) (*history.List, error)
	// Version gives what one of them says, by its name or its digest. Errors are
	// those of history.History.Get.
	Version(ctx context.Context, name string) (*history.Entry, error)
}

const (
	// versionTimeout bounds how long a request waits for another version.
	versionTimeout = 10 * time.Second
	// keptVersionBytes bounds what is kept of other versions, in bytes of memory:
	// some 120 versions of a catalog with 41 images.
	keptVersionBytes = 32 << 20
	// versionsNamed is how many versions an error names.
	versionsNamed = 20
)

// unasked are the facts of a version that is not served: nobody was asked.
type unasked struct{}

func (unasked) Manifest(fact.Reference) (fact.Manifest, bool) { return fact.Manifest{}, false }

func (unasked) Repository(string, string) (fact.Repository, bool) { return fact.Repository{}, false }

// plus undoes what a query makes of a plus sign: no version holds a blank.
func plus(version string) string { return strings.ReplaceAll(version, " ", "+") }

// parseVersion reads the parameter version; "" if it is not given.
func parseVersion(values url.Values) (string, error) {
	if !values.Has("version") {
		return "", nil
	}
	name := plus(values.Get("version"))
	if name == "" {
		return "", badf("version has no value: give it one or leave it out")
	}
	return name, nil
}

// version gives what another version says, or an error to answer with. header is
// that of the answer.
func (s *Server) version(ctx context.Context, header http.Header, name string) (*history.Entry, *api.Error) {
	view, ok := s.view.(Versions)
	if !ok {
		return nil, failure(api.CodeVersionNotFound, "there is no version %q of the catalog", shown(name))
	}
	waiting, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	entry, err := view.Version(waiting, name)
	if err == nil {
		return entry, nil
	}
	from := originOf(s.view.Status())
	switch fault.KindOf(err) {
	case fault.NotFound:
		return nil, failure(api.CodeVersionNotFound, "there is no version %q of the catalog%s", shown(name), s.named(waiting, view))
	case fault.Invalid, fault.TooLarge, fault.Tampered, fault.Unsupported, fault.Refused, fault.Usage:
		return nil, failure(api.CodeVersionUnusable, "version %q cannot be used: %s", shown(name), from.reason(err))
	case fault.RateLimited:
		if after := fault.RetryAfterOf(err); after > 0 {
			header["Retry-After"] = seconds(after)
		}
		return nil, failure(api.CodeOverloaded, "version %q cannot be had now: %s", shown(name), from.reason(err))
	}
	return nil, failure(api.CodeVersionUnavailable, "version %q cannot be had now: %s", shown(name), from.reason(err))
}

// named goes on where an unknown version was named, with those that there are.
func (s *Server) named(ctx context.Context, view Versions) string {
	list, err := view.Versions(ctx)
	var names []string
	switch served := s.view.Status().Served; {
	case err != nil:
		return ""
	case list != nil:
		for _, v := range list.Versions {
			names = append(names, v.Version)
		}
	case served != nil && served.Chart.Metadata.Version != "":
		names = []string{served.Chart.Metadata.Version}
	}
	if len(names) == 0 {
		return ""
	}
	if more := len(names) - versionsNamed; more > 0 {
		return fmt.Sprintf("; the newest are %s; %d more are in /v1/catalog/versions", strings.Join(names[:versionsNamed], ", "), more)
	}
	return "; there are " + strings.Join(names, ", ")
}

// versionPages gives the pages of another version: what the catalog says on the
// day of the snapshot, and nothing of registries.
func (s *Server) versionPages(ctx context.Context, header http.Header, name string) (*pages, *api.Error) {
	now := s.pages.Load()
	if now == nil {
		return nil, failure(api.CodeNotReady, "there is no snapshot yet")
	}
	entry, refusal := s.version(ctx, header, name)
	if refusal != nil {
		return nil, refusal
	}
	day := now.snapshot.Day
	key := entry.Identity + " " + string(day)
	if p, ok := s.versions.get(key); ok {
		return p, nil
	}
	p := pagesOf(entry, day)
	s.versions.put(key, p, weightOf(p))
	return p, nil
}

// weightOf is about what the pages of a version hold in memory, their catalog and
// its snapshot included: measured, 17 KiB and eight times the list.
func weightOf(p *pages) int { return 17<<10 + 8*len(p.standard.list) }

func pagesOf(entry *history.Entry, day chart.Date) *pages {
	joined := snapshot.Join(snapshot.Input{Catalog: entry.Chart.Catalog, Facts: unasked{}, Day: day})
	p := newPages(joined, nil, new(atomic.Pointer[madeList]))
	said := "the catalog alone"
	if entry.Version != "" {
		said = "version " + entry.Version
	}
	p.messages = api.Messages{Info: []string{fmt.Sprintf("this is what %s says: registries were not asked", said)}}
	return p
}

// listVersion answers for a list of another version.
func (s *Server) listVersion(w http.ResponseWriter, r *http.Request, q *listQuery, tool bool) int {
	p, refusal := s.versionPages(r.Context(), w.Header(), q.version)
	if refusal != nil {
		return s.fail(w, *refusal)
	}
	b := p.answer(r, q, one(nil), "")
	if tool {
		b = toolBody(b)
	}
	return b.serve(w, r)
}

// imageOfVersion answers for one image of another version.
func (s *Server) imageOfVersion(w http.ResponseWriter, r *http.Request, version, name string, fields map[string]bool) int {
	p, refusal := s.versionPages(r.Context(), w.Header(), version)
	if refusal != nil {
		return s.fail(w, *refusal)
	}
	record, found := p.find(name)
	if !found {
		return s.noImage(w, p, name, "")
	}
	if fields != nil {
		record = selectFields([]fragment{record}, fields)[0]
	}
	return answer(w, r, imageJSON(record.json, p.messages), "")
}
