package harbortest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Request is one request as it was received, for a test to look at.
type Request struct {
	Kind Kind
	// Method, Path (escaped as sent) and Query (raw) are the request line.
	Method, Path, Query string
	// User is who it came from; empty is anonymous, wrong credentials included.
	User string
	// Cookie says that it carried a session cookie.
	Cookie bool
	// Status is what was answered; zero if nothing was.
	Status int
}

// String reads like a line of an access log.
func (r Request) String() string {
	line := r.Method + " " + r.Path
	if r.Query != "" {
		line += "?" + r.Query
	}
	return line
}

// requestLog keeps requests from the moment they arrive, so that a client that
// has its answer finds the request counted.
type requestLog struct {
	mu               sync.Mutex
	limit            int
	entries          []*logEntry
	counts           map[Kind]int
	total            int
	inFlight, widest int
}

type logEntry struct {
	log     *requestLog
	request Request
}

func (l *requestLog) init(limit int) {
	l.limit = limit
	l.counts = map[Kind]int{}
}

func (l *requestLog) begin(r *http.Request, rt route, who viewer) *logEntry {
	_, err := r.Cookie(sessionCookie)
	entry := &logEntry{log: l, request: Request{
		Kind: rt.kind, Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery, User: who.name(), Cookie: err == nil,
	}}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total++
	l.counts[rt.kind]++
	l.inFlight++
	l.widest = max(l.widest, l.inFlight)
	if len(l.entries) < l.limit {
		l.entries = append(l.entries, entry)
	}
	return entry
}

func (l *requestLog) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inFlight--
}

// seen gives the request as faults are matched against it.
func (e *logEntry) seen() Request {
	e.log.mu.Lock()
	defer e.log.mu.Unlock()
	return e.request
}

func (e *logEntry) answered(status int) {
	e.log.mu.Lock()
	defer e.log.mu.Unlock()
	e.request.Status = status
}

// answerWriter notes the status before it is sent.
type answerWriter struct {
	http.ResponseWriter
	entry *logEntry
	wrote bool
}

func (w *answerWriter) WriteHeader(status int) {
	if !w.wrote {
		w.wrote = true
		w.entry.answered(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *answerWriter) Write(b []byte) (int, error) {
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Requests gives the requests since the start or the last ResetRequests, in the
// order they came.
func (h *Harbor) Requests() []Request {
	h.log.mu.Lock()
	defer h.log.mu.Unlock()
	list := make([]Request, len(h.log.entries))
	for i, e := range h.log.entries {
		list[i] = e.request
	}
	return list
}

// Count tells how many requests of these kinds came; of all kinds if none is named.
func (h *Harbor) Count(kinds ...Kind) int {
	h.log.mu.Lock()
	defer h.log.mu.Unlock()
	if len(kinds) == 0 {
		return h.log.total
	}
	n := 0
	for _, k := range kinds {
		n += h.log.counts[k]
	}
	return n
}

// Counts gives how many requests of each kind came.
func (h *Harbor) Counts() map[Kind]int {
	h.log.mu.Lock()
	defer h.log.mu.Unlock()
	return maps.Clone(h.log.counts)
}

// Widest tells how many requests were under way at once at most.
func (h *Harbor) Widest() int {
	h.log.mu.Lock()
	defer h.log.mu.Unlock()
	return h.log.widest
}

// ResetRequests forgets the requests so far, their counts and how wide they were.
func (h *Harbor) ResetRequests() {
	h.log.mu.Lock()
	defer h.log.mu.Unlock()
	h.log.entries, h.log.total, h.log.widest = nil, 0, h.log.inFlight
	h.log.counts = map[Kind]int{}
}

// RequestLines gives [Harbor.Requests] as lines, for a readable comparison.
func (h *Harbor) RequestLines() string {
	var b strings.Builder
	for r := range slices.Values(h.Requests()) {
		b.WriteString(r.String() + "\n")
	}
	return b.String()
}
