package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkPages is what the list for browsers costs among 10,000 standard images,
// in process: a page that is kept, one that is drawn, one that is searched for, and
// the answer of the API for the same hundred records, to compare with.
func BenchmarkPages(b *testing.B) {
	var values strings.Builder
	values.WriteString("formatVersion: \"1.0\"\nimages:\n")
	for i := range 10_000 {
		fmt.Fprintf(&values, "  image%05d: {state: stable, aliases: [tf-image%05d], image: one.test/image%05d}\n", i, i, i)
	}
	s := start(b, setup{values: values.String()})
	handler := s.server.Data()
	for _, c := range []struct {
		name string
		path func(n int) string
	}{
		{"kept", func(int) string { return "/" }},
		{"drawn", func(n int) string { return fmt.Sprintf("/?after=image00000&n=%d", n) }},
		{"drawn-far", func(n int) string { return fmt.Sprintf("/?after=image09000&n=%d", n) }},
		{"searched", func(n int) string { return fmt.Sprintf("/?q=image09&n=%d", n) }},
		{"searched-nothing", func(n int) string { return fmt.Sprintf("/?q=nothing-like-it&n=%d", n) }},
		{"one-image", func(n int) string { return fmt.Sprintf("/images/image09999?n=%d", n) }},
		{"api-hundred", func(int) string { return "/v1/images?limit=100" }},
		{"api-searched", func(int) string { return "/v1/images?limit=100&q=image09" }},
		{"api-complete", func(int) string { return "/v1/images" }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n++
				request := httptest.NewRequest(http.MethodGet, c.path(n), nil)
				request.Header.Set("Accept-Encoding", "gzip")
				answer := httptest.NewRecorder()
				handler.ServeHTTP(answer, request)
				require.Equal(b, http.StatusOK, answer.Code)
			}
		})
	}
}
