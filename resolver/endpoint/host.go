package endpoint

import (
	"context"
	"net/http"
	"net/url"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// Endpoint is how one host is reached. It is safe for concurrent use, and
// shared by all who ask a [Directory] for the same host.
type Endpoint struct {
	route
	credentials CredentialFunc
	renewals    func() uint64 // nil means never
	maxBody     int64
	transport   *transport
}

// Host is the name in the catalog.
func (e *Endpoint) Host() string { return e.host }

// Address is the host, with its port if it is not the scheme's own, where
// requests really go. Credentials are looked up by it.
func (e *Endpoint) Address() string { return e.base.Host }

// Kind tells which API the host offers for live facts.
func (e *Endpoint) Kind() Kind { return e.kind }

// Markers tells whether tags on this host may be metadata of their repository.
func (e *Endpoint) Markers() bool { return e.markers }

// PlainHTTP tells whether the host is reached without TLS.
func (e *Endpoint) PlainHTTP() bool { return e.base.Scheme == "http" }

// Concurrency is how many requests may be under way to this host.
func (e *Endpoint) Concurrency() int { return e.concurrency }

// URL is a copy of the base URL: scheme and address, without a path.
func (e *Endpoint) URL() *url.URL {
	u := *e.base
	return &u
}

// Repository gives the name at the real host for a repository as the catalog
// writes it: the path of the rewrite before it, if there is one.
func (e *Endpoint) Repository(path string) string { return e.repository(path) }

// Renewals counts how often credentials were replaced. Who keeps one looks it up again
// once the number is another, though it may still be accepted.
func (e *Endpoint) Renewals() uint64 {
	if e.renewals == nil {
		return 0
	}
	return e.renewals()
}

// Credential looks up what this host is shown. It may run a credential helper:
// keep the answer as long as it is accepted and [Endpoint.Renewals] stays the same.
// Its errors are *fault.Error.
func (e *Endpoint) Credential(ctx context.Context) (Credential, error) {
	find := e.credentials
	if find == nil {
		find = anonymous
	}
	c, err := find(ctx, e.Address())
	if err != nil {
		return Credential{}, &fault.Error{
			Kind: fault.KindOf(err), Op: "look up credentials", Side: e.host, Err: err, Hint: fault.HintOf(err),
		}
	}
	return c, nil
}

// Transport sends requests to this host and nowhere else: to its address, to
// the configured auth hosts, and along redirects that stay on the host or lead
// to a configured redirect host. Any other request is refused before it is
// sent. A redirect to another host loses its credentials.
//
// A request takes one of the host's slots and one of all hosts' together, and
// keeps them until its answer's body is read to the end or closed, or its time
// is up; whoever holds a body open must not wait for another answer. Nothing is
// retried.
//
// Errors are *fault.Error: what [Classify] makes of a failure.
func (e *Endpoint) Transport() http.RoundTripper { return e.transport }

// Bounded is [Endpoint.Transport] with every answer's body cut at
// [Options.MaxBody]: reading further gives an error of kind [fault.TooLarge].
// All but blobs should be read through it.
func (e *Endpoint) Bounded() http.RoundTripper {
	return bounded{inner: e.transport, max: e.maxBody, side: e.host}
}
