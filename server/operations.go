package server

import (
	"net/http"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/schemas"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// healthy is the body that says that all is well, as builds-api writes it.
var healthy = append(encode(api.Health{Status: api.StatusOK}), '\n')

// getHealth says that the process answers. It asks nobody: a registry that is
// down is no reason to restart.
func (s *Server) getHealth(w http.ResponseWriter, _ *http.Request) int { return s.well(w) }

// getReadiness says whether there is a good snapshot to answer from.
func (s *Server) getReadiness(w http.ResponseWriter, _ *http.Request) int {
	switch {
	case s.draining.Load():
		return s.failWith(w, api.CodeNotReady, "this process is shutting down")
	case s.pages.Load() == nil:
		return s.notReady(w)
	}
	return s.well(w)
}

func (s *Server) well(w http.ResponseWriter) int {
	h := w.Header()
	h["Content-Type"] = typeJSON
	h["Cache-Control"] = notStored
	_, _ = w.Write(healthy)
	return http.StatusOK
}

// getMetrics sends the text format whatever a scraper accepts: it is the one
// that the contract names.
func (s *Server) getMetrics(w http.ResponseWriter, r *http.Request) int {
	r = r.Clone(r.Context())
	delete(r.Header, "Accept")
	s.metrics.handler.ServeHTTP(w, r)
	return http.StatusOK
}

func (s *Server) getOpenAPI(w http.ResponseWriter, r *http.Request) int {
	return s.openapi.serve(w, r)
}

func openapiBody() (*body, error) {
	document, err := schemas.OpenAPIJSON()
	if err != nil {
		return nil, err
	}
	return newBody(typeJSON, document), nil
}
