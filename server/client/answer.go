package client

import "time"

// Answer is what a server said, now or when it last could be asked.
type Answer[T any] struct {
	// Body is decoded anew for each call: it is the caller's.
	Body T
	// Raw is the body as it was sent, once for all who hold it: do not change it.
	Raw []byte
	// ConfirmedAt is when the server last said that this is how it is.
	ConfirmedAt time.Time
	// Age is the time since then: 0 for an answer of now.
	Age time.Duration
	// Failure is why the server could not be asked now, an [*AskError]; nil for an
	// answer of now. What the server's own sources last said is another thing: see
	// the records' Stale and the messages.
	Failure error
}

// Stale tells whether this is an older answer because the server cannot be asked
// now.
func (a *Answer[T]) Stale() bool { return a.Failure != nil }
