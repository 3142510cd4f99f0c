package server_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/gorilla/mux"
	"github.com/stretchr/testify/require"
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

// Negotiation, validators, counting and logging allocate nothing; what is left
// for other routes is the router's.
func TestServingAllocatesNoMoreThanTheRouter(t *testing.T) {
	s := start(t, setup{})
	plain := s.get(t, "/v1/images")
	data, router := s.server.Data(), bareMux(plain.body)
	routing := allocations(t, router, "/v1/image-config", http.StatusOK)
	for _, c := range []struct {
		path    string
		most    float64
		status  int
		headers []string
	}{
		{"/v1/images", 0, http.StatusOK, nil},
		{"/v1/images", 0, http.StatusOK, []string{"Accept-Encoding", "gzip, deflate, br"}},
		{"/v1/images", 0, http.StatusOK, []string{"Accept-Encoding", "gzip;q=0.5, zstd"}},
		{"/v1/images", 0, http.StatusOK, []string{"If-None-Match", `"other", W/"another"`}},
		{"/v1/images", 0, http.StatusNotModified, []string{"If-None-Match", plain.header.Get("ETag")}},
		{"/v1/image-config", routing, http.StatusOK, []string{"Accept", "application/json;q=0.5, text/yaml", "Accept-Encoding", "zstd"}},
		{"/v1/image-config", routing, http.StatusNotModified, []string{"If-None-Match", "*"}},
		{"/openapi.json", routing, http.StatusOK, []string{"Accept-Encoding", "gzip"}},
	} {
		require.LessOrEqual(t, allocations(t, data, c.path, c.status, c.headers...), c.most, "%s %v", c.path, c.headers)
	}
}

// allocations counts those of one request; headers are name, value, name, value.
func allocations(t *testing.T, handler http.Handler, path string, status int, headers ...string) float64 {
	t.Helper()
	request := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	w := &sink{header: make(http.Header, 16)}
	count := testing.AllocsPerRun(200, func() {
		w.reset()
		handler.ServeHTTP(w, request)
	})
	require.Equal(t, status, w.status)
	require.Equal(t, status == http.StatusOK, w.bytes > 0)
	return count
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
