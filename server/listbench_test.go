package server_test

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkListAfterAPush is what the first reader of the complete list pays
// after a push, among 7,000 repositories; the next ones get the same bytes.
func BenchmarkListAfterAPush(b *testing.B) {
	p := seededPlatform(b, 3500, 2)
	handler, w := p.server.Data(), &sink{header: make(http.Header, 16)}
	for _, coding := range []string{"identity", "gzip", "zstd"} {
		b.Run(coding, func(b *testing.B) {
			request, err := http.NewRequest(http.MethodGet, "/v1/images", nil)
			require.NoError(b, err)
			request.Header.Set("Accept-Encoding", coding)
			timed := func() time.Duration {
				w.reset()
				began := time.Now()
				handler.ServeHTTP(w, request)
				return time.Since(began)
			}
			timed()
			var first, next time.Duration
			n := 0
			for b.Loop() {
				pushUser(b, p.harbor, "tool-t000007/app:v"+strconv.Itoa(n%5))
				require.NoError(b, p.inventory.Refresh(context.Background(), "t000007"))
				first += timed()
				next += timed()
				n++
			}
			b.ReportMetric(float64(first.Microseconds())/float64(n)/1000, "ms-first")
			b.ReportMetric(float64(next.Microseconds())/float64(n)/1000, "ms-next")
			b.ReportMetric(float64(w.bytes)/1e6, "MB")
			b.ReportMetric(0, "ns/op")
		})
	}
}
