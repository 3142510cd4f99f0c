package harbortest

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// Content types as recorded: what the API's generated part writes has no
// charset, everything else has.
const (
	jsonType        = "application/json"
	jsonCharsetType = "application/json; charset=utf-8"
)

// writeJSON answers 200 with body and a newline, as the API does.
func writeJSON(w http.ResponseWriter, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(append(body, '\n')) // a client that left is no concern of the stand-in
}

// writeList answers with one page of a list.
func writeList(w http.ResponseWriter, r *http.Request, p page, rows []byte, total int64) {
	w.Header().Set("X-Total-Count", strconv.FormatInt(total, 10))
	if link := p.link(r.URL, total); link != "" {
		w.Header().Set("Link", link)
	}
	writeJSON(w, jsonType, rows)
}

// wait sleeps for d unless ctx ends; it tells whether it slept to the end.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// finish answers with an object or with what went wrong.
func finish(w http.ResponseWriter, b jsonBuf, problem *apiError) {
	if problem != nil {
		problem.write(w)
		return
	}
	writeJSON(w, jsonType, b.b)
}

// bodyLimit bounds what a caller may send to the API.
const bodyLimit = 1 << 20

func readBody(w http.ResponseWriter, c *call, into any) bool {
	if err := json.NewDecoder(http.MaxBytesReader(w, c.Body, bodyLimit)).Decode(into); err != nil {
		unprocessable("body in body must be valid JSON").write(w)
		return false
	}
	return true
}
