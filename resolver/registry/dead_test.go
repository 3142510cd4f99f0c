package registry

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// requireNothing checks that nobody learnt anything, least of all an absence.
func requireNothing(t *testing.T, report fact.Report, kind fault.Kind) {
	t.Helper()
	require.Empty(t, report.Manifests)
	require.Empty(t, report.Repositories)
	require.Error(t, report.Err)
	require.Equal(t, kind, fault.KindOf(report.Err), "%v", report.Err)
	require.ErrorContains(t, report.Err, "ask registry: "+catalogHost+": ")
}

// Whatever is wrong with a host from the beginning costs one request a round,
// and is never taken for missing images.
func TestADeadHostCostsOneRequestARound(t *testing.T) {
	for name, tc := range map[string]struct {
		handler http.HandlerFunc
		kind    fault.Kind
		want    string
	}{
		"404 to everything": {page(404), fault.Unreachable, "it answers 404 to /v2/: not a registry?"},
		"500":               {status(500), fault.Unreachable, "it answers 500 Internal Server Error"},
		"503":               {status(503), fault.Unreachable, "it answers 503 Service Unavailable"},
		"403":               {status(403), fault.Denied, "it answers 403 Forbidden"},
		"429":               {status(429), fault.RateLimited, "it answers 429 Too Many Requests"},
		"reset":             {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, fault.Unreachable, "the other side closed the connection"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.push(t, "image-0:latest")
			h.always(tc.handler)
			s := h.source(t, setup{})
			for range 3 {
				report := s.Ask(t.Context(), many(76))
				requireNothing(t, report, tc.kind)
				require.ErrorContains(t, report.Err, tc.want)
				require.Equal(t, []string{"GET /v2/"}, h.requests())
			}
			h.answer(nil)
			report := s.Ask(t.Context(), many(2))
			require.NoError(t, report.Err, "it recovers")
			require.Equal(t, fact.Present, report.Manifests[ref("image-0:latest")].Status)
		})
	}
}

// Nothing can count the requests of a host that takes none.
func TestAHostThatCannotBeReached(t *testing.T) {
	listen := func(t *testing.T) net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		return l
	}
	for name, tc := range map[string]struct {
		start func(t *testing.T) endpoint.Config
		want  string
	}{
		"refused": {func(t *testing.T) endpoint.Config {
			l := listen(t)
			require.NoError(t, l.Close())
			return endpoint.Config{URL: "http://" + l.Addr().String()}
		}, "connection refused"},
		"refused with TLS": {func(t *testing.T) endpoint.Config {
			l := listen(t)
			require.NoError(t, l.Close())
			return endpoint.Config{URL: "https://" + l.Addr().String()}
		}, "connection refused"},
		"silent": {func(t *testing.T) endpoint.Config {
			l := listen(t)
			t.Cleanup(func() { l.Close() })
			return endpoint.Config{URL: "http://" + l.Addr().String()}
		}, "no "},
		"unknown authority": {func(t *testing.T) endpoint.Config {
			return endpoint.Config{URL: newTLSHost(t).URL}
		}, "its certificate is signed by an unknown authority"},
		"wrong authority": {func(t *testing.T) endpoint.Config {
			h := newTLSHost(t)
			_, port, err := net.SplitHostPort(h.Listener.Addr().String())
			require.NoError(t, err)
			return endpoint.Config{URL: "https://localhost:" + port, CAFile: h.authority(t)}
		}, "its certificate is not for localhost"},
		"plain HTTP": {func(t *testing.T) endpoint.Config {
			return endpoint.Config{URL: "https://" + newHost(t).Listener.Addr().String()}
		}, "the host answers plain HTTP where https was expected"},
	} {
		t.Run(name, func(t *testing.T) {
			s := sourceAt(t, setup{cfg: tc.start(t), ends: quick})
			report := s.Ask(t.Context(), many(76))
			requireNothing(t, report, fault.Unreachable)
			require.ErrorContains(t, report.Err, tc.want)
		})
	}
}

func TestASilentHostIsDialledOnceARound(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	var dialled atomic.Int32
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			dialled.Add(1)
			defer c.Close()
		}
	}()
	s := sourceAt(t, setup{cfg: endpoint.Config{URL: "http://" + l.Addr().String()}, ends: quick})
	for round := range int32(2) {
		start := time.Now()
		requireNothing(t, s.Ask(t.Context(), many(76)), fault.Unreachable)
		require.Less(t, time.Since(start), 2*time.Second)
		require.Equal(t, round+1, dialled.Load())
	}
}

// A host that was good and fails now is given up after three questions, and
// from then on costs one request a round.
func TestAHostThatDiesIsGivenUp(t *testing.T) {
	h := newHost(t)
	h.push(t, "image-0:latest")
	s := h.source(t, setup{cfg: oneByOne})
	require.NoError(t, s.Ask(t.Context(), many(76)).Err)
	h.requests()

	h.always(status(500))
	requireNothing(t, s.Ask(t.Context(), many(76)), fault.Unreachable)
	require.Len(t, h.requests(), hopeless)
	requireNothing(t, s.Ask(t.Context(), many(76)), fault.Unreachable)
	require.Equal(t, []string{"GET /v2/"}, h.requests())
}

// A proxy whose registry is gone answers 404: that is no absence.
func TestA404OfNoRegistryIsNoAbsence(t *testing.T) {
	h := newHost(t)
	h.push(t, "image-0:latest")
	s := h.source(t, setup{cfg: oneByOne})
	require.NoError(t, s.Ask(t.Context(), many(1)).Err)
	h.requests()
	h.always(page(404))
	report := s.Ask(t.Context(), many(76))
	requireNothing(t, report, fault.Unreachable)
	require.ErrorContains(t, report.Err, "not a registry?")
	require.Equal(t, 1, pings(h.requests()), "asked once in a round")
}

