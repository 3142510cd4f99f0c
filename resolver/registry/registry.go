// Package registry is a source of live facts: it asks one host over the OCI
// distribution API, through go-containerregistry, whether references are there,
// which digest their tags name now, and which tags a repository has.
//
// It sends HEAD of manifests, GET of tag lists, now and then of the list of
// repositories, GET /v2/ and what it takes to get a token, and nothing else: a GET of a manifest would count as a pull, and
// retention goes by pulls. "Not there" and "could not ask" are different
// answers: what could not be asked is left out of the report.
//
// How the host is reached, and how its failures are told apart, is package
// endpoint's; the words of the answers are package fact's; what the facts mean
// is the join's. It keeps no facts from round to round, only tokens.
package registry

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// Options tune a [Source]. The zero value works.
type Options struct {
	// Timeout bounds a round; 0 means 20 s.
	Timeout time.Duration
	// Concurrency bounds the questions under way; 0 means as many as the
	// endpoint allows requests.
	Concurrency int
	// MaxPages and MaxTags bound the tag list of one repository; 0 means 100
	// pages and 10,000 names. A longer list is not cut: it is left out of the
	// report, and its error is of kind fault.TooLarge.
	MaxPages, MaxTags int
	// Markers reads tags that are markers (package marker) as metadata of their
	// repository; without it they are tags like all others.
	Markers bool
	// Wait waits before a question is asked again, or until ctx ends; nil means
	// a timer. d is already jittered.
	Wait func(ctx context.Context, d time.Duration) error
}

const (
	defaultTimeout  = 20 * time.Second
	defaultMaxPages = 100
	defaultMaxTags  = 10_000
)

// Source asks one host. It is safe for concurrent use, but meant for one round
// at a time.
type Source struct {
	ep       *endpoint.Endpoint
	opts     Options
	registry name.Registry
	invalid  error // set if the address is none for go-containerregistry
	wire     *wire

	mu          sync.Mutex
	session     *session               // nil before the first round and after a failed one
	shown       endpoint.Credential    // that of the last session: connections are of it
	connections map[string]*connection // by repository at the host
}

// New makes the source for the host that ep leads to. It asks nothing yet.
func New(ep *endpoint.Endpoint, opts Options) *Source {
	if opts.Timeout <= 0 {
		opts.Timeout = defaultTimeout
	}
	if opts.Concurrency <= 0 {
		opts.Concurrency = ep.Concurrency()
	}
	if opts.MaxPages <= 0 {
		opts.MaxPages = defaultMaxPages
	}
	if opts.MaxTags <= 0 {
		opts.MaxTags = defaultMaxTags
	}
	if opts.Wait == nil {
		opts.Wait = sleep
	}
	s := &Source{ep: ep, opts: opts, wire: newWire(ep), connections: make(map[string]*connection)}
	nameOpts := []name.Option{name.StrictValidation}
	if ep.PlainHTTP() {
		nameOpts = append(nameOpts, name.Insecure)
	}
	var err error
	if s.registry, err = name.NewRegistry(ep.Address(), nameOpts...); err != nil {
		s.invalid = fault.New(fault.Usage, "", ep.Host(), "the address is none of a registry")
	}
	return s
}

// Name is the host as the catalog names it.
func (s *Source) Name() string { return s.ep.Host() }

// Ask asks about each distinct reference once, and for the tags of each
// distinct repository once. References to other hosts are not asked.
//
// A first round, and one after a round without any answer, asks one cheap thing
// before all else, so that a dead host costs one request a round. Three
// unreachable answers before any good one, or one 429, end the round. Only a
// broken connection, 502, 503 and 504 are asked again, at most twice.
//
// It always returns what it learnt; Report.Err tells why it is not all, and its
// kind is the gravest that was met: fault.RateLimited (with RetryAfter),
// fault.Unreachable, fault.Denied, fault.TooLarge, fault.Usage.
func (s *Source) Ask(ctx context.Context, refs []fact.Reference) fact.Report {
	plan := s.plan(refs)
	if len(plan.questions) == 0 {
		return s.report(plan, nil)
	}
	r, end := s.newRound(ctx, plan)
	defer end()
	if err := r.begin(); err != nil {
		r.giveUp(err)
	} else {
		r.run()
	}
	r.settle()
	return s.report(plan, r.cause())
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// jitter spreads a wait between half and one and a half of d.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d) }
