package demo

import (
	"sync/atomic"
	"time"
)

// clock is the Harbor's: it is put back while something old is pushed.
type clock struct{ behind atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(-time.Duration(c.behind.Load())) }

// back puts it back by some days; 0 is now.
func (c *clock) back(days int) { c.behind.Store(int64(time.Duration(days) * 24 * time.Hour)) }
