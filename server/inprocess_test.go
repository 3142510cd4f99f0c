package server_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/gorilla/mux"
)

// sink is a ResponseWriter that is used again and again, as a connection's is.
type sink struct {
	header http.Header
	status int
	bytes  int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { s.bytes += len(p); return len(p), nil }
func (s *sink) reset()                      { clear(s.header); s.status, s.bytes = http.StatusOK, 0 }

// bareMux routes as the server does, and does nothing else but write.
func bareMux(text []byte) http.Handler {
	router := mux.NewRouter().SkipClean(true)
	for _, path := range []string{"/v1/images", "/v1/images/{name:.+}", "/v1/image-config", "/v1/catalog", "/openapi.json"} {
		router.Path(path).Handler(bareHandler(text))
	}
	return router
}

func bareHandler(text []byte) http.Handler {
	contentType, length := []string{"application/json"}, []string{strconv.Itoa(len(text))}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h["Content-Type"] = contentType
		h["Content-Length"] = length
		_, _ = w.Write(text)
	})
}

func bareStatus(status int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
}

func BenchmarkHandlerInProcess(b *testing.B) {
	s := start(b, setup{})
	plain := s.get(b, "/v1/images")
	for _, c := range []struct {
		name    string
		handler http.Handler
		headers http.Header
	}{
		{"nethttp", bareHandler(plain.body), nil},
		{"mux", bareMux(plain.body), nil},
		{"bayplan", s.server.Data(), nil},
		{"bayplan-gzip", s.server.Data(), http.Header{"Accept-Encoding": {"gzip, deflate, br"}}},
		{"bayplan-304", s.server.Data(), http.Header{"If-None-Match": {plain.header.Get("ETag")}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			request := httptest.NewRequest(http.MethodGet, "/v1/images", nil)
			request.Header = c.headers
			w := &sink{header: make(http.Header, 16)}
			b.ReportAllocs()
			for b.Loop() {
				w.reset()
				c.handler.ServeHTTP(w, request)
			}
		})
	}
}
