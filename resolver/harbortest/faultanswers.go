package harbortest

import (
	"io"
	"net/http"
	"strconv"
	"time"
)

// Status answers with a status and Harbor's form of an error.
func Status(status int) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		e := apiError{status: status, code: "UNKNOWN", message: "internal server error"}
		switch status {
		case http.StatusUnauthorized:
			e.code, e.message = "UNAUTHORIZED", "unauthorized"
		case http.StatusForbidden:
			e.code, e.message = "FORBIDDEN", "forbidden"
		case http.StatusNotFound:
			e.code, e.message = "NOT_FOUND", "not found"
		case http.StatusTooManyRequests:
			e.code, e.message = "TOOMANYREQUESTS", "too many requests"
		}
		e.write(w)
	}
}

// RetryAfter answers with a status and the wish to be asked again in so many
// seconds.
func RetryAfter(status, seconds int) Fault {
	inner := Status(status)
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		inner(w, r, next)
	}
}

// HTML answers with a status and the page of a proxy in between; with 200 it is
// what a captive portal does.
func HTML(status int) Fault {
	return Body(status, "text/html", badGatewayPage)
}

// Body answers with a status, a content type and a body.
func Body(status int, contentType, body string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// NullList answers a list with null.
func NullList() Fault { return Body(http.StatusOK, jsonType, "null\n") }

// Redirect answers with 302 to another place.
func Redirect(to string) Fault {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		http.Redirect(w, r, to, http.StatusFound)
	}
}

// EndlessBody answers 200 with JSON that never ends, until the caller leaves.
func EndlessBody() Fault {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", jsonType)
		_, err := io.WriteString(w, `[{"name":"tool-x/y"}`)
		for err == nil && r.Context().Err() == nil {
			_, err = io.WriteString(w, `,{"name":"tool-x/y"}`)
		}
	}
}

// SlowDrip sends the answer a byte at a time, with a pause after each.
func SlowDrip(pause time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		a := record(r, next)
		a.sendHeader(w)
		flush := http.NewResponseController(w)
		for i := range a.body.Len() {
			if _, err := w.Write(a.body.Bytes()[i : i+1]); err != nil {
				return
			}
			if flush.Flush() != nil || !wait(r.Context(), pause) {
				return
			}
		}
	}
}
