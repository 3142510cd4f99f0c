package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Defaults of [Options].
const (
	DefaultBudget         = 10 * time.Second
	DefaultAttempts       = 3
	DefaultAttemptTimeout = 5 * time.Second
	DefaultMaxStale       = 24 * time.Hour
	DefaultMaxBody        = 64 << 20 // bytes
	DefaultCacheBytes     = 64 << 20
)

// Options adjust a [Client]. The zero value works.
type Options struct {
	// HTTP sends the requests; nil makes one. Its transport is where a client
	// certificate for the gateway goes. Its rule about redirects is replaced: they
	// are followed on the same scheme and host only.
	HTTP *http.Client
	// UserAgent names the consumer, so that operators know whom to ask.
	UserAgent string
	// Budget bounds one call with all its tries; 0 means [DefaultBudget]. The
	// caller's context bounds it as well.
	Budget time.Duration
	// Attempts is how often one call asks at most; 0 means [DefaultAttempts].
	Attempts int
	// AttemptTimeout bounds one try; 0 means [DefaultAttemptTimeout].
	AttemptTimeout time.Duration
	// MaxStale is how old the last good answer may be to be given where the server
	// cannot be asked; 0 means [DefaultMaxStale], less than 0 never.
	MaxStale time.Duration
	// MaxBody bounds a body, once it is decompressed, in bytes; 0 means
	// [DefaultMaxBody].
	MaxBody int64
	// CacheBytes bounds the bodies that are kept; 0 means [DefaultCacheBytes], less
	// than 0 keeps none.
	CacheBytes int64
}

// Client asks one server. It may be used by many at once.
type Client struct {
	base *url.URL
	http *http.Client
	opts Options
	kept *cache

	now  func() time.Time
	wait func(context.Context, time.Duration) bool // false if the context ends first
}

// New makes a client of the server at base, for example
// "https://api.example:30003/builds": the routes begin below it, at /v1. It asks
// nothing yet. An error says what is wrong with base.
func New(base string, opts Options) (*Client, error) {
	address, err := url.Parse(base)
	switch {
	case err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https":
		return nil, fmt.Errorf("client: the base is no URL such as http://127.0.0.1:8080")
	case address.User != nil:
		return nil, fmt.Errorf("client: the base %s holds a user or a password, which a Bayplan server does not ask for", address.Redacted())
	case address.RawQuery != "" || address.Fragment != "":
		return nil, fmt.Errorf("client: the base %s has a query or a fragment", base)
	}
	if address.Path == "" {
		address.Path = "/" // as every request has it
	}
	opts = opts.withDefaults()
	return &Client{
		base: address, http: sameHost(opts.HTTP), opts: opts, kept: newCache(opts.CacheBytes),
		now: time.Now, wait: waitFor,
	}, nil
}

func (o Options) withDefaults() Options {
	if o.HTTP == nil {
		o.HTTP = &http.Client{}
	}
	if o.UserAgent == "" {
		o.UserAgent = "bayplan-client"
	}
	o.Budget = orDefault(o.Budget, DefaultBudget)
	o.Attempts = orDefault(o.Attempts, DefaultAttempts)
	o.AttemptTimeout = orDefault(o.AttemptTimeout, DefaultAttemptTimeout)
	o.MaxBody = orDefault(o.MaxBody, DefaultMaxBody)
	if o.MaxStale == 0 {
		o.MaxStale = DefaultMaxStale
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = DefaultCacheBytes
	}
	return o
}

func orDefault[T int | int64 | time.Duration](value, otherwise T) T {
	if value <= 0 {
		return otherwise
	}
	return value
}

// maxRedirects is how many redirects of one request are followed.
const maxRedirects = 3

// sameHost gives a client that follows redirects on the same host alone: a
// header that names a tool is for that host, and so is what it may answer.
func sameHost(given *http.Client) *http.Client {
	own := *given
	own.CheckRedirect = func(next *http.Request, before []*http.Request) error {
		first := before[0].URL
		if next.URL.Scheme != first.Scheme || next.URL.Host != first.Host {
			return redirectError{to: next.URL.Host}
		}
		if len(before) > maxRedirects {
			return fmt.Errorf("more than %d redirects", maxRedirects)
		}
		return nil
	}
	return &own
}

// redirectError is a redirect that was not followed.
type redirectError struct{ to string }

func (e redirectError) Error() string { return "it redirects to another place, " + e.to }
