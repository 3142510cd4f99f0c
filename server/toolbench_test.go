package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// seededPlatform serves what so many projects with so many repositories hold.
func seededPlatform(b *testing.B, projects, repositories int) *platform {
	b.Helper()
	h, users := startHarbor(b, harbortest.StartOptions{Options: harbortest.Options{LogLimit: 1}})
	h.Seed(harbortest.Seed{Projects: projects, Repositories: repositories, Prefix: "tool-t", Profile: harbortest.Profile{RowBytes: 1}})
	p := &platform{service: start(b, setup{users: users, cold: true}), harbor: h, inventory: users}
	p.refresh(b)
	require.Equal(b, projects*repositories, users.State().View.Images)
	return p
}

// BenchmarkToolList asks for one tool's list again and again, among ten
// repositories and among 100,000: what others built costs it nothing.
func BenchmarkToolList(b *testing.B) {
	for _, projects := range []int{2, 20_000} {
		b.Run(fmt.Sprintf("%d-repositories", 5*projects), func(b *testing.B) {
			p := seededPlatform(b, projects, 5)
			for name, header := range map[string]http.Header{
				"identity": {}, "gzip": {"Accept-Encoding": {"gzip"}}, "304": {"If-None-Match": {"*"}},
			} {
				b.Run(name, func(b *testing.B) {
					header.Set("X-Toolforge-Tool", "t000001")
					benchRequest(b, p, "/v1/tool/t000001/images", header)
				})
			}
		})
	}
}

// benchRequest sends one request to the handlers again and again.
func benchRequest(b *testing.B, p *platform, path string, header http.Header) {
	b.Helper()
	request := httptest.NewRequest(http.MethodGet, path, nil)
	request = request.WithContext(context.WithValue(request.Context(), http.LocalAddrContextKey, loopback))
	request.Header = header
	handler, w := p.server.Data(), &sink{header: make(http.Header, 16)}
	b.ReportAllocs()
	for b.Loop() {
		w.reset()
		handler.ServeHTTP(w, request)
	}
	require.Less(b, w.status, 400)
}

// BenchmarkLongList asks for the complete list of 100,000 repositories.
//
//   - first: the first request of all, which sums up every record
//   - change: one after a push somewhere
//   - 304: one that knows the list already
//   - identity, gzip, zstd: the whole list; ms-to-first-byte is over HTTP
//
// MB-kept is what stays on the heap for it between requests.
func BenchmarkLongList(b *testing.B) {
	p := seededPlatform(b, 20_000, 5)
	before := heapMB()
	began := time.Now()
	tag := p.head(b)
	first := time.Since(began)
	kept := heapMB() - before
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
		}
		b.ReportMetric(float64(first.Milliseconds()), "ms")
		b.ReportMetric(kept, "MB-kept")
		b.ReportMetric(0, "ns/op")
	})
	b.Run("change", func(b *testing.B) {
		var spent time.Duration
		n := 0
		for b.Loop() {
			pushUser(b, p.harbor, "tool-t000007/app:v"+strconv.Itoa(n))
			require.NoError(b, p.inventory.Refresh(context.Background(), "t000007"))
			began := time.Now()
			next := p.head(b)
			spent += time.Since(began)
			require.NotEqual(b, tag, next)
			tag = next
			n++
		}
		b.ReportMetric(float64(spent.Microseconds())/float64(n)/1000, "ms")
		b.ReportMetric(0, "ns/op")
	})
	b.Run("304", func(b *testing.B) { benchRequest(b, p, "/v1/images", http.Header{"If-None-Match": {tag}}) })
	for _, coding := range []string{"identity", "gzip", "zstd"} {
		b.Run(coding, func(b *testing.B) {
			b.ReportAllocs()
			var toFirst time.Duration
			size, peak := int64(0), 0.0
			for b.Loop() {
				request, err := http.NewRequest(http.MethodGet, p.url+"/v1/images", nil)
				require.NoError(b, err)
				request.Header.Set("Accept-Encoding", coding)
				began := time.Now()
				response, err := p.client.Do(request)
				require.NoError(b, err)
				body := bufio.NewReader(response.Body)
				_, err = body.Peek(1)
				require.NoError(b, err)
				toFirst += time.Since(began)
				size, err = io.CopyN(io.Discard, body, 1<<20)
				require.NoError(b, err)
				peak = max(peak, heapMB()-before)
				rest, err := io.Copy(io.Discard, body)
				require.NoError(b, err)
				size += rest
				require.NoError(b, response.Body.Close())
			}
			b.ReportMetric(float64(toFirst.Microseconds())/float64(b.N)/1000, "ms-to-first-byte")
			b.ReportMetric(float64(size)/1e6, "MB")
			if coding == "identity" { // the others are written before one can look
				b.ReportMetric(peak, "MB-of-heap-meanwhile")
			}
		})
	}
}

