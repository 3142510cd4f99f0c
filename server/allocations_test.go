//go:build !race

// The race detector makes pools forget at random, and so adds allocations.

package server_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// Negotiation, validators, counting and logging allocate nothing; what is left
// for other routes is the router's.
func TestServingAllocatesNoMoreThanTheRouter(t *testing.T) {
	s := start(t, setup{})
	plain := s.get(t, "/v1/images")
	data, router := s.server.Data(), bareMux(plain.body)
	routing := max(allocations(t, router, "/v1/image-config", http.StatusOK), allocations(t, router, "/openapi.json", http.StatusOK))
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
