package server

import (
	"net/http"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/compare"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/history"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

var diffParameters = map[string]bool{"from": false, "to": false}

// keptDiffBytes bounds the differences that are kept for the next request.
const keptDiffBytes = 4 << 20

// getDiff tells what changes from one version of the catalog to another. Of two
// digests that never changes, so it is made once.
func (s *Server) getDiff(w http.ResponseWriter, r *http.Request) int {
	values, err := parseQuery(r.URL.RawQuery, diffParameters)
	if err != nil {
		return s.failWith(w, api.CodeBadParameter, "%s", err)
	}
	for _, name := range []string{"from", "to"} {
		if values.Has(name) && values.Get(name) == "" || name == "from" && !values.Has(name) {
			return s.failWith(w, api.CodeBadParameter, "%s has no value: name a version or a digest; /v1/catalog/versions lists them", name)
		}
	}
	served := s.view.Status().Served
	if served == nil {
		return s.notReady(w)
	}
	to := &history.Entry{
		Version: served.Chart.Metadata.Version, Digest: served.Offer.Digest, Identity: served.Offer.Identity, Chart: served.Chart,
	}
	from, refusal := s.version(r.Context(), w.Header(), plus(values.Get("from")))
	if refusal == nil && values.Has("to") {
		to, refusal = s.version(r.Context(), w.Header(), plus(values.Get("to")))
	}
	if refusal != nil {
		return s.fail(w, *refusal)
	}
	return s.diff(from, to).serve(w, r)
}

func (s *Server) diff(from, to *history.Entry) *lazyBody {
	key := from.Identity + " " + to.Identity
	if b, ok := s.diffs.get(key); ok {
		return b
	}
	text := append(encode(diffAnswer(from, to)), '\n')
	b := &lazyBody{make: func() *body { return plainBody(typeJSON, text, "") }}
	s.diffs.put(key, b, len(text)+len(text)/2) // the codings make it half as much again
	return b
}

// diffAnswer gives the published shape of a difference.
func diffAnswer(from, to *history.Entry) api.DiffAnswer {
	out := api.DiffAnswer{
		From: api.VersionName{Version: from.Version, Digest: from.Digest},
		To:   api.VersionName{Version: to.Version, Digest: to.Digest},
	}
	for _, c := range compare.Catalogs(from.Chart.Catalog, to.Chart.Catalog) {
		change := api.Change{
			Kind: strings.ReplaceAll(string(c.Kind), "-", "_"), Image: c.Image, Alias: c.Alias, Stack: c.Stack,
			Path: c.Path, Old: c.Old, New: c.New, Breaking: c.Breaking, Reason: c.Reason,
		}
		for _, part := range c.Parts {
			change.Parts = append(change.Parts, string(part))
		}
		out.Changes = append(out.Changes, change)
	}
	return out
}
