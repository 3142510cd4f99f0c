package server

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

const (
	// maxStreams bounds the streams under way; each costs a few megabytes.
	maxStreams = 32
	// streamChunk is how many bytes are sent at a time.
	streamChunk = 64 << 10
)

// stream is an answer that is made while it is sent, because it is too long to
// be kept. It has no Content-Length.
type stream struct {
	sum   string                    // as contentSum: what the reader learns, whatever the coding
	write func(out io.Writer) error // always the same bytes; the error is out's
}

// summed is a stream whose sum is found by making it once for that alone.
func summed(write func(out io.Writer) error) stream {
	h := sha256.New()
	_ = write(h) // a hash has no errors
	return stream{sum: hex.EncodeToString(h.Sum(nil)[:16]), write: write}
}

// stream sends a stream, or 304 if the request holds it already. What is only
// asked about is not made.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, answer stream) int {
	status, wanted := s.announce(w, r, answer)
	if !wanted {
		return status
	}
	return s.streaming(w, func() int { return s.send(w, r, answer) })
}

// streamSummed is stream for an answer whose sum has to be found first, which
// takes as long as making it.
func (s *Server) streamSummed(w http.ResponseWriter, r *http.Request, write func(io.Writer) error) int {
	return s.streaming(w, func() int {
		answer := summed(write)
		status, wanted := s.announce(w, r, answer)
		if !wanted {
			return status
		}
		return s.send(w, r, answer)
	})
}

// streaming runs f in one of the slots for streams, or turns the request away.
func (s *Server) streaming(w http.ResponseWriter, f func() int) int {
	if !s.streams.begin() {
		clear(w.Header())
		return s.failWith(w, api.CodeOverloaded, "too many read whole lists now; come back, or ask page by page with limit")
	}
	defer s.streams.end()
	return f()
}

// announce sets the headers of a stream, and answers whoever wants no more.
func (s *Server) announce(w http.ResponseWriter, r *http.Request, answer stream) (status int, wanted bool) {
	c := accepted(r)
	tag := `"` + answer.sum + `"`
	if c != identity {
		tag = `"` + answer.sum + "-" + codingNames[c] + `"`
	}
	h := w.Header()
	h["Etag"] = []string{tag}
	h["Cache-Control"] = revalidate
	h["Vary"] = varyEncoding
	if matches(r.Header["If-None-Match"], tag) {
		w.WriteHeader(http.StatusNotModified)
		return http.StatusNotModified, false
	}
	h["Content-Type"] = typeJSON
	if c != identity {
		h["Content-Encoding"] = []string{codingNames[c]}
	}
	return http.StatusOK, r.Method != http.MethodHead
}

// send writes a stream. Whatever goes wrong in the middle cuts the connection: a
// list that broke off must not look like a whole one.
func (s *Server) send(w http.ResponseWriter, r *http.Request, answer stream) int {
	defer s.breakOff(r, "a list broke off")
	chunks := bufio.NewWriterSize(newPatient(w, r), streamChunk)
	if answer.code(accepted(r), chunks) != nil || chunks.Flush() != nil {
		panic(http.ErrAbortHandler) // the client went away
	}
	return http.StatusOK
}

// breakOff is deferred by whoever sends an answer bit by bit: it makes a panic
// cut the connection, and logs it if it is a defect.
func (s *Server) breakOff(r *http.Request, what string) {
	failure := recover()
	if failure == nil {
		return
	}
	if failure != http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
		s.log.ErrorContext(r.Context(), what, "defect", shown(fmt.Sprint(failure)), "stack", string(debug.Stack()))
	}
	panic(http.ErrAbortHandler)
}

// code writes a stream in a coding.
func (a stream) code(c coding, to io.Writer) error {
	if c == identity {
		return a.write(to)
	}
	packed := hasty.writer(c, to, 1<<largestWindow)
	if err := a.write(packed); err != nil {
		return err
	}
	return packed.Close()
}
