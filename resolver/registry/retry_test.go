package registry

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// failing answers the first n HEADs with a handler.
func failing(n int, handler http.HandlerFunc) func(http.ResponseWriter, *http.Request) bool {
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		if r.Method != http.MethodHead || n == 0 {
			return false
		}
		n--
		handler(w, r)
		return true
	}
}

func TestWhatIsAskedAgain(t *testing.T) {
	reset := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	wait := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	for name, tc := range map[string]struct {
		handler http.HandlerFunc
		times   int
		waits   int
		ok      bool
	}{
		"502 once":   {status(502), 1, 1, true},
		"503 twice":  {status(503), 2, 2, true},
		"504 always": {status(504), 3, 2, false},
		// net/http itself asks again where a pooled connection turns out to be dead.
		"reset once":             {reset, 1, 0, true},
		"reset twice":            {reset, 2, 1, true},
		"500 once":               {status(500), 1, 0, false},
		"429 once":               {status(429), 1, 0, false},
		"400 once":               {status(400), 1, 0, false},
		"503 with a Retry-After": {wait, 1, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.push(t, "image-0:latest")
			var waits []time.Duration
			s := h.source(t, setup{cfg: oneByOne, opts: Options{Wait: func(_ context.Context, d time.Duration) error {
				waits = append(waits, d)
				return nil
			}}})
			require.NoError(t, s.Ask(t.Context(), many(1)).Err)
			h.requests()
			h.answer(failing(tc.times, tc.handler))
			report := s.Ask(t.Context(), many(1))
			require.Len(t, waits, tc.waits)
			heads := tc.times
			if tc.ok {
				heads++
			}
			require.Equal(t, heads, count(h.requests(), "HEAD "))
			if tc.ok {
				require.NoError(t, report.Err)
				require.Equal(t, fact.Present, report.Manifests[ref("image-0:latest")].Status)
				return
			}
			require.Error(t, report.Err)
			require.Empty(t, report.Manifests)
		})
	}
}

func TestTheWaitsAreShortAndJittered(t *testing.T) {
	for _, d := range backoff {
		for range 100 {
			require.GreaterOrEqual(t, jitter(d), d/2)
			require.Less(t, jitter(d), d*3/2)
		}
	}
	require.NoError(t, sleep(t.Context(), time.Nanosecond))
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	require.ErrorIs(t, sleep(ctx, time.Hour), stop)
}

func TestAskingAgainEndsWithTheRound(t *testing.T) {
	h := newHost(t)
	h.push(t, "image-0:latest")
	s := h.source(t, setup{opts: Options{Wait: func(context.Context, time.Duration) error { return context.Canceled }}})
	h.answer(only("/manifests/", status(http.StatusServiceUnavailable)))
	report := s.Ask(t.Context(), many(1))
	require.Equal(t, fault.Unreachable, fault.KindOf(report.Err))
	require.Equal(t, 1, count(h.requests(), "HEAD "))
}
