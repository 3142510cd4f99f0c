package endpoint

import (
	"net/http"
	"strconv"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// maxRetryAfter bounds what a Retry-After header can make us wait.
const maxRetryAfter = time.Hour

// ClassifyStatus says what an HTTP status means: nil for 2xx, else a
// *fault.Error without operation and side. 401 and 403 are [fault.Denied], 404
// is [fault.NotFound], 429 is [fault.RateLimited], all else is
// [fault.Unreachable]: the host was reached, but could not be asked. A
// Retry-After header (RFC 9110, section 10.2.3) is kept, up to an hour.
//
// That a 404 is about what was asked for, not about the path of the API, is for
// the caller to make sure.
func ClassifyStatus(status int, header http.Header) error {
	if status >= 200 && status <= 299 {
		return nil
	}
	kind, hint := kindOfStatus(status)
	text := http.StatusText(status)
	if text != "" {
		text = " " + text
	}
	f := fault.New(kind, "", "", "it answers %d%s", status, text)
	f.Hint = hint
	f.RetryAfter = retryAfter(header)
	return f
}

func kindOfStatus(status int) (kind fault.Kind, hint string) {
	switch status {
	case http.StatusUnauthorized:
		return fault.Denied, "give an account that may read it: docker login, or a robot account in Docker's config.json"
	case http.StatusForbidden:
		return fault.Denied, "give the account the right to read it"
	case http.StatusNotFound:
		return fault.NotFound, ""
	case http.StatusTooManyRequests:
		return fault.RateLimited, ""
	default:
		return fault.Unreachable, ""
	}
}

// retryAfter reads seconds or a date; a date counts from the answer's own, so
// that the two clocks need not agree.
func retryAfter(header http.Header) time.Duration {
	value := header.Get("Retry-After")
	if value == "" {
		return 0
	}
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return clampWait(time.Duration(seconds) * time.Second)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return clampWait(at.Sub(now))
}

func clampWait(d time.Duration) time.Duration { return min(max(d, 0), maxRetryAfter) }
