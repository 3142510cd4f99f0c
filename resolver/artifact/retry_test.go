package artifact_test

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

// pauses records how long a client would have waited.
type pauses []time.Duration

func (p *pauses) wait(_ context.Context, d time.Duration) error {
	*p = append(*p, d)
	return nil
}

// failFirst answers the first n requests by handle.
func failFirst(n int32, handle http.HandlerFunc) registrytest.Hook {
	var seen atomic.Int32
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if seen.Add(1) > n {
			return false
		}
		handle(w, r)
		return true
	}
}

func statusOnly(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

func TestRetriesWhileTheRegistryIsBusy(t *testing.T) {
	for _, status := range []int{429, 502, 503, 504} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			var waited pauses
			server, client := setUp(t, artifact.Options{Wait: waited.wait}, "1.0.0")
			server.Hook(failFirst(3, statusOnly(status)))
			_, err := client.Pull(t.Context(), catalog, version("1.0.0"))
			require.NoError(t, err)
			require.Len(t, server.Requests(), 3+2)
			require.Len(t, waited, 3)
			for i, d := range waited { // 200 ms, doubled, at most halved at random
				full := 200 * time.Millisecond << i
				require.GreaterOrEqual(t, d, full/2)
				require.LessOrEqual(t, d, full)
			}
		})
	}
}

func TestRetriesEnd(t *testing.T) {
	var waited pauses
	server, client := setUp(t, artifact.Options{Wait: waited.wait, Attempts: 12, Backoff: time.Second}, "1.0.0")
	server.Hook(failFirst(1000, statusOnly(503)))
	_, err := client.Pull(t.Context(), catalog, version("1.0.0"))
	require.Equal(t, fault.Unreachable, fault.KindOf(err))
	require.ErrorContains(t, err, "the registry answered 503 Service Unavailable")
	require.Len(t, server.Requests(), 12)
	require.LessOrEqual(t, slices.Max(waited), 5*time.Second)
}

func TestNothingElseIsRetried(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 408, 500, 501} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			server, client := setUp(t, artifact.Options{}, "1.0.0")
			server.Hook(failFirst(1, statusOnly(status)))
			_, err := client.Pull(t.Context(), catalog, version("1.0.0"))
			require.Error(t, err)
			require.Len(t, server.Requests(), 1)
		})
	}
}

func TestRetryAfter(t *testing.T) {
	busy := func(after string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", after)
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}
	t.Run("honoured", func(t *testing.T) {
		var waited pauses
		server, client := setUp(t, artifact.Options{Wait: waited.wait, Timeout: time.Minute}, "1.0.0")
		server.Hook(failFirst(1, busy("7")))
		_, err := client.Pull(t.Context(), catalog, version("1.0.0"))
		require.NoError(t, err)
		require.Equal(t, pauses{7 * time.Second}, waited)
	})
	for name, c := range map[string]struct {
		after   string
		timeout time.Duration
		want    time.Duration
	}{
		"beyond the cap":      {"31", time.Hour, 31 * time.Second},
		"beyond the deadline": {"20", 10 * time.Second, 20 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			var waited pauses
			server, client := setUp(t, artifact.Options{Wait: waited.wait, Timeout: c.timeout}, "1.0.0")
			server.Hook(failFirst(1, busy(c.after)))
			_, err := client.Pull(t.Context(), catalog, version("1.0.0"))
			require.Equal(t, fault.RateLimited, fault.KindOf(err))
			var own *fault.Error
			require.ErrorAs(t, err, &own)
			require.Equal(t, c.want, own.RetryAfter, "the caller learns the registry's wish")
			require.Empty(t, waited)
			require.Len(t, server.Requests(), 1)
		})
	}
}

// A connection that breaks, before the answer or in the middle of a body, is
// worth another attempt.
func TestRetriesBrokenConnections(t *testing.T) {
	whole := archive(t, "1.0.0")
	hangUp := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	midway := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(whole)))
		_, _ = w.Write(whole[:10])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	for name, c := range map[string]struct {
		hook     registrytest.Hook
		requests int
	}{
		"before the answer": {failFirst(2, hangUp), 4},
		"in the layer":      {firstBlob(midway), 3},
	} {
		t.Run(name, func(t *testing.T) {
			server, client := setUp(t, artifact.Options{}, "1.0.0")
			server.Hook(c.hook)
			chart, err := client.Pull(t.Context(), catalog, version("1.0.0"))
			require.NoError(t, err)
			require.Equal(t, whole, chart.Archive)
			require.Len(t, server.Requests(), c.requests)
		})
	}
}

// firstBlob answers the first request for a blob by handle.
func firstBlob(handle http.HandlerFunc) registrytest.Hook {
	var seen atomic.Bool
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if kindOf(r.URL.Path) != "blobs" || seen.Swap(true) {
			return false
		}
		handle(w, r)
		return true
	}
}
