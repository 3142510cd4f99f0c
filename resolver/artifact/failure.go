package artifact

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// classify gives an attempt's error its kind and place, and tells whether asking
// again may help.
func classify(ctx context.Context, on target, err error, n *note) (failure *fault.Error, again bool) {
	if own, ok := errors.AsType[*fault.Error](err); ok {
		return placed(own, on), ctx.Err() == nil && broken(own)
	}
	failure = &fault.Error{Kind: fault.Unreachable, Op: on.op, Side: on.side}
	if answer, ok := errors.AsType[*errcode.ErrorResponse](err); ok {
		return status(failure, on, answer, n)
	}
	switch {
	case ctx.Err() != nil:
		failure.Err = context.Cause(ctx)
	case errors.Is(err, errdef.ErrNotFound):
		failure.Kind = fault.NotFound
		failure.Err = errors.New("the registry does not have it")
		failure.Hint = lookAround(on)
	case errors.Is(err, errdef.ErrTooManyPages):
		failure.Kind = fault.TooLarge
		failure.Err = redact(err)
	case errors.Is(err, auth.ErrBasicCredentialNotFound):
		failure.Kind = fault.Denied
		failure.Err = errors.New("the registry asks for a password and none is known")
		failure.Hint = signIn(on)
	case mismatched(err):
		failure.Kind = fault.Tampered
		failure.Err = redact(err)
	case n.status == http.StatusUnauthorized:
		failure.Kind = fault.Denied
		failure.Err = redact(err)
		failure.Hint = signIn(on)
	default:
		failure.Err = fmt.Errorf("it answered %d, but not as a registry does: %w", n.status, redact(err))
		return failure, errors.Is(err, io.ErrUnexpectedEOF)
	}
	return failure, false
}

// placed gives an error of our own its place, if it has none, without changing
// the original.
func placed(own *fault.Error, on target) *fault.Error {
	e := *own
	if e.Op == "" {
		e.Op, e.Side = on.op, on.side
	}
	if e.Hint == "" && e.Kind == fault.Denied {
		e.Hint = signIn(on)
	}
	return &e
}

// broken tells a connection that failed from a request that package endpoint
// refused to send, and from everything that would fail again in the same way.
func broken(own *fault.Error) bool {
	if own.Kind != fault.Unreachable {
		return false
	}
	if errors.Is(own.Err, io.EOF) || errors.Is(own.Err, io.ErrUnexpectedEOF) {
		return true
	}
	_, ok := errors.AsType[net.Error](own.Err)
	return ok
}

// status classifies an answer that is an error.
func status(failure *fault.Error, on target, answer *errcode.ErrorResponse, n *note) (*fault.Error, bool) {
	if known, ok := errors.AsType[*fault.Error](endpoint.ClassifyStatus(answer.StatusCode, n.header)); ok {
		failure.Kind, failure.RetryAfter = known.Kind, known.RetryAfter
	}
	failure.Err = statusError(answer)
	if isFull(answer) {
		failure.Hint = "there is no room: raise the quota, delete what nobody uses, or ask whoever runs the registry"
		return failure, false
	}
	switch answer.StatusCode {
	case http.StatusNotFound:
		failure.Hint = lookAround(on)
	case http.StatusMethodNotAllowed:
		// How distribution answers writes while it is in maintenance.
		failure.Hint = "the registry takes nothing now, as in maintenance: try again later, or ask whoever runs it"
	case http.StatusUnauthorized, http.StatusForbidden:
		failure.Hint = signIn(on)
	case http.StatusPreconditionFailed:
		// How Harbor answers where a rule makes tags immutable.
		failure.Kind = fault.Conflict
		failure.Hint = "the registry keeps this tag as it is: bump the version"
	case http.StatusRequestEntityTooLarge:
		failure.Kind = fault.TooLarge
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return failure, true
	}
	return failure, false
}

// isFull tells a registry without room from one that wants somebody else to sign
// in: Harbor answers 403 where a quota is reached.
func isFull(answer *errcode.ErrorResponse) bool {
	if answer.StatusCode == http.StatusInsufficientStorage {
		return true
	}
	return answer.StatusCode == http.StatusForbidden && len(answer.Errors) > 0 &&
		strings.Contains(answer.Errors[0].Message, "exceed the configured upper limit")
}

// statusError writes an error answer without its URL, which after a redirect may
// hold a signature.
func statusError(answer *errcode.ErrorResponse) error {
	text := http.StatusText(answer.StatusCode)
	if len(answer.Errors) > 0 {
		text = clip(answer.Errors[0].Code + ": " + answer.Errors[0].Message)
	}
	if answer.StatusCode < http.StatusBadRequest {
		return fmt.Errorf("it answered %d %s, but not as a registry does", answer.StatusCode, text)
	}
	return fmt.Errorf("the registry answered %d %s", answer.StatusCode, text)
}

// mismatched tells whether ORAS refused an answer because its digest header, its
// length or its content is not what was asked for. ORAS has no type for that.
func mismatched(err error) bool {
	return strings.Contains(err.Error(), "digest mismatch") || strings.Contains(err.Error(), "mismatch Content-Length")
}

func lookAround(on target) string {
	return fmt.Sprintf("check path and version; `oras repo tags %s` lists what is there", strings.TrimPrefix(on.repository(), "oci://"))
}

func signIn(on target) string {
	return fmt.Sprintf("sign in with `docker login %s` as somebody who may use %s; registries also answer so where there is no such project",
		on.host, on.repository())
}

// repository is the side without its version.
func (on target) repository() string {
	ref, err := ParseReference(on.side)
	if err != nil {
		return on.side
	}
	return ref.Repository().String()
}
