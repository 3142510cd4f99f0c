package harbor_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// What may heal at once is asked at most three times; what may not, once.
func TestRetries(t *testing.T) {
	later := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "7")
		plain(503, "text/plain", "")(w, r)
	}
	limited := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "7")
		plain(429, "text/plain", "")(w, r)
	}
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		heals  bool // with the third answer
		sent   int
		after  time.Duration
	}{
		{"502 heals", plain(502, "text/html", ""), true, 3, 0},
		{"502", plain(502, "text/html", ""), false, 3, 0},
		{"503", plain(503, "text/html", ""), false, 3, 0},
		{"504", plain(504, "text/html", ""), false, 3, 0},
		{"reset", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, true, 3, 0},
		{"503 with a date", later, false, 1, 7 * time.Second},
		{"429", limited, false, 1, 7 * time.Second},
		{"500", plain(500, "text/html", ""), false, 1, 0},
		{"truncated JSON", answers(200, "1", "["), false, 1, 0},
		{"null", answers(200, "0", "null"), false, 1, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			var n atomic.Int64
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if n.Add(1) == 3 && test.heals {
					answers(200, "0", "[]")(w, r)
					return
				}
				test.answer(w, r)
			})
			var waits []time.Duration
			c := client(t, s.URL, none, harbor.Options{Wait: func(_ context.Context, d time.Duration) error {
				waits = append(waits, d)
				return nil
			}})
			_, err := c.RecentRepositories(context.Background(), 1)
			require.Len(t, s.requests(), test.sent)
			require.Len(t, waits, test.sent-1)
			if test.heals {
				require.NoError(t, err)
				require.InDelta(t, 50*time.Millisecond, waits[0], float64(25*time.Millisecond))
				require.InDelta(t, 200*time.Millisecond, waits[1], float64(100*time.Millisecond))
				return
			}
			require.Error(t, err)
			require.Equal(t, test.after, fault.RetryAfterOf(err))
		})
	}
}

func TestCancelledWhileWaiting(t *testing.T) {
	s := serve(t, plain(502, "text/html", ""))
	ctx, cancel := context.WithCancel(context.Background())
	c := client(t, s.URL, none, harbor.Options{Wait: func(ctx context.Context, _ time.Duration) error {
		cancel()
		return ctx.Err()
	}})
	_, err := c.RecentRepositories(ctx, 1)
	isKind(t, err, fault.Unreachable)
	require.Len(t, s.requests(), 1)
}