func TestAnswersThatAreNotOCI(t *testing.T) {
	for name, tc := range map[string]struct {
		path    string
		handler http.HandlerFunc
		want    string
	}{
		"page for manifest": {"/manifests/", page(200), "not an OCI answer: a web page in place of a manifest"},
		"no digest":         {"/manifests/", status(200), "not an OCI answer: a manifest without a digest"},
		"page for tags":     {"/tags/list", page(200), "not an OCI answer: a web page in place of a tag list"},
		"null for tags":     {"/tags/list", body("null"), "not an OCI answer: no tag list"},
		"list for tags":     {"/tags/list", body("[]"), "not an OCI answer: no tag list"},
		"error for tags":    {"/tags/list", body(`{"errors":[]}`), "not an OCI answer: no tag list"},
		"cut":               {"/tags/list", body(`{"name":"x","tags":["a"`), "not an OCI answer: no tag list"},
		"wrong types":       {"/tags/list", body(`{"name":"x","tags":[1]}`), "not an OCI answer: no tag list"},
		"204":               {"/manifests/", status(204), ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.push(t, "image-0:latest")
			h.answer(only(tc.path, tc.handler))
			report := h.source(t, setup{}).Ask(t.Context(), many(1))
			require.Equal(t, fault.Unreachable, fault.KindOf(report.Err))
			require.ErrorContains(t, report.Err, "1 of 2 questions got no answer")
			require.ErrorContains(t, report.Err, tc.want)
			require.Len(t, report.Manifests, map[bool]int{true: 0, false: 1}[tc.path == "/manifests/"])
			require.Len(t, report.Repositories, map[bool]int{true: 0, false: 1}[tc.path == "/tags/list"])
		})
	}
}

// distribution answers null for a repository whose tags were all deleted.
func TestNullTagsAreNone(t *testing.T) {
	h := newHost(t)
	h.push(t, "image-0:latest")
	h.answer(only("/tags/list", body(`{"name":"image-0","tags":null}`)))
	report := h.source(t, setup{}).Ask(t.Context(), many(1))
	require.NoError(t, report.Err)
	require.Equal(t, map[string]fact.Repository{"image-0": {Status: fact.Present}}, report.Repositories)
}

// What cannot be a tag is none, whatever a registry says: it would go on to
// pages and commands.
func TestNamesThatAreNoTagsAreLeftOut(t *testing.T) {
	h := newHost(t)
	h.push(t, "image-0:latest")
	h.answer(only("/tags/list", body(`{"name":"image-0","tags":["b","<script>","","a\u0000","-x","a","`+strings.Repeat("x", 129)+`"]}`)))
	report := h.source(t, setup{}).Ask(t.Context(), many(1))
	require.NoError(t, report.Err)
	require.Equal(t, []string{"a", "b"}, report.Repositories["image-0"].Tags)
}

// Some proxies drop what a HEAD's answer should have beside the digest.
func TestAManifestNeedsNoMoreThanItsDigest(t *testing.T) {
	h := newHost(t)
	h.push(t, "image-0:latest")
	h.answer(only("/manifests/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		w.Header().Set("Docker-Content-Digest", gone)
		w.Header().Set("Transfer-Encoding", "chunked")
	}))
	report := h.source(t, setup{}).Ask(t.Context(), many(1))
	require.NoError(t, report.Err)
	require.Equal(t, fact.Manifest{Status: fact.Present, Digest: gone}, report.Manifests[ref("image-0:latest")])
}

func TestRateLimitEndsTheRound(t *testing.T) {
	h := newHost(t)
	for i := range 5 {
		h.push(t, "image-"+strconv.Itoa(i)+":latest")
	}
	s := h.source(t, setup{cfg: oneByOne})
	h.answer(only("/image-2/manifests/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	report := s.Ask(t.Context(), many(5))
	f, ok := errors.AsType[*fault.Error](report.Err)
	require.True(t, ok)
	require.Equal(t, fault.RateLimited, f.Kind)
	require.Equal(t, 7*time.Second, f.RetryAfter)
	require.Len(t, report.Manifests, 2, "what was learnt before is kept")
	require.Len(t, h.requests(), 1+2*2+1, "it is not asked again")
}

func TestTheRoundHasADeadline(t *testing.T) {
	h := newHost(t)
	h.push(t, "image-0:latest")
	release := make(chan struct{})
	defer close(release)
	h.answer(only("/image-1/", func(http.ResponseWriter, *http.Request) { <-release }))
	report := h.source(t, setup{opts: Options{Timeout: 500 * time.Millisecond}}).Ask(t.Context(), many(2))
	require.Equal(t, fault.Unreachable, fault.KindOf(report.Err))
	require.ErrorContains(t, report.Err, "2 of 4 questions got no answer: the round took longer than 500ms")
	require.Equal(t, fact.Present, report.Manifests[ref("image-0:latest")].Status)
}

func TestTheCallerCanStopARound(t *testing.T) {
	h := newHost(t)
	ctx, cancel := context.WithCancel(t.Context())
	var once sync.Once
	h.answer(only("/manifests/", func(_ http.ResponseWriter, r *http.Request) {
		once.Do(cancel)
		<-r.Context().Done()
	}))
	report := h.source(t, setup{cfg: oneByOne}).Ask(ctx, many(76))
	requireNothing(t, report, fault.Unreachable)
	require.ErrorIs(t, report.Err, context.Canceled)
	require.Len(t, h.requests(), 2)
}

// only takes over the answers to paths that hold part.
func only(part string, handler http.HandlerFunc) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, part) {
			return false
		}
		handler(w, r)
		return true
	}
}

func body(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, s) }
}
