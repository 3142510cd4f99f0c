package server

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// demandWait is how long a request that wants to know better waits for it.
const demandWait = 3 * time.Second

// wantsFresh tells whether a request asks for an answer that is newer than what
// is kept (RFC 9111, section 5.2.1.4).
func wantsFresh(r *http.Request) bool {
	values := r.Header["Cache-Control"]
	if len(values) == 0 {
		return false
	}
	for directive := range strings.SplitSeq(single(values), ",") {
		if strings.EqualFold(strings.TrimSpace(directive), "no-cache") {
			return true
		}
	}
	return false
}

// onDemand asks the registry about a tool ("" for everything) before the answer
// is given, if the request wants that. It gives the sentence to warn with if
// nothing newer was to be had.
func (s *Server) onDemand(r *http.Request, tool string) string {
	if !wantsFresh(r) {
		return ""
	}
	ctx, cancel := context.WithTimeout(r.Context(), demandWait)
	defer cancel()
	ask := func() error { return s.view.RefreshTool(ctx, tool) }
	if tool == "" {
		ask = func() error { return s.view.RefreshLive(ctx) }
	}
	if err := ask(); err != nil {
		// The source's own rounds say so once; this may be every request's.
		s.log.DebugContext(r.Context(), "nothing newer could be had", "error", err)
		return "the registry could not be asked just now: this is its last good answer"
	}
	return ""
}
