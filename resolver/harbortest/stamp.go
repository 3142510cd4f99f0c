package harbortest

import "time"

// stamp is a time as Harbor prints it: milliseconds since 1970, UTC. Zero is
// "never", which Harbor prints as year one.
type stamp int64

// layout is how every time in the API looks.
const layout = "2006-01-02T15:04:05.000Z"

func (s stamp) time() time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(s)).UTC()
}

func stampOf(t time.Time) stamp { return stamp(t.UnixMilli()) }

// stamp reads the clock.
func (h *Harbor) stamp() stamp { return stampOf(h.opts.Now()) }

// seconds is how events count time.
func (s stamp) seconds() int64 { return int64(s) / 1000 }
