package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
)

// BenchmarkResolveRequest asks what spellings mean, one and a hundred at a time,
// among 100,000 repositories.
func BenchmarkResolveRequest(b *testing.B) {
	p := seededPlatform(b, 20_000, 5)
	hundred := make([]string, 100)
	for i := range hundred {
		hundred[i] = fmt.Sprintf("tool-t%06d/tool-t%06d", i, i)
	}
	for _, c := range []struct {
		name  string
		names []string
	}{
		{"standard", []string{"bookworm"}}, {"built", hundred[7:8]}, {"hundred", hundred},
	} {
		b.Run(c.name, func(b *testing.B) {
			path := "/v1/tool/t000001/images/resolve?" + url.Values{"name": c.names}.Encode()
			benchRequest(b, p, path, http.Header{"X-Toolforge-Tool": {"t000001"}})
		})
	}
}
