package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// startLarge serves more images than are kept as bytes.
func startLarge(t testing.TB) *platform {
	t.Helper()
	h, users := startHarbor(t, harbortest.StartOptions{})
	h.Seed(harbortest.Seed{Projects: 300, Repositories: 2, Prefix: "tool-s"})
	p := &platform{service: start(t, setup{values: toolSample, users: users}), harbor: h}
	p.server.KeepRecords(100)
	return p
}

func TestALongListIsStreamed(t *testing.T) {
	p := startLarge(t)
	plain := p.get(t, "/v1/images")
	require.Len(t, namesOf(plain), 607)
	require.Empty(t, plain.header.Get("Content-Length"))
	require.Equal(t, "no-cache", plain.header.Get("Cache-Control"))
	for _, coding := range []string{"gzip", "zstd"} {
		a := p.get(t, "/v1/images", "Accept-Encoding", coding)
		require.Equal(t, coding, a.header.Get("Content-Encoding"))
		require.Equal(t, string(plain.body), string(unpack(t, coding, a.body)))
		require.Equal(t, strings.TrimSuffix(plain.header.Get("ETag"), `"`)+"-"+coding+`"`, a.header.Get("ETag"))
		require.Less(t, len(a.body), len(plain.body)/3)
		require.Equal(t, http.StatusNotModified, p.get(t, "/v1/images", "Accept-Encoding", coding, "If-None-Match", a.header.Get("ETag")).status)
		head := p.ask(t, http.MethodHead, "/v1/images", "Accept-Encoding", coding)
		require.Equal(t, http.StatusOK, head.status)
		require.Empty(t, head.header.Get("Content-Length"))
		for _, name := range []string{"ETag", "Content-Type", "Content-Encoding", "Vary", "Cache-Control"} {
			require.Equal(t, a.header.Get(name), head.header.Get(name))
		}
	}
	require.Equal(t, http.StatusNotModified, p.get(t, "/v1/images", "If-None-Match", "*").status)
}

// Queries that let much pass are streamed as well, with the tag of their bytes.
func TestLongFilteredListsAreStreamed(t *testing.T) {
	p := startLarge(t)
	small := follower(t, p, 20_000)
	kept := listen(t, small.Handler())
	for _, query := range []string{"?exists=true", "?sort=-short_name", "?fields=short_name,tool", "?q=s00&type=buildservice"} {
		for _, coding := range []string{"identity", "gzip", "zstd"} {
			a, b := p.get(t, "/v1/images"+query, "Accept-Encoding", coding), kept.get(t, "/v1/images"+query, "Accept-Encoding", coding)
			require.Equal(t, http.StatusOK, a.status, "%s", a.body)
			if len(a.body) > 2048 { // net/http knows the length of what is shorter
				require.Empty(t, a.header.Get("Content-Length"), query)
			}
			require.NotEmpty(t, b.header.Get("Content-Length"), query)
			require.Equal(t, string(unpack(t, coding, b.body)), string(unpack(t, coding, a.body)))
			require.Equal(t, b.header.Get("ETag"), a.header.Get("ETag"), "the same facts, the same tag")
			require.Equal(t, http.StatusNotModified, p.get(t, "/v1/images"+query, "Accept-Encoding", coding, "If-None-Match", b.header.Get("ETag")).status)
		}
	}
	for _, query := range []string{"?tool=s000007", "?limit=1000", "?limit=3", "?type=standard", "?name=bookworm"} {
		require.NotEmpty(t, p.get(t, "/v1/images"+query).header.Get("Content-Length"), query)
	}
	require.Len(t, p.follow(t, "/v1/images?limit=50", "", func() {}), 607)
}

func TestTooManyStreamsAreTurnedAway(t *testing.T) {
	p := startLarge(t)
	free := p.server.TakeStreams()
	failure := p.failure(t, "/v1/images", http.StatusServiceUnavailable)
	require.Equal(t, "overloaded", failure.Code)
	require.Equal(t, "2", p.get(t, "/v1/images").header.Get("Retry-After"))
	require.Equal(t, http.StatusNotModified, p.get(t, "/v1/images", "If-None-Match", "*").status, "costs nothing")
	require.Equal(t, http.StatusOK, p.ask(t, http.MethodHead, "/v1/images").status)
	require.Equal(t, http.StatusServiceUnavailable, p.get(t, "/v1/images?exists=true").status)
	require.Equal(t, http.StatusOK, p.get(t, "/v1/images?limit=10").status)
	require.Equal(t, http.StatusOK, p.toolList(t, "s000001", "").status)
	free()
	require.Equal(t, http.StatusOK, p.get(t, "/v1/images").status)
	for range 40 { // each gives its slot back
		require.Equal(t, http.StatusOK, raw(t, p.endpoint, "/v1/images").status)
	}
}

// leaving is a reader that goes away after so many bytes.
type leaving struct {
	*httptest.ResponseRecorder
	left int
}

func (l *leaving) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return l.ResponseRecorder.Write(p)
}

// A list that breaks off must not look like one that ends: the connection is
// cut, the slot given back, and it counts as what it is.
func TestAReaderThatLeaves(t *testing.T) {
	p := startLarge(t)
	for _, path := range []string{"/v1/images", "/v1/images?exists=true"} {
		for _, coding := range []string{"identity", "gzip", "zstd"} {
			for range 40 {
				request := httptest.NewRequest(http.MethodGet, path, nil)
				request.Header.Set("Accept-Encoding", coding)
				w := &leaving{ResponseRecorder: httptest.NewRecorder(), left: 100}
				require.PanicsWithError(t, http.ErrAbortHandler.Error(), func() { p.server.Data().ServeHTTP(w, request) })
				require.Equal(t, http.StatusOK, w.Code)
			}
		}
	}
	require.EqualValues(t, 240, value(t, p.scrape(t), "bayplan_http_requests_total", "route", "/v1/images", "status", "499"))
	require.Equal(t, http.StatusOK, p.get(t, "/v1/images").status)
}

// The warning of a request that wanted better is in a streamed list too.
func TestAWarnedLongList(t *testing.T) {
	p := startLarge(t)
	plain := p.get(t, "/v1/images")
	p.harbor.Fault(harbortest.Any, stalled(t))
	a := p.get(t, "/v1/images", "Cache-Control", "no-cache")
	list := into[api.ImagesAnswer](a, http.StatusOK)
	require.Len(t, list.Images, 607)
	require.NotEmpty(t, list.Messages.Warning)
	require.NotEqual(t, plain.header.Get("ETag"), a.header.Get("ETag"))
}

// stalled is a fault that answers nothing until the test is over or the client
// leaves.
func stalled(t testing.TB) harbortest.Fault {
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	return func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		select {
		case <-over:
		case <-r.Context().Done():
		}
	}
}
