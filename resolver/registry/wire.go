package registry

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

const (
	// maxList bounds a page of tags or repositories: 10,000 names of 128 bytes fit, for those
	// registries that answer with everything whatever page size is asked for.
	maxList = 2 << 20
	// maxAnswer bounds every other body: tokens, and errors that are drained.
	maxAnswer = 64 << 10
)

// wire stands between go-containerregistry and the endpoint. It reads every
// body whole and bounded, so that nothing is left open (package remote leaves
// the body of a failed tag list to its fate, and with it a slot), and makes
// errors of package fault from answers that are none of the protocol, while
// their headers are still at hand.
type wire struct {
	host    string // in the catalog, for messages
	address string
	scheme  string
	inner   http.RoundTripper
}

// errScheme answers a ping by the scheme that is not configured: some addresses
// go-containerregistry pings by both. It is no fault, so that of the two errors
// the other one is told.
var errScheme = errors.New("not the configured scheme")

func newWire(ep *endpoint.Endpoint) *wire {
	return &wire{host: ep.Host(), address: ep.Address(), scheme: ep.URL().Scheme, inner: ep.Transport()}
}

// RoundTrip sends a request, and gives an answer only if it is one.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	what := w.subject(req)
	if what == ping && req.URL.Scheme != w.scheme {
		return nil, errScheme
	}
	resp, err := w.inner.RoundTrip(w.rectify(req))
	if err != nil {
		return nil, err
	}
	body, err := w.swallow(resp, what)
	if err != nil {
		return nil, err
	}
	if isRedirect(resp.StatusCode) {
		return resp, nil
	}
	if err := judge(what, resp, body); err != nil {
		f := *asFault(err)
		f.Side, f.Err = w.host, statusError{status: resp.StatusCode, error: f.Err}
		return nil, &f
	}
	if what == tagList || what == catalog {
		resp.Request = req // links to the next page are compared with it
	}
	return resp, nil
}

// rectify sends over https what go-containerregistry would send over http,
// because it takes loopback and private addresses for registries without TLS.
func (w *wire) rectify(req *http.Request) *http.Request {
	if req.URL.Host != w.address || req.URL.Scheme == w.scheme || w.scheme != "https" {
		return req
	}
	out := req.WithContext(req.Context())
	u := *req.URL
	u.Scheme = w.scheme
	out.URL = &u
	return out
}

// swallow reads the body of a good answer and puts it back from memory. Of any
// other answer it only drains what is needed to use the connection again.
func (w *wire) swallow(resp *http.Response, what subject) ([]byte, error) {
	defer resp.Body.Close()
	limit := int64(maxAnswer)
	if what == tagList || what == catalog {
		limit = maxList
	}
	if resp.StatusCode != http.StatusOK {
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
		resp.Body = http.NoBody
		return nil, nil
	}
	body, err := io.ReadAll(endpoint.Bound(resp.Body, limit))
	if err != nil {
		f := *asFault(endpoint.Classify(err))
		f.Side = w.host
		return nil, &f
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// subject is what a request is about.
type subject int

const (
	token subject = iota // anything that is not one of the others
	ping
	manifest
	tagList
	catalog // the list of all repositories
)

func (w *wire) subject(req *http.Request) subject {
	// A redirected request is still about what was asked for first.
	for req.Response != nil && req.Response.Request != nil {
		req = req.Response.Request
	}
	path := req.URL.Path
	switch {
	case req.URL.Host != w.address:
		return token
	case path == "/v2/":
		return ping
	case req.Method == http.MethodHead && strings.Contains(path, "/manifests/"):
		return manifest
	case path == "/v2/_catalog":
		return catalog
	case strings.HasPrefix(path, "/v2/") && strings.HasSuffix(path, "/tags/list"):
		return tagList
	}
	return token
}

// asFault gives the fault that an error is.
func asFault(err error) *fault.Error {
	f, ok := errors.AsType[*fault.Error](endpoint.Classify(err))
	if !ok {
		return &fault.Error{Kind: fault.Unreachable, Err: err}
	}
	return f
}
