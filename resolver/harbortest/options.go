package harbortest

import "time"

// Options say what kind of Harbor it is. The zero value is the recorded one:
// version 2.15.2, core itself without nginx, the real clock.
type Options struct {
	// Version is what systeminfo tells those who are logged in; "v2.15.2" if empty.
	Version string
	// AdminPassword is that of the user "admin"; "Harbor12345", Harbor's own
	// default, if empty.
	AdminPassword string
	// Host is what webhooks name the registry; the Host header of the request
	// that caused the event if empty.
	Host string
	// Nginx answers as behind Harbor's own nginx: an escaped slash counts as a
	// slash, so that only %252F works in repository names, and its headers show.
	Nginx bool
	// NoProjectArtifacts leaves out GET /projects/{p}/artifacts, which Harbor has
	// since 2.12.
	NoProjectArtifacts bool
	// PushesKeepUpdateTime is for older Harbors: the update_time of a repository
	// follows pulls and descriptions, but not pushes, tags and deletions.
	PushesKeepUpdateTime bool
	// MaxPageSize is the largest page_size that is not 422; 100 if zero.
	MaxPageSize int64
	// CommitDelay is how long a write takes from its stamp until it can be seen,
	// as a transaction does (44 to 120 ms were recorded). A push over HTTP is
	// answered after it; a change made in Go returns at once. Zero is at once.
	CommitDelay time.Duration
	// PullFlush is how long pulls wait until they show in pull_count, pull_time and
	// update_time; Harbor's 10 s if zero. Negative: only [Harbor.FlushPulls] does it.
	PullFlush time.Duration
	// WebhookDelay is how long an event waits before its first delivery; at once if zero.
	WebhookDelay time.Duration
	// WebhookRetries are the waits before a refused delivery is tried again. Nil
	// is Harbor's default of 30 s and 40 s; an empty list means one try.
	WebhookRetries []time.Duration
	// Now is the clock; [time.Now] if nil.
	Now func() time.Time
	// LogLimit bounds the requests that are kept; 200,000 if zero. Counts go on.
	LogLimit int
}

func (o Options) withDefaults() Options {
	if o.Version == "" {
		o.Version = "v2.15.2"
	}
	if o.AdminPassword == "" {
		o.AdminPassword = "Harbor12345"
	}
	if o.MaxPageSize == 0 {
		o.MaxPageSize = 100
	}
	if o.PullFlush == 0 {
		o.PullFlush = 10 * time.Second
	}
	if o.WebhookRetries == nil {
		o.WebhookRetries = []time.Duration{30 * time.Second, 40 * time.Second}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.LogLimit == 0 {
		o.LogLimit = 200_000
	}
	return o
}
