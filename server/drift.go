package server

import (
	"bytes"
	"net/http"
	"sync"
	"sync/atomic"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/drift"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// driftPage is the drift in one snapshot. Every push somewhere makes a snapshot,
// so it is worked out when it is asked for, once.
type driftPage struct {
	snapshot *snapshot.Snapshot
	once     sync.Once
	made     *madeDrift
	// last is the one that was made last, of whatever snapshot: its bytes are used
	// again if they are the same.
	last *atomic.Pointer[madeDrift]
}

type madeDrift struct {
	counts map[drift.Reason]int
	answer api.DriftAnswer
	body   *lazyBody
	text   []byte
}

func (d *driftPage) get() *madeDrift {
	d.once.Do(func() {
		report := drift.Of(d.snapshot)
		answered := driftAnswer(report)
		text := append(encode(answered), '\n')
		d.made = &madeDrift{counts: report.Counts(), answer: answered, text: text}
		if before := d.last.Load(); before != nil && bytes.Equal(before.text, text) {
			d.made.text, d.made.body = before.text, before.body
		} else {
			d.made.body = &lazyBody{make: func() *body { return plainBody(typeJSON, text, "") }}
		}
		d.last.Store(d.made)
	})
	return d.made
}

func (s *Server) getDrift(w http.ResponseWriter, r *http.Request) int {
	p := s.pages.Load()
	if p == nil {
		return s.notReady(w)
	}
	if _, err := parseQuery(r.URL.RawQuery, nil); err != nil {
		return s.failWith(w, api.CodeBadParameter, "%s", err)
	}
	return p.drift.get().body.serve(w, r)
}

// driftAnswer gives the published shape of a report.
func driftAnswer(report *drift.Report) api.DriftAnswer {
	out := api.DriftAnswer{Messages: warnings(report.Warnings)}
	for _, e := range report.Entries {
		out.Drift = append(out.Drift, api.Drift{
			Reason: string(e.Reason), Message: e.Text, Image: e.Image, Variants: e.Variants,
			Reference: e.Reference.String(), Host: e.Reference.Host, Path: e.Reference.Path,
			Tag: e.Reference.Tag, Digest: e.Reference.Digest, FoundDigest: e.Found, Stale: e.Stale,
		})
	}
	for _, p := range report.Prefixes {
		prefix := api.DriftPrefix{Host: p.Host, Prefix: p.Prefix, Status: string(p.Status)}
		if p.Status != drift.Unasked {
			prefix.RepositoryCount = &p.Repositories
		}
		out.Prefixes = append(out.Prefixes, prefix)
	}
	return out
}
