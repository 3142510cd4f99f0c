package registry

import (
	"errors"
	"io"
	"net/http"
	"syscall"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// backoff is how long to wait, about, before each further attempt. It is short
// because a round is: what does not heal in this time is asked again next round.
var backoff = [...]time.Duration{50 * time.Millisecond, 200 * time.Millisecond}

// persist tries until it works or there is no point, and says what went wrong
// in the words of package fault.
func (r *round) persist(try func() error) error {
	err := try()
	for _, d := range backoff {
		if err == nil || !transient(err) || r.ctx.Err() != nil {
			break
		}
		if r.opts.Wait(r.ctx, jitter(d)) != nil {
			break
		}
		err = try()
	}
	return endpoint.Classify(err)
}

// transient tells whether asking again at once may help: the host was there
// and something between it and us was not.
func transient(err error) bool {
	if s, ok := errors.AsType[statusError](err); ok {
		if f, ok := errors.AsType[*fault.Error](err); ok && f.RetryAfter > 0 {
			return false
		}
		switch s.status {
		case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return false
	}
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// statusError keeps the HTTP status that a fault came from, as its cause.
type statusError struct {
	status int
	error
}

func (e statusError) Unwrap() error { return e.error }

// unauthorized tells whether err is an answer 401.
func unauthorized(err error) bool {
	s, ok := errors.AsType[statusError](err)
	return ok && s.status == http.StatusUnauthorized
}
