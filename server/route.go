package server

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"time"
)

// endpoint answers a GET or HEAD request and gives the status that it sent.
type endpoint func(w http.ResponseWriter, r *http.Request) int

// route makes a handler of an endpoint: it refuses other methods, counts, and
// turns a panic into an answer, which works because endpoints write last of
// all. It allocates nothing.
func (s *Server) route(name string, answer endpoint) http.Handler {
	if name == "other" {
		return s.routeFor(name, answer)
	}
	return s.routeFor(name, func(w http.ResponseWriter, r *http.Request) int {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			return s.methodNotAllowed(w, r)
		}
		return answer(w, r)
	})
}

// publicRoute is [Server.route] for what pages of other origins may read, where
// the operator lets them.
func (s *Server) publicRoute(name string, answer endpoint) http.Handler {
	return s.origins.wrap(s.route(name, s.guarded(answer)))
}

// statusAborted is what an answer that broke off is counted as: nearly always
// its reader went away.
const statusAborted = 499

// routeFor is [Server.route] for an endpoint that looks at the method itself.
func (s *Server) routeFor(name string, answer endpoint) http.Handler {
	counts := s.metrics.route(name)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		status := http.StatusInternalServerError
		defer func() {
			failure := recover()
			switch failure {
			case nil:
			case http.ErrAbortHandler:
				status = statusAborted
				defer panic(failure)
			default:
				s.defect(w, r, name, failure)
			}
			counts.observe(status, time.Since(began))
			s.logRequest(r, name, status)
		}()
		status = answer(w, r)
	})
}

// defect answers in place of an endpoint that panicked.
func (s *Server) defect(w http.ResponseWriter, r *http.Request, route string, failure any) {
	s.logDefect(r, route, failure)
	s.internalError(w)
}

func (s *Server) logDefect(r *http.Request, route string, failure any) {
	s.log.ErrorContext(r.Context(), "a request met a defect", "route", route, "method", shown(r.Method),
		"defect", shown(fmt.Sprint(failure)), "stack", string(debug.Stack()))
}

// logRequest notes a request for those who debug. Of what a client sent it
// notes the method alone.
func (s *Server) logRequest(r *http.Request, route string, status int) {
	if s.log.Enabled(r.Context(), levelRequest) {
		s.log.Log(r.Context(), levelRequest, "request", "route", route, "method", shown(r.Method), "status", status)
	}
}
