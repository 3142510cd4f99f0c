package harbor

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
)

// PageSize is how many rows a page has, always: the most that Harbor gives.
// 101 is answered 422; 0 and -1 mean "all rows", the latter with an endless
// next link (recordings *.page_size-*, Harbor 2.15.2).
const PageSize = 100

// Options tune a [Client]. The zero value works.
type Options struct {
	// RobotPrefix is how the names of robot accounts begin, as Harbor's
	// administrators set it; "" means Harbor's default, "robot$". systeminfo
	// does not tell it. It only decides [Identity.Kind].
	RobotPrefix string
	// Timeout bounds one call with all its retries, and of a list the first page;
	// 0 means 2 min. (The endpoint bounds each request.)
	Timeout time.Duration
	// PageTime is what a list has beyond Timeout for each page that its first one
	// says there are; 0 means 100 ms.
	PageTime time.Duration
	// MaxPages bounds the pages of one list; 0 means 20,000, which is 2,000,000
	// rows. A longer list is not cut: it is an error of kind fault.TooLarge.
	MaxPages int
	// MaxBytes bounds what one call reads, all its pages together; 0 means 1 GiB,
	// of which little is kept: a row of a repository is 223 bytes (recorded). More
	// is an error of kind fault.TooLarge. (The endpoint bounds each answer.)
	MaxBytes int64
	// Parallel is how many pages of one list are asked for at a time; 0 means 8.
	Parallel int
	// Untagged lists artifacts without a tag too.
	Untagged bool
	// WithLabels asks for the labels that people put on artifacts in Harbor.
	WithLabels bool
	// WithSignatures asks for accessories, which tell whether an artifact is
	// signed.
	WithSignatures bool
	// WithVulnerabilities asks for the summary of the last scan.
	WithVulnerabilities bool
	// Wait waits before a request is sent again, or until ctx ends; nil means a
	// timer. d is already jittered.
	Wait func(ctx context.Context, d time.Duration) error
}

const (
	defaultRobotPrefix = "robot$"
	defaultTimeout     = 2 * time.Minute
	defaultPageTime    = 100 * time.Millisecond
	defaultMaxPages    = 20_000
	defaultMaxBytes    = 1 << 30
	defaultParallel    = 8
)

func (o Options) withDefaults() Options {
	if o.RobotPrefix == "" {
		o.RobotPrefix = defaultRobotPrefix
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.PageTime <= 0 {
		o.PageTime = defaultPageTime
	}
	if o.MaxPages <= 0 {
		o.MaxPages = defaultMaxPages
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.Parallel <= 0 {
		o.Parallel = defaultParallel
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	return o
}

// Client asks one Harbor. It is safe for concurrent use. It keeps Harbor's
// session cookie and whether the credential is proved, and nothing else.
//
// Errors of all calls are *fault.Error. fault.Unreachable: nobody could be
// asked, or what answered is not Harbor. fault.Denied: the credential is not
// believed, or Harbor does not let it ask. fault.RateLimited: Harbor asks to
// come back later. fault.TooLarge: a bound was met. fault.Internal: Harbor
// refused the question itself (400, 422), which is a defect here. fault.Usage:
// a name that Harbor cannot have was asked for; it was not sent.
type Client struct {
	ep       *endpoint.Endpoint
	rt       http.RoundTripper
	opts     Options
	session  atomic.Pointer[session]
	decoders sync.Pool // of *reader; what they hold is dropped between pages
	// artifactQuery is that of all questions about artifacts.
	artifactQuery string
}

// New makes a client of the Harbor at ep, whose API is at the root of its host:
// a path in the endpoint's URL is for references, not for the API. Nothing is
// sent yet.
func New(ep *endpoint.Endpoint, opts Options) *Client {
	return &Client{ep: ep, rt: ep.Bounded(), opts: opts.withDefaults(), artifactQuery: opts.artifactQuery()}
}

// call bounds one call by time, but for the pages of a list behind the first.
func (c *Client) call(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.opts.Timeout)
}

// wait is the Wait of options without one.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// jitter spreads those who failed together: half to one and a half times d.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d) }
