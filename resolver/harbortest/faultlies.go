package harbortest

import (
	"bytes"
	"maps"
	"net/http"
	"net/url"
	"strconv"
)

// answer is what Harbor said, held back to be changed.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

func record(r *http.Request, next http.Handler) *answer {
	a := &answer{header: http.Header{}, status: http.StatusOK}
	next.ServeHTTP(a, r)
	return a
}

func (a *answer) sendHeader(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
}

func (a *answer) send(w http.ResponseWriter) {
	a.sendHeader(w)
	_, _ = w.Write(a.body.Bytes()) // a client that left is no concern of the stand-in
}

// Truncated sends the first half of the answer as if it were all.
func Truncated() Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		a := record(r, next)
		a.header.Del("Content-Length")
		a.body.Truncate(a.body.Len() / 2)
		a.send(w)
	}
}

// TotalCount claims another X-Total-Count.
func TotalCount(total int64) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		a := record(r, next)
		a.header.Set("X-Total-Count", strconv.FormatInt(total, 10))
		a.send(w)
	}
}

// EndlessPaging gives every page of a list a next page: the first one again.
func EndlessPaging() Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		number, err := strconv.ParseInt(r.URL.Query().Get("page"), 10, 64)
		if err != nil {
			number = 1
		}
		a := record(withPage(r, 1), next)
		size, err := strconv.ParseInt(r.URL.Query().Get("page_size"), 10, 64)
		if err != nil {
			size = defaultPageSize
		}
		a.header.Set("Link", page{size: size}.target(r.URL, number+1, "next"))
		a.send(w)
	}
}

// OtherPage answers with another page of the list than was asked for.
func OtherPage(number int64) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(w, withPage(r, number))
	}
}

// withPage gives a request that asks for another page.
func withPage(r *http.Request, number int64) *http.Request {
	changed := r.Clone(r.Context())
	query := changed.URL.Query()
	query.Set("page", strconv.FormatInt(number, 10))
	changed.URL = &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: query.Encode()}
	return changed
}
