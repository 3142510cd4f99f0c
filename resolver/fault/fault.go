// Package fault is the one list of the kinds of error that Bayplan knows.
//
// Whoever meets a failure says which kind it is, which operation failed and on
// whose side; whoever answers a user turns the kind into an HTTP status or an
// exit code. "Not there" ([NotFound]) and "could not ask" ([Unreachable],
// [Denied], [RateLimited]) are different kinds all the way to the endpoint.
//
// The package imports nothing of Bayplan, so every room may use it.
package fault

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Kind is one kind of failure. The zero value is [Internal].
type Kind int

const (
	// Internal is a defect of Bayplan itself, or an error nobody classified.
	Internal Kind = iota
	// NotFound means that the other side answered, and that it is not there.
	NotFound
	// Unreachable means that nobody could be asked: refused, DNS, TLS, a
	// time-out, a 5xx, or an answer that is not of the protocol.
	Unreachable
	// Denied means that the other side does not let us ask (401, 403).
	Denied
	// RateLimited means that the other side asks us to come back later (429).
	RateLimited
	// Invalid means that what was read does not follow its own rules.
	Invalid
	// TooLarge means that a bound on bytes, entries or pages was met.
	TooLarge
	// Tampered means that content is not what its digest, its signature or its
	// earlier publication said.
	Tampered
	// Conflict means that a write was refused because something else is there.
	Conflict
	// Unsupported means a format that is newer than this build.
	Unsupported
	// Refused means that content was understood and turned down by policy, for
	// example an older version where versions only grow.
	Refused
	// Usage means that the caller's input is at fault.
	Usage
)

var names = [...]string{
	Internal: "internal", NotFound: "not_found", Unreachable: "unreachable",
	Denied: "denied", RateLimited: "rate_limited", Invalid: "invalid",
	TooLarge: "too_large", Tampered: "tampered", Conflict: "conflict",
	Unsupported: "unsupported", Refused: "refused", Usage: "usage",
}

// String gives the kind as a word for metrics, logs and JSON, for example
// "not_found".
func (k Kind) String() string {
	if k < 0 || int(k) >= len(names) {
		return names[Internal]
	}
	return names[k]
}

// Error is a failure with its kind and place. Its message reads
// "operation: side: cause"; empty parts are left out.
type Error struct {
	Kind Kind
	// Op is what was being done, in words a user knows: "pull chart".
	Op string
	// Side is whom it was done to: a host, a file, a reference. Never a secret.
	Side string
	// Hint is what the reader can do about it; may be empty. It is not part of
	// the message: commands and the server show it apart.
	Hint string
	// RetryAfter is how long the other side asked us to wait; zero if it did not.
	RetryAfter time.Duration
	// Err is the cause.
	Err error
}

// New makes an error of a kind with a plain message as its cause.
func New(kind Kind, op, side, format string, args ...any) *Error {
	return &Error{Kind: kind, Op: op, Side: side, Err: fmt.Errorf(format, args...)}
}

// Wrap gives err a kind, an operation and a side. A nil err gives nil.
func Wrap(kind Kind, op, side string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: kind, Op: op, Side: side, Err: err}
}

// WithHint sets the advice and returns the error, for use in a return.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

func (e *Error) Error() string {
	s := ""
	for _, part := range []string{e.Op, e.Side} {
		if part != "" {
			s += part + ": "
		}
	}
	if e.Err == nil {
		return s + e.Kind.String()
	}
	return s + e.Err.Error()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is makes errors.Is(err, fault.NotFound.Err()) hold for errors of that kind.
func (e *Error) Is(target error) bool {
	k, ok := target.(kindError)
	return ok && Kind(k) == e.Kind
}

type kindError Kind

func (k kindError) Error() string { return Kind(k).String() }

// Err gives the kind as a target for errors.Is.
func (k Kind) Err() error { return kindError(k) }

// KindOf tells the kind of the outermost [Error] in err's chain. Where there is
// none, a target made by [Kind.Err] has its kind, and a context's deadline
// counts as [Unreachable]; anything unclassified, nil among it, is [Internal].
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	if k, ok := errors.AsType[kindError](err); ok {
		return Kind(k)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Unreachable
	}
	return Internal
}

// Is tells whether err is of kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }
