package client

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// What an error is, for errors.Is.
var (
	// ErrNotThere is the server's word that no image has the name, or that the
	// catalog removed it.
	ErrNotThere = errors.New("there is no such image")
	// ErrCouldNotAsk means that nobody knows: the server did not answer, answered
	// that it cannot, or what answered is no Bayplan server.
	ErrCouldNotAsk = errors.New("the server could not be asked")
)

// Error is an answer of the server that says no, with its code, suggestions and
// tombstone. It matches [ErrNotThere] if an image is what is missing.
type Error struct {
	// Status is HTTP's.
	Status int
	// Body is what the server said. A code that is not known goes by the status.
	Body api.Error
}

// Error gives the server's sentences.
func (e *Error) Error() string {
	if len(e.Body.Error) == 0 {
		return fmt.Sprintf("the server answers %d (%s)", e.Status, e.Body.Code)
	}
	return strings.Join(e.Body.Error, "; ")
}

// Is tells errors.Is what kind of error it is.
func (e *Error) Is(target error) bool {
	return target == ErrNotThere && (e.Body.Code == api.CodeImageNotFound || e.Body.Code == api.CodeImageRemoved)
}

// AskError says that the server could not be asked. It matches [ErrCouldNotAsk]
// and what Err matches; where the server itself said that it cannot answer now,
// that is an [*Error].
type AskError struct {
	// Host is the server's.
	Host string
	// Attempts is how often it was asked.
	Attempts int
	// RetryAfter is how long the server asked to be left alone; 0 if it did not say.
	RetryAfter time.Duration
	// Err is why the last try failed.
	Err error

	final bool // the next try would end in the same way
}

// Error says who could not be asked, and why.
func (e *AskError) Error() string {
	text := fmt.Sprintf("%s could not be asked: %s", e.Host, e.Err)
	if e.Attempts > 1 {
		text += fmt.Sprintf(" (%d tries)", e.Attempts)
	}
	return text
}

// Is tells errors.Is what kind of error it is.
func (e *AskError) Is(target error) bool { return target == ErrCouldNotAsk }

// Unwrap gives the reason.
func (e *AskError) Unwrap() error { return e.Err }

// strangeError is an answer that no Bayplan server gives.
type strangeError struct {
	status int
	what   string
}

func (e strangeError) Error() string {
	return fmt.Sprintf("it answers %d %s, and %s: this is no Bayplan server", e.status, http.StatusText(e.status), e.what)
}

// tooLargeError is an answer that was not read to its end.
type tooLargeError struct{ most int64 }

func (e tooLargeError) Error() string {
	return fmt.Sprintf("its answer has more than %d bytes", e.most)
}