// head gives the tag of the complete list.
func (p *platform) head(b *testing.B) string {
	b.Helper()
	response, err := p.client.Head(p.url + "/v1/images")
	require.NoError(b, err)
	require.NoError(b, response.Body.Close())
	return response.Header.Get("ETag")
}

func heapMB() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what was left while the first one went on
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / 1e6
}

// jobsAPI does what jobs-api does for one tool's list: one call for the
// repositories, and one for each of them, one after the other. It keeps its
// connection, and prints how long each turn took, in seconds.
const jobsAPI = `
import http.client, json, sys, time, urllib.parse
host, project, turns = sys.argv[1], sys.argv[2], int(sys.argv[3])
connection = http.client.HTTPConnection(host)
def get(path):
    connection.request("GET", "/api/v2.0" + path)
    response = connection.getresponse()
    assert response.status == 200, response.status
    return json.loads(response.read())
for _ in range(turns):
    began = time.perf_counter()
    images = []
    for repository in get("/projects/%s/repositories?page_size=0" % project):
        name = urllib.parse.quote(urllib.parse.quote(repository["name"].split("/", 1)[1], safe=""), safe="")
        for artifact in get("/projects/%s/repositories/%s/artifacts?page_size=0&with_tag=true" % (project, name)):
            images += [tag["name"] for tag in artifact["tags"] or []]
    assert len(images) == 5, images
    print(time.perf_counter() - began)
`

// loopback is where in-process requests are said to come in.
var loopback = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}

// harborLatency is how long each answer of Harbor takes.
const harborLatency = 5 * time.Millisecond

// BenchmarkToolListBesideJobsAPI compares, in one run and over HTTP, a tool's
// list from here with what jobs-api does for it (in Python, as jobs-api is):
// one tool with 5 repositories, and a Harbor that takes 5 ms for an answer.
//
//   - x-lower-p50: the median of jobs-api's pattern beside ours, warm
//   - cold-of-two-round-trips: the median of a list with no-cache beside two
//     questions to that Harbor, one after the other
//
// One iteration is one whole comparison; run it with -benchtime 1x.
func BenchmarkToolListBesideJobsAPI(b *testing.B) {
	python, err := exec.LookPath("python3")
	if err != nil {
		b.Skip("python3 is not there")
	}
	const tools = 100
	p := seededPlatform(b, tools, 5)
	p.harbor.Delay(harborLatency)
	for b.Loop() {
		out, err := exec.CommandContext(b.Context(), python, "-c", jobsAPI, p.harbor.Host, "tool-t000001", "50").Output()
		require.NoError(b, err)
		var theirs, warm, cold, trips []float64
		for line := range strings.Lines(string(out)) {
			seconds, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
			require.NoError(b, err)
			theirs = append(theirs, seconds)
		}
		for range 2000 {
			warm = append(warm, p.timed(b, p.url+"/v1/tool/t000001/images", "X-Toolforge-Tool", "t000001"))
		}
		for i := range tools {
			tool := fmt.Sprintf("t%06d", i)
			cold = append(cold, p.timed(b, p.url+"/v1/tool/"+tool+"/images", "X-Toolforge-Tool", tool, "Cache-Control", "no-cache"))
			ping := p.harbor.URL + "/api/v2.0/ping"
			trips = append(trips, p.timed(b, ping)+p.timed(b, ping))
		}
		b.ReportMetric(median(theirs)/median(warm), "x-lower-p50")
		b.ReportMetric(median(cold)/median(trips), "cold-of-two-round-trips")
		b.ReportMetric(median(theirs)*1000, "jobs-api-ms")
		b.ReportMetric(median(warm)*1000, "warm-ms")
		b.ReportMetric(median(cold)*1000, "cold-ms")
		b.ReportMetric(0, "ns/op")
	}
}

// timed gives how long one answer takes, in seconds.
func (p *platform) timed(b *testing.B, url string, headers ...string) float64 {
	b.Helper()
	request, err := http.NewRequest(http.MethodGet, url, nil)
	require.NoError(b, err)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	began := time.Now()
	response, err := p.client.Do(request)
	require.NoError(b, err)
	_, err = io.Copy(io.Discard, response.Body)
	took := time.Since(began)
	require.NoError(b, err)
	require.NoError(b, response.Body.Close())
	require.Equal(b, http.StatusOK, response.StatusCode)
	return took.Seconds()
}
