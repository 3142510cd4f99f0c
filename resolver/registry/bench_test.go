package registry

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkAsk is a steady round of 76 references in 76 repositories at a
// registry that takes 5 ms for an answer. "ratio" is the time of a round over
// the ideal: requests × latency ÷ concurrency.
func BenchmarkAsk(b *testing.B) {
	const (
		images      = 76
		latency     = 5 * time.Millisecond
		concurrency = 8 // the endpoint's default
	)
	h := newHost(b)
	for i := range images {
		h.push(b, "image-"+strconv.Itoa(i)+":latest")
	}
	h.answer(func(http.ResponseWriter, *http.Request) bool {
		time.Sleep(latency)
		return false
	})
	s := h.source(b, setup{})
	require.NoError(b, s.Ask(b.Context(), many(images)).Err)
	h.requests()
	b.ReportAllocs()
	for b.Loop() {
		s.Ask(b.Context(), many(images))
	}
	requests := float64(len(h.requests())) / float64(b.N)
	ideal := requests * float64(latency) / concurrency
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/ideal, "ratio")
	b.ReportMetric(requests, "requests/op")
}
