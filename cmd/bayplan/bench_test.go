//go:build linux

package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	manyTools = 50_000
	fewTools  = 5
	// memoryBar is what the whole service may keep resident, in MiB, with 100,000
	// repositories.
	memoryBar = 192
)

// scaleTools is how many tools there are in the benchmarks of docs/scale.md.
var scaleTools = flag.Int("tools", manyTools, "how many tools, of two repositories each, the benchmarks of whole programs have")

// BenchmarkMemoryWholeProgram runs the real "bayplan serve" beside a Harbor in
// another process with 100,000 repositories of 50,000 tools (or -tools): it sweeps
// them, and a client reads the complete list once. "MiB-swept" is the most that was resident
// until then, as the kernel counts it (VmHWM), and "MiB-peak" the same until the
// list was read; "MiB-now" is what is resident at the end (VmRSS), of it
// "MiB-file" of the program's own file.
func BenchmarkMemoryWholeProgram(b *testing.B) {
	program := buildProgram(b)
	for range b.N {
		s := startServing(b, program, *scaleTools)
		b.ReportMetric(s.swept.Seconds(), "s-sweep")
		b.ReportMetric(float64(s.kB(b, "VmHWM"))/1024, "MiB-swept")
		began := time.Now()
		images, size := s.count(b, "/v1/images")
		require.Equal(b, repositoriesEach**scaleTools, images)
		b.ReportMetric(time.Since(began).Seconds(), "s-list")
		b.ReportMetric(float64(size)/1e6, "MB-list")
		b.ReportMetric(float64(s.kB(b, "VmHWM"))/1024, "MiB-peak")
		b.ReportMetric(float64(s.kB(b, "VmRSS"))/1024, "MiB-now")
		b.ReportMetric(float64(s.kB(b, "RssFile"))/1024, "MiB-file")
		b.ReportMetric(memoryBar, "MiB-bar")
		s.kill()
	}
}

// BenchmarkToolWholeProgram asks "bayplan serve", over HTTP, for the list of one
// tool among 100,000 repositories, and in turns for that of one among ten. "us-warm"
// are medians of lists that did not change; "ms-changed" is that of lists that are
// asked for with "Cache-Control: no-cache" right after a push, so that Harbor, which
// answers at once here, is asked first.
func BenchmarkToolWholeProgram(b *testing.B) {
	program := buildProgram(b)
	many, few := startServing(b, program, manyTools), startServing(b, program, fewTools)
	for range b.N {
		warm := map[*serving][]time.Duration{}
		for range 5000 {
			for _, s := range []*serving{many, few} {
				warm[s] = append(warm[s], s.warm(b))
			}
		}
		b.ReportMetric(float64(middle(warm[many]).Nanoseconds())/1000, "us-warm-of-100000")
		b.ReportMetric(float64(middle(warm[few]).Nanoseconds())/1000, "us-warm-of-10")
		var changed []time.Duration
		for n := range 100 { // each is another tool: one is asked about once a second at most
			changed = append(changed, many.changed(b, n))
		}
		b.ReportMetric(float64(middle(changed).Microseconds())/1000, "ms-changed-of-100000")
	}
}

// warm asks for a tool's list that nothing changed in.
func (s *serving) warm(b *testing.B) time.Duration {
	began := time.Now()
	s.get(b, "/v1/tool/t000003/images", "t000003", "")
	return time.Since(began)
}

// changed pushes to the n-th tool and asks for its list, which must have the push.
func (s *serving) changed(b *testing.B, n int) time.Duration {
	tool := fmt.Sprintf("t%06d", n)
	digest := pushTo(b, s.harbor, "tool-"+tool+"/app-2")
	began := time.Now()
	text := s.get(b, "/v1/tool/"+tool+"/images", tool, "no-cache")
	took := time.Since(began)
	require.Contains(b, string(text), digest)
	return took
}

// get reads an answer, packed as Go's client asks for it.
func (s *serving) get(b *testing.B, path, tool, cacheControl string) []byte {
	b.Helper()
	request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, s.url+path, nil)
	require.NoError(b, err)
	if tool != "" {
		request.Header.Set("X-Toolforge-Tool", tool)
	}
	if cacheControl != "" {
		request.Header.Set("Cache-Control", cacheControl)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(b, err)
	defer response.Body.Close()
	require.Equal(b, http.StatusOK, response.StatusCode)
	text, err := io.ReadAll(response.Body)
	require.NoError(b, err)
	return text
}

// count reads an answer without keeping it, and gives how many user-built images
// it has, and its size in bytes.
func (s *serving) count(b *testing.B, path string) (images int, size int64) {
	b.Helper()
	response, err := http.DefaultClient.Get(s.url + path)
	require.NoError(b, err)
	defer func() { require.NoError(b, response.Body.Close()) }()
	require.Equal(b, http.StatusOK, response.StatusCode)
	return countBuilt(b, response.Body)
}

func countBuilt(b *testing.B, from io.Reader) (images int, size int64) {
	b.Helper()
	word := []byte(`"type":"buildservice"`)
	room, kept := make([]byte, 1<<20), 0
	for {
		n, err := from.Read(room[kept:])
		size += int64(n)
		images += bytes.Count(room[:kept+n], word)
		if err == io.EOF {
			return images, size
		}
		require.NoError(b, err)
		// What may be the beginning of the word is looked at once more.
		rest := min(len(word)-1, kept+n)
		kept = copy(room, room[kept+n-rest:kept+n])
	}
}

func middle(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}
