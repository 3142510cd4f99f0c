package server

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/rs/cors"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// anyOrigin stands for all origins.
const anyOrigin = "*"

// preflightAge is how long a browser need not ask again what it may ask.
const preflightAge = 10 * time.Minute

// crossOrigin lets pages of other origins read public answers in a browser (the
// Fetch standard's CORS protocol). Credentials are never allowed: who may ask
// for a tool is not for a page to say. A nil one lets nobody.
type crossOrigin struct{ policy *cors.Cors }

// newCrossOrigin makes the policy for some origins; nil for none. The error is
// fault.Usage, about one that is no origin.
func newCrossOrigin(origins []string) (*crossOrigin, error) {
	if len(origins) == 0 {
		return nil, nil
	}
	for _, origin := range origins {
		if err := checkOrigin(origin); err != nil {
			return nil, err
		}
	}
	return &crossOrigin{cors.New(cors.Options{
		AllowedOrigins: origins,
		AllowedMethods: []string{http.MethodGet, http.MethodHead},
		AllowedHeaders: []string{"Cache-Control", "If-None-Match", "Last-Event-ID"},
		ExposedHeaders: []string{"ETag", "Link", "Retry-After"},
		MaxAge:         int(preflightAge.Seconds()),
	})}, nil
}

// checkOrigin refuses what no browser sends as its origin (RFC 6454, section
// 6.2). Patterns are refused too: one that is too wide is easily written.
func checkOrigin(origin string) error {
	if origin == anyOrigin {
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || origin != u.Scheme+"://"+u.Host || slices.Contains([]byte(origin), '*') {
		return fault.New(fault.Usage, "", "", "%q is no origin", shown(origin)).
			WithHint("write https://HOST or https://HOST:PORT without a path, as browsers do, or * for all")
	}
	return nil
}

// wrap answers preflight requests, and adds to all other answers what a browser
// has to see. Without a policy it is the handler itself, and costs nothing.
func (c *crossOrigin) wrap(next http.Handler) http.Handler {
	if c == nil {
		return next
	}
	return c.policy.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shared := &sharedWriter{ResponseWriter: w, add: maps.Clone(w.Header())}
		clear(w.Header())
		next.ServeHTTP(shared, r)
		shared.finish() // nothing was written, or this does nothing
	}))
}

// sharedWriter adds headers at the last moment: handlers set theirs, Vary among
// them, as if they were alone, and some forget what they had set.
type sharedWriter struct {
	http.ResponseWriter
	add http.Header // nil once they are there
}

// WriteHeader implements http.ResponseWriter.
func (w *sharedWriter) WriteHeader(status int) {
	w.finish()
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *sharedWriter) Write(p []byte) (int, error) {
	w.finish()
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *sharedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *sharedWriter) finish() {
	h := w.Header()
	for name, values := range w.add {
		h[name] = slices.Concat(h[name], values)
	}
	w.add = nil
}
