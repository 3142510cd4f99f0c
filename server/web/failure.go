package web

import "time"

// Failure is the page in place of one that cannot be had.
type Failure struct {
	Frame
	// Status is the answer's HTTP status.
	Status int
	// Text says what happened, in sentences.
	Text []string
	// Suggestions are names of images that may have been meant.
	Suggestions []string
	// Tombstone is what is left of a removed image; nil for other failures.
	Tombstone *Tombstone
	// RetryAfter is when to try again; 0 where it does not help.
	RetryAfter time.Duration
}

// Tombstone is what is left of a removed image.
type Tombstone struct {
	ShortName, Date, Reason, ReplacedBy string
}

// Template implements [Page].
func (*Failure) Template() string { return "failure" }

// RetrySeconds is RetryAfter for the script, as the header Retry-After has it.
func (f *Failure) RetrySeconds() int { return int((f.RetryAfter + time.Second - 1) / time.Second) }
