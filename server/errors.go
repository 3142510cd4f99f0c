package server

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// statusOf is the one table from an error's code to its HTTP status.
var statusOf = map[string]int{
	api.CodeBadParameter:       http.StatusBadRequest,
	api.CodeUnauthorized:       http.StatusUnauthorized,
	api.CodeForbidden:          http.StatusForbidden,
	api.CodeRouteNotFound:      http.StatusNotFound,
	api.CodeImageNotFound:      http.StatusNotFound,
	api.CodeMethodNotAllowed:   http.StatusMethodNotAllowed,
	api.CodeNotAcceptable:      http.StatusNotAcceptable,
	api.CodeImageRemoved:       http.StatusGone,
	api.CodeContentTooLarge:    http.StatusRequestEntityTooLarge,
	api.CodeNotReady:           http.StatusServiceUnavailable,
	api.CodeOverloaded:         http.StatusServiceUnavailable,
	api.CodeVersionNotFound:    http.StatusNotFound,
	api.CodeVersionUnusable:    http.StatusUnprocessableEntity,
	api.CodeVersionUnavailable: http.StatusServiceUnavailable,
	api.CodeInternal:           http.StatusInternalServerError,
}

// challenge goes with every 401, as RFC 9110 (section 15.5.2) wants it. The
// scheme is the platform's own: who asks proves it to the gateway, or is Harbor.
var challenge = []string{`Toolforge realm="bayplan"`}

// fail writes an error: the only way in which this package answers with a
// status of 400 or more.
func (s *Server) fail(w http.ResponseWriter, e api.Error) int {
	status := statusOf[e.Code]
	if status == 0 {
		status = http.StatusInternalServerError
	}
	text := append(encode(e), '\n')
	h := w.Header()
	h["Content-Type"] = typeJSON
	h["X-Content-Type-Options"] = notSniffed // an error may show what a client sent
	h["Cache-Control"] = notStored
	h["Content-Length"] = []string{strconv.Itoa(len(text))}
	if status == http.StatusUnauthorized {
		h["Www-Authenticate"] = challenge
	}
	if status == http.StatusServiceUnavailable && h["Retry-After"] == nil {
		h["Retry-After"] = s.retry
	}
	w.WriteHeader(status)
	_, _ = w.Write(text) // nothing is sent to HEAD; an error is the client's going away
	return status
}

func (s *Server) failWith(w http.ResponseWriter, code, format string, args ...any) int {
	return s.fail(w, *failure(code, format, args...))
}

// failure makes an error of a sentence.
func failure(code, format string, args ...any) *api.Error {
	return &api.Error{Messages: api.Messages{Error: []string{fmt.Sprintf(format, args...)}}, Code: code}
}

// internalError answers in place of an endpoint that did not get to its end,
// and so forgets the headers that it had set.
func (s *Server) internalError(w http.ResponseWriter) {
	clear(w.Header())
	s.failWith(w, api.CodeInternal, "something went wrong on our side")
}

func (s *Server) routeNotFound(w http.ResponseWriter, r *http.Request) int {
	return s.failWith(w, api.CodeRouteNotFound, "there is no %s here; /openapi.json lists what there is", shown(r.URL.Path))
}

func (s *Server) methodNotAllowed(w http.ResponseWriter, r *http.Request) int {
	w.Header()["Allow"] = []string{"GET, HEAD"}
	return s.failWith(w, api.CodeMethodNotAllowed, "%s is not answered here; use GET or HEAD", shown(r.Method))
}

// notReady says why there has never been a good snapshot.
func (s *Server) notReady(w http.ResponseWriter) int {
	return s.failWith(w, api.CodeNotReady, "there is no snapshot yet: %s", whyNotReady(s.view.Status()))
}

// whyNotReady goes on where it is said that there is nothing yet.
func whyNotReady(status resolver.Status) string {
	origin := originOf(status)
	why := "the catalog is being fetched"
	switch {
	case status.Refused != nil:
		why = "the catalog was refused: " + origin.reason(status.Refused.Err)
	case len(status.Sources) > 0 && status.Sources[0].Err != nil:
		why = origin.reason(status.Sources[0].Err)
	case status.Served != nil:
		why = "the registries are being asked for the first time"
	}
	return why
}

// shown cuts what a client sent before it is shown back or logged.
func shown(text string) string {
	const enough = 200 // bytes
	if cut := cutTo(text, enough); len(cut) < len(text) {
		return cut + "…"
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// cutTo gives at most that many bytes of a text, and no half character if
// something had to go.
func cutTo(text string, bytes int) string {
	if len(text) <= bytes {
		return text
	}
	return strings.ToValidUTF8(text[:bytes], "")
}

// seconds writes a duration as Retry-After does, rounded up.
func seconds(d time.Duration) []string {
	return []string{strconv.Itoa(int((d + time.Second - 1) / time.Second))}
}
