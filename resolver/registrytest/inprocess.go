package registrytest

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

// Request is one line of a [Server]'s log.
type Request struct {
	Method string
	Path   string // with its query
	Status int
}

// Hook sees each request before the registry does. If it answers, it gives true
// and the registry stays out; it may also change the request, or call next and
// spoil the answer.
type Hook func(w http.ResponseWriter, r *http.Request, next http.Handler) (answered bool)

// Server is a registry in memory, on loopback, without TLS.
type Server struct {
	// URL is its address with the scheme, "http://127.0.0.1:1234".
	URL string
	// Host is its address, "127.0.0.1:1234".
	Host string

	inner http.Handler

	mu    sync.Mutex
	log   []Request
	hook  Hook
	delay time.Duration
}

// InProcess starts a registry (go-containerregistry's) that ends with the test.
func InProcess(t testing.TB) *Server {
	t.Helper()
	s := &Server{inner: registry.New(registry.Logger(log.New(io.Discard, "", 0)))}
	server := httptest.NewServer(s)
	// Clients that hang on purpose would make Close wait for them.
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	s.URL, s.Host = server.URL, strings.TrimPrefix(server.URL, "http://")
	return s
}

// ServeHTTP logs the request and hands it to the hook, then to the registry.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	hook, delay := s.hook, s.delay
	s.mu.Unlock()
	if delay > 0 {
		pause := time.NewTimer(delay)
		defer pause.Stop()
		select {
		case <-pause.C:
		case <-r.Context().Done():
			return
		}
	}
	request := Request{Method: r.Method, Path: r.URL.RequestURI()}
	written := &logWriter{ResponseWriter: w, log: func(status int) {
		request.Status = status
		s.record(request)
	}}
	defer written.once(http.StatusOK)
	if hook != nil && hook(written, r, s.inner) {
		return
	}
	s.inner.ServeHTTP(written, r)
}

func (s *Server) record(request Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, request)
}

// Hook puts a hook in place of the one before; nil takes it away.
func (s *Server) Hook(hook Hook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = hook
}

// Delay makes every answer begin that much later, as a registry far away would.
func (s *Server) Delay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = d
}

// Requests gives the log since the start or the last [Server.Forget]. A request is
// in it before the first byte of its answer is sent.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.log...)
}

// Forget empties the log.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = nil
}

// logWriter logs the status before it is sent, so that whoever has an answer
// finds it in the log.
type logWriter struct {
	http.ResponseWriter
	log    func(status int)
	logged bool
}

func (w *logWriter) once(status int) {
	if !w.logged {
		w.logged = true
		w.log(status)
	}
}

func (w *logWriter) WriteHeader(status int) {
	w.once(status)
	w.ResponseWriter.WriteHeader(status)
}

func (w *logWriter) Write(p []byte) (int, error) {
	w.once(http.StatusOK)
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *logWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
