package fake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

const typeJSON = "application/json"

// codes are those that Bayplan itself would give with a status. Other statuses
// come from what stands before it, with a page of HTML.
var codes = map[int]string{
	http.StatusBadRequest: api.CodeBadParameter, http.StatusUnauthorized: api.CodeUnauthorized, http.StatusForbidden: api.CodeForbidden,
	http.StatusNotFound: api.CodeRouteNotFound, http.StatusInternalServerError: api.CodeInternal, http.StatusServiceUnavailable: api.CodeNotReady,
}

// status answers with a status, in the words of whoever would give it there.
func (f *fault) status(status int, seconds string) (harbortest.Fault, error) {
	inner := harbortest.HTML(status)
	if code, own := codes[status]; own && !f.behind() {
		inner = refusal(status, code)
	}
	if f.behind() {
		inner = harbortest.Status(status)
	}
	if seconds == "" && (status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests) {
		seconds = "1"
	}
	if n, err := strconv.Atoi(seconds); seconds != "" && (err != nil || n < 0) {
		return nil, fmt.Errorf("after %d come the seconds of Retry-After, for example %d:5", status, status)
	}
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if seconds != "" {
			w.Header().Set("Retry-After", seconds)
		}
		inner(w, r, next)
	}, nil
}

// refusal is an error as Bayplan answers it.
func refusal(status int, code string) harbortest.Fault {
	text, _ := json.Marshal(api.Error{ // a text always encodes
		Messages: api.Messages{Error: []string{"a fault of the test server"}}, Code: code,
	})
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", typeJSON)
		w.Header().Set("Cache-Control", "no-store")
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Toolforge realm="bayplan"`)
		}
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			_, _ = w.Write(append(text, '\n')) // who left needs no answer
		}
	}
}

// empty answers as if there were nothing, which is a lie that readers should not
// believe.
func (f *fault) empty() (harbortest.Fault, error) {
	body, ok := map[string]string{
		"images": `{"images":[],"messages":{}}`, "resolve": `{"results":[],"messages":{}}`, "image-config": `{}`, onHarbor: `[]`,
	}[f.on]
	if !ok {
		return nil, errors.New("empty is for images, resolve, image-config and harbor")
	}
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if f.on == onHarbor {
			w.Header().Set("X-Total-Count", "0")
		}
		harbortest.Body(http.StatusOK, typeJSON, body+"\n")(w, r, next)
	}, nil
}

// cut announces the whole answer, sends half of it and ends the connection. What
// the client holds already is no answer here: half of a 304 would be a whole one.
func cut(w http.ResponseWriter, r *http.Request, next http.Handler) {
	r = r.Clone(r.Context())
	r.Header.Del("If-None-Match")
	whole := &recorded{header: http.Header{}, status: http.StatusOK}
	next.ServeHTTP(whole, r)
	maps.Copy(w.Header(), whole.header)
	w.Header().Set("Content-Length", strconv.Itoa(whole.body.Len()))
	w.WriteHeader(whole.status)
	_, _ = w.Write(whole.body.Bytes()[:whole.body.Len()/2]) // it ends in any case
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// recorded is an answer that is held back.
type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *recorded) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *recorded) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter.
func (a *recorded) Write(text []byte) (int, error) { return a.body.Write(text) }
