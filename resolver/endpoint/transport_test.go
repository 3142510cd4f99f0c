package endpoint

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// reach makes the endpoint registry.test for a test server.
func reach(t testing.TB, server *httptest.Server, cfg Config, opts Options) *Endpoint {
	t.Helper()
	cfg.URL = server.URL
	if server.Certificate() != nil && cfg.CAFile == "" {
		cfg.CAFile = writeCA(t, server)
	}
	return reachAt(t, cfg, opts)
}

func reachAt(t testing.TB, cfg Config, opts Options) *Endpoint {
	t.Helper()
	d, err := New(map[string]Config{"registry.test": cfg}, opts)
	require.NoError(t, err)
	t.Cleanup(d.CloseIdle)
	return d.For("registry.test")
}

func writeCA(t testing.TB, server *httptest.Server) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(block), 0o600))
	return file
}

func client(e *Endpoint) *http.Client { return &http.Client{Transport: e.Transport()} }

func serve(t testing.TB, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func TestTransportSendsItsUserAgentAndLeavesTheRequestAlone(t *testing.T) {
	var agent atomic.Value
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) { agent.Store(r.UserAgent()) })
	req, err := http.NewRequest(http.MethodGet, server.URL, nil)
	require.NoError(t, err)
	resp, err := reach(t, server, Config{}, Options{}).Transport().RoundTrip(req)
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, "bayplan", agent.Load())
	require.Same(t, req, resp.Request)
	require.Empty(t, req.Header)
}

func TestTransportTrustsTheConfiguredAuthority(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	resp, err := client(reach(t, server, Config{}, Options{})).Get(server.URL)
	require.NoError(t, err)
	resp.Body.Close()
}

// A slot is held until the body ends, is closed, or its time is up.
func TestSlotsAreHeldUntilTheBodyEnds(t *testing.T) {
	for name, tc := range map[string]struct {
		host, all int
	}{"of the host": {1, 8}, "of all hosts": {8, 1}} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "body") })
			e := reach(t, server, Config{Concurrency: tc.host}, Options{Concurrency: tc.all})
			for _, finish := range map[string]func(*http.Response){
				"closed": func(r *http.Response) { r.Body.Close() },
				"read":   func(r *http.Response) { io.Copy(io.Discard, r.Body) },
			} {
				first, err := client(e).Get(server.URL)
				require.NoError(t, err)
				require.True(t, full(e), "the slot is taken while the body is open")
				finish(first)
				second, err := client(e).Get(server.URL)
				require.NoError(t, err)
				second.Body.Close()
			}
		})
	}
}

// full tells that no slot is free, by a request that does not wait for one.
func full(e *Endpoint) bool {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, s := range []slots{e.transport.host, e.transport.all} {
		if len(s) == cap(s) {
			return errors.Is(s.take(ctx), context.Canceled)
		}
	}
	return false
}

func TestWaitingForASlotHonoursTheContext(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "body") })
	e := reach(t, server, Config{Concurrency: 1}, Options{})
	held, err := client(e).Get(server.URL)
	require.NoError(t, err)
	defer held.Body.Close()

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
	require.NoError(t, err)
	_, err = client(e).Do(req)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, fault.Unreachable, fault.KindOf(err))
}

func TestErrorsAndEmptyAnswersFreeTheirSlots(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/reset" {
			panic(http.ErrAbortHandler)
		}
	})
	e := reach(t, server, Config{Concurrency: 1}, Options{})
	for range 3 {
		_, err := client(e).Get(server.URL + "/reset")
		require.ErrorContains(t, err, "the other side closed the connection")
		_, err = client(e).Head(server.URL) // its body is deliberately not closed
		require.NoError(t, err)
	}
}

func TestDeadlineCoversTheBody(t *testing.T) {
	release := make(chan struct{})
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "first")
		w.(http.Flusher).Flush()
		<-release
	})
	defer close(release)
	e := reach(t, server, Config{Concurrency: 1}, Options{Timeout: 250 * time.Millisecond})
	for range 2 { // twice, to see that the slot came back although nobody closes the body
		resp, err := client(e).Get(server.URL)
		require.NoError(t, err)
		read, err := io.ReadAll(resp.Body)
		require.Equal(t, "first", string(read))
		require.ErrorContains(t, err, "registry.test: no complete answer within 250ms")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, fault.Unreachable, fault.KindOf(err))
	}
}

// TestForgottenBody: package remote of go-containerregistry leaves the bodies of
// failed tag lists open.
func TestForgottenBodyKeepsItsSlotOnlyUntilTheDeadline(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, strings.Repeat("x", 1<<20))
	})
	e := reach(t, server, Config{Concurrency: 1}, Options{Timeout: 250 * time.Millisecond})
	for range 3 {
		_, err := client(e).Get(server.URL)
		require.NoError(t, err)
	}
}

func TestDeadlineCoversTheHeaders(t *testing.T) {
	e := reachAt(t, Config{URL: "http://" + blackhole(t)}, Options{Timeout: 30 * time.Millisecond})
	_, err := client(e).Get(e.URL().String())
	require.Equal(t, fault.Unreachable, fault.KindOf(err))
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// blackhole accepts connections and never answers.
func blackhole(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

func TestCallersCancellationIsToldApart(t *testing.T) {
	e := reachAt(t, Config{URL: "http://" + blackhole(t)}, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.URL().String(), nil)
	require.NoError(t, err)
	_, err = client(e).Do(req)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "the request was cancelled")
}

func TestConnectionsArePooled(t *testing.T) {
	var opened atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "body")
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	e := reach(t, server, Config{}, Options{})
	for range 20 {
		resp, err := client(e).Get(server.URL)
		require.NoError(t, err)
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	require.EqualValues(t, 1, opened.Load())
}

// A connection that follows another proves nothing anew.
func TestTLSSessionsAreResumed(t *testing.T) {
	resumed := make(chan bool, 1)
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { resumed <- r.TLS.DidResume }))
	t.Cleanup(server.Close)
	c := client(reach(t, server, Config{}, Options{}))
	for _, want := range []bool{false, true, true} {
		resp, err := c.Get(server.URL)
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, want, <-resumed)
		c.Transport.(*transport).closeIdle()
	}
}

func TestBounded(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stream" {
			w.(http.Flusher).Flush() // no Content-Length
		}
		io.WriteString(w, "12345678")
	})
	for _, tc := range []struct {
		path string
		max  int64
		ok   bool
	}{{"/", 8, true}, {"/", 7, false}, {"/stream", 8, true}, {"/stream", 7, false}} {
		e := reach(t, server, Config{}, Options{MaxBody: tc.max})
		body, err := readAll(&http.Client{Transport: e.Bounded()}, server.URL+tc.path)
		if tc.ok {
			require.NoError(t, err)
			require.Equal(t, "12345678", body)
			continue
		}
		require.Equal(t, fault.TooLarge, fault.KindOf(err), tc.path)
	}
}

func readAll(c *http.Client, url string) (string, error) {
	resp, err := c.Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}
