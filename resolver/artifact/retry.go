package artifact

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

const (
	// maxRetryAfter is the longest pause that a registry may ask of us; a longer
	// one ends the operation, and the error passes the wish on to the caller.
	maxRetryAfter = 30 * time.Second
	maxBackoff    = 5 * time.Second
)

// target is whom an operation asks, for its errors.
type target struct {
	op   string // "pull chart"
	side string // the reference
	host string // for hints: whom to sign in to
}

// try runs one request, body included, again while the registry is busy (429,
// 502, 503, 504) or the connection breaks. ORAS has no deadline of its own, its
// retrying transport waits as long as a server says, and it cannot see a body
// that breaks off; so that transport is not used. The error is a *fault.Error.
func (c *Client) try(ctx context.Context, on target, do func(context.Context) error) error {
	for attempt := 1; ; attempt++ {
		var n note
		err := do(withNote(ctx, &n))
		if err == nil {
			return nil
		}
		failure, again := classify(ctx, on, err, &n)
		if failure.Kind == fault.Denied || n.status == http.StatusBadRequest || n.status == http.StatusRequestHeaderFieldsTooLarge {
			c.forget(on.host) // perhaps it is the token that is no good
		}
		if !again || attempt >= c.opts.Attempts {
			return failure
		}
		pause := c.pause(attempt, failure.RetryAfter)
		if pause > maxRetryAfter || !fits(ctx, pause) || c.opts.Wait(ctx, pause) != nil {
			return failure
		}
	}
}

// pause is how long to wait after the given attempt: what the registry asks, or
// an exponential pause, of which half is random so that many clients spread out.
func (c *Client) pause(attempt int, asked time.Duration) time.Duration {
	if asked > 0 {
		return asked
	}
	d := c.opts.Backoff
	for range attempt - 1 {
		d = min(2*d, maxBackoff)
	}
	d = min(d, maxBackoff)
	return d/2 + rand.N(d/2+1)
}

// fits tells whether the deadline leaves time for a pause.
func fits(ctx context.Context, d time.Duration) bool {
	deadline, bounded := ctx.Deadline()
	return !bounded || time.Until(deadline) > d
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
