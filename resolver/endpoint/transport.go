package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// transport is the way to one host: rules, then slots, then a deadline, then
// the pool of connections.
type transport struct {
	rules     rules
	pool      *ways
	host, all slots
	timeout   time.Duration
	userAgent []string     // the header
	broken    *fault.Error // set if no request can ever be sent
}

// RoundTrip sends one request; see [Endpoint.Transport].
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	strip, err := t.admit(req)
	if err != nil {
		closeRequest(req)
		return nil, err
	}
	if err := t.take(req.Context()); err != nil {
		closeRequest(req)
		return nil, t.failed(err)
	}
	ctx, cancel := context.WithTimeoutCause(req.Context(), t.timeout, tooSlow(t.timeout))
	d := newLease(ctx, cancel, t.give)
	resp, err := t.pool.now().RoundTrip(t.prepare(ctx, req, strip))
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		d.end()
		t.distrust(err)
		return nil, t.failed(err)
	}
	resp.Request = req // the chain of redirects is walked along it
	if resp.Body == nil || resp.Body == http.NoBody {
		d.end()
		return resp, nil
	}
	resp.Body = &leasedBody{ReadCloser: resp.Body, lease: d, failed: t.failed}
	return resp, nil
}

func (t *transport) admit(req *http.Request) (strip bool, err error) {
	if t.broken != nil {
		return false, t.broken
	}
	if err := t.rules.admitShown(req); err != nil {
		return false, err
	}
	return t.rules.admit(req)
}

// prepare makes the request that is really sent: RoundTrip may not change the
// one it was given.
func (t *transport) prepare(ctx context.Context, req *http.Request, strip bool) *http.Request {
	out := req.WithContext(ctx)
	out.Header = req.Header.Clone()
	if out.Header == nil {
		out.Header = make(http.Header)
	}
	out.Header["User-Agent"] = t.userAgent
	if strip {
		for _, h := range []string{"Authorization", "Cookie", "Proxy-Authorization"} {
			out.Header.Del(h)
		}
	}
	return out
}

// take waits for a slot of this host first, so that those who queue for a slow
// host do not hold the slots of all.
func (t *transport) take(ctx context.Context) error {
	if err := t.host.take(ctx); err != nil {
		return err
	}
	if err := t.all.take(ctx); err != nil {
		t.host.free()
		return err
	}
	return nil
}

func (t *transport) give() {
	t.all.free()
	t.host.free()
}

// distrust closes the connections that wait to be used again, once one had no
// answer in time. Something between here and the host may have forgotten them all,
// without a word; each would cost a request of its own.
func (t *transport) distrust(err error) {
	if errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
		t.pool.closeIdle()
	}
}

// failed says what went wrong, and with which host.
func (t *transport) failed(err error) error {
	f := *asFault(err)
	if f.Side == "" {
		f.Side = t.rules.host
	}
	return &f
}

func (t *transport) closeIdle() { t.pool.closeIdle() }

func closeRequest(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}

// tooSlow is the cause of an attempt's end by its own deadline.
func tooSlow(timeout time.Duration) error {
	return fault.Wrap(fault.Unreachable, "", "", cause{
		text: fmt.Sprintf("no complete answer within %v", timeout),
		err:  context.DeadlineExceeded,
	})
}
