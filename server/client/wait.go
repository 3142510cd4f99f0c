package client

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The first pause between two tries, which then doubles, and the longest.
const (
	firstPause = 200 * time.Millisecond
	mostPause  = 5 * time.Second
)

// backoff gives the pause after a try, counted from 1: half of it is by chance,
// so that those who failed together do not come back together.
func backoff(try int) time.Duration {
	d := mostPause
	if try < 10 { // beyond that it would overflow in the end
		d = min(mostPause, firstPause<<(try-1))
	}
	return d/2 + rand.N(d/2+1) //nolint:gosec // chance is all that is wanted
}

// waitFor waits, and tells whether it was for as long as that.
func waitFor(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// retryAfter reads the header of that name, in seconds or as a date; 0 if it is
// not there or in the past.
func retryAfter(header http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(header.Get("Retry-After"))
	if n, err := strconv.Atoi(text); err == nil {
		return time.Duration(min(max(n, 0), 24*60*60)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
