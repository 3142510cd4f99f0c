package harbortest

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// EndlessTags gives every list of tags in the registry a next page, with a name
// that was not there before. Everything else is answered as usual.
func EndlessTags() Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !isTagList(r) {
			next.ServeHTTP(w, r)
			return
		}
		last, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Query().Get("last"), "t")) // 0 at first
		w.Header().Set("Content-Type", jsonType)
		w.Header().Set("Link", fmt.Sprintf("<%s?last=t%d>; rel=\"next\"", r.URL.EscapedPath(), last+1))
		_, _ = fmt.Fprintf(w, `{"name":"x","tags":["t%d"]}`, last+1)
	}
}

// LoopingTags answers lists of tags as usual, each with itself as its next page.
func LoopingTags() Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		a := record(r, next)
		if isTagList(r) {
			a.header.Set("Link", "<"+r.URL.RequestURI()+">; rel=\"next\"")
		}
		a.send(w)
	}
}

func isTagList(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/v2/") && strings.HasSuffix(r.URL.Path, "/tags/list")
}

// LongHeader answers as usual, with a header of so many bytes besides.
func LongHeader(bytes int) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		w.Header().Set("X-Long", strings.Repeat("x", bytes))
		next.ServeHTTP(w, r)
	}
}

// HeaderAlone sends the header of an answer and nothing of its body, until the
// caller leaves.
func HeaderAlone() Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		a := record(r, next)
		a.header.Del("Content-Length")
		a.sendHeader(w)
		if r.Method == http.MethodHead {
			return // that is all of it
		}
		_ = http.NewResponseController(w).Flush() // a caller that left is seen below
		<-r.Context().Done()
	}
}

// GzipBomb answers 200 with some 260 KB of gzip, as JSON, that inflate to 256 MiB,
// whether the caller takes gzip or not.
func GzipBomb() Fault {
	packed := bomb()
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", jsonType)
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, packed)
	}
}
