//go:build unix

package server_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	benchRounds = flag.Int("bench.rounds", 15, "shuffled rounds of BenchmarkHandlerWholeProgram")
	benchRound  = flag.Duration("bench.round", 250*time.Millisecond, "how long each contender is asked in a round")
)

// BenchmarkHandlerWholeProgram compares the handler of GET /v1/images with
// handlers that do less, in one run: a server process with each of them on a
// port of its own, and 32 keep-alive connections over loopback that ask as
// fast as they are answered. What counts is the CPU time that the server's
// process takes for a request. Contenders take turns in shuffled rounds; each
// figure is the median over the rounds of the ratio within a round, so that
// whatever else the machine does meets all of them alike.
//
//   - x-of-nethttp, x-of-mux: beside a bare net/http handler, and one behind
//     gorilla/mux with five routes, that write the same bytes with a
//     Content-Length and a Content-Type
//   - gzip-x, zstd-x, 304-x: beside the same handler's identity answer
//   - gzip-limit, 304-limit: the same for the bare net/http handler, which
//     does nothing but send fewer bytes
//   - encode-x: beside encoding the list for each request, behind the same mux
//
// More is better: 2 is half the CPU time. One iteration is one whole
// comparison; run it with -benchtime 1x.
func BenchmarkHandlerWholeProgram(b *testing.B) {
	for _, size := range []int{20_000, 200_000, 2_000_000} {
		b.Run(fmt.Sprintf("%dKB", size/1000), func(b *testing.B) {
			program := startProgram(b, size)
			for b.Loop() {
				compare(b, program)
			}
		})
	}
}

// contender is one kind of request at one of the program's handlers.
type contender struct{ name, handler, headers string }

var contenders = []contender{
	{"nethttp", "nethttp", ""},
	{"mux", "mux", ""},
	{"bayplan", "bayplan", ""},
	{"gzip", "bayplan", "Accept-Encoding: gzip, deflate, br\r\n"},
	{"zstd", "bayplan", "Accept-Encoding: gzip, deflate, br, zstd\r\n"},
	{"304", "bayplan", "If-None-Match: *\r\n"},
	{"encode", "encode", ""},
	{"nethttp-gzip", "nethttp-gzip", ""},
	{"nethttp-304", "nethttp-304", ""},
}

// compare plays the rounds and reports the medians.
func compare(b *testing.B, p *program) {
	costs := make(map[string][]float64)
	order := slices.Clone(contenders)
	for range *benchRounds {
		rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, c := range order {
			costs[c.name] = append(costs[c.name], p.cost(b, c, *benchRound))
		}
	}
	ratio := func(of, to string) float64 {
		var within []float64
		for i := range costs[of] {
			within = append(within, costs[of][i]/costs[to][i])
		}
		return median(within)
	}
	b.ReportMetric(ratio("nethttp", "bayplan"), "x-of-nethttp")
	b.ReportMetric(ratio("mux", "bayplan"), "x-of-mux")
	b.ReportMetric(ratio("bayplan", "gzip"), "gzip-x")
	b.ReportMetric(ratio("bayplan", "zstd"), "zstd-x")
	b.ReportMetric(ratio("bayplan", "304"), "304-x")
	b.ReportMetric(ratio("nethttp", "nethttp-gzip"), "gzip-limit")
	b.ReportMetric(ratio("nethttp", "nethttp-304"), "304-limit")
	b.ReportMetric(ratio("encode", "bayplan"), "encode-x")
	b.ReportMetric(median(costs["bayplan"])/1000, "cpu-µs/request")
	b.ReportMetric(0, "ns/op") // the time of a comparison says nothing
}

// cost gives the CPU time of one request in nanoseconds.
func (p *program) cost(b *testing.B, c contender, d time.Duration) float64 {
	clients := p.clients(b, c)
	before := p.cpu(b)
	requests := ask(b, clients, d)
	spent := p.cpu(b) - before
	require.Positive(b, requests)
	return float64(spent.Nanoseconds()) / float64(requests)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
