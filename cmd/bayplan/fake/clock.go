package fake

import (
	"sync/atomic"
	"time"
)

// created is when the first image of a repository was pushed; each further one
// is a minute younger.
var created = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// clock is the Harbor's, which stands still while images are pushed that are to
// have the same time in each run.
type clock struct{ stopped atomic.Pointer[time.Time] }

func (c *clock) now() time.Time {
	if at := c.stopped.Load(); at != nil {
		return *at
	}
	return time.Now()
}

func (c *clock) stop(at time.Time) { c.stopped.Store(&at) }
func (c *clock) goOn()             { c.stopped.Store(nil) }
