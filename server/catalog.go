package server

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// getCatalog is the one answer that knows the clock: it is made for each
// request and has no ETag.
func (s *Server) getCatalog(w http.ResponseWriter, r *http.Request) int {
	if _, err := parseQuery(r.URL.RawQuery, nil); err != nil {
		return s.failWith(w, api.CodeBadParameter, "%s", err)
	}
	p, status := s.pages.Load(), s.view.Status()
	if p == nil || status.Served == nil {
		return s.notReady(w)
	}
	text := append(encode(api.CatalogAnswer{Catalog: catalogStatus(p, *s.lastPublic.Load(), status), Messages: p.messages}), '\n')
	h := w.Header()
	h["Content-Type"] = typeJSON
	h["Cache-Control"] = notStored
	h["Vary"] = varyEncoding
	h["Content-Length"] = []string{strconv.Itoa(len(text))}
	_, _ = w.Write(text)
	return http.StatusOK
}

func catalogStatus(p *pages, changed publicChange, status resolver.Status) api.Catalog {
	offer, loaded := status.Served.Offer, status.Served.Chart
	out := api.Catalog{
		FormatVersion: loaded.Catalog.FormatVersion,
		Chart:         loaded.Metadata.Name,
		Version:       loaded.Metadata.Version,
		AppVersion:    loaded.Metadata.AppVersion,
		Digest:        offer.Digest,
		Reference:     offer.Reference,
		Source:        string(offer.Kind),
		Requested:     api.Requested(offer.Requested),
		Verified:      offer.Signature.By != nil,
		LoadedAt:      status.Served.Since.UTC(),
		PublishedAt:   published(status.Served),
		ImageCount:    len(p.snapshot.Images),
		Warnings:      publicWarnings(status),
		Snapshot: api.Snapshot{
			Generation: changed.generation, CreatedAt: changed.at, Day: string(p.snapshot.Day),
		},
	}
	if by := offer.Signature.By; by != nil {
		out.VerifiedBy = by.Identity
	}
	if out.Reference == "" {
		out.Reference = string(offer.Kind) // a path of this machine is nobody's business
	}
	if status.Refused != nil {
		out.Refused = refused(status.Refused, originOf(status))
	}
	for _, source := range status.Sources {
		out.Sources = append(out.Sources, sourceStatus(source, originOf(status), status.Now))
	}
	slices.SortFunc(out.Sources, func(a, b api.Source) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Kind, b.Kind))
	})
	return out
}

// published is when a catalog was published; zero while that is unknown.
func published(s *resolver.Served) time.Time {
	if at := s.Published(); !at.IsZero() {
		return at.UTC()
	}
	return time.Time{}
}

func refused(r *resolver.Refused, from origin) *api.Refused {
	out := &api.Refused{Code: codeOf(r.Err), Reason: from.reason(r.Err), At: r.At.UTC()}
	if r.Offer != nil {
		out.Version, out.Digest = r.Offer.Version, r.Offer.Digest
	}
	if invalid, ok := errors.AsType[*chart.InvalidError](r.Err); ok {
		for _, f := range invalid.Findings.Errors() {
			out.Findings = append(out.Findings, api.Finding{Rule: f.Rule, Path: f.Path, Message: f.Message, Line: f.Line})
		}
	}
	return out
}

// codeOf names the kind of a failure.
func codeOf(err error) string {
	if _, ok := errors.AsType[*chart.InvalidError](err); ok {
		return fault.Invalid.String()
	}
	return fault.KindOf(err).String()
}

func sourceStatus(s resolver.SourceStatus, from origin, now time.Time) api.Source {
	out := api.Source{Name: s.Name, Kind: s.Kind, Status: api.SourceOK, Stale: s.Stale}
	switch {
	case s.LastAttempt.IsZero():
		out.Status = api.SourceUnknown
	case s.Err != nil:
		out.Status = api.SourceFailing
		out.Error = &api.SourceError{Kind: codeOf(s.Err), Message: from.reason(s.Err)}
		if s.Users != nil {
			out.Error.Message = usersReason(s.Err)
		}
	}
	if !s.LastAttempt.IsZero() {
		out.LastAttemptAt = s.LastAttempt.UTC()
	}
	if !s.LastSuccess.IsZero() {
		age := float64(max(0, now.Sub(s.LastSuccess)).Milliseconds()) / 1000 // clocks may be set back
		out.LastSuccessAt, out.AgeSeconds = s.LastSuccess.UTC(), &age
	}
	if s.Kind != resolver.KindChart {
		out.ReferenceCount = &s.References
	} else {
		out.Name = from.word
	}
	if u := s.Users; u != nil {
		out.Users = &api.UsersStatus{
			Plan: cmp.Or(u.Plan, "unknown"), Version: u.Version, Identity: u.Identity,
			ToolCount: u.Public.Tools, RepositoryCount: u.Public.Repositories, LeftOutCount: u.LeftOut,
			DeniedCount: u.PublicDenied, FailingCount: u.PublicFailing, Advice: usersAdvice(s),
		}
		if !u.LastSweep.IsZero() {
			out.Users.LastSweepAt = u.LastSweep.UTC()
		}
	}
	return out
}
