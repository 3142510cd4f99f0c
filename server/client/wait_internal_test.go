package client

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRetryAfterIsRead(t *testing.T) {
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "2": 2 * time.Second, " 3 ": 3 * time.Second, "-1": 0, "soon": 0, "1.5": 0,
		"Sat, 01 Aug 2026 12:00:30 GMT": 30 * time.Second, "Sat, 01 Aug 2026 11:00:00 GMT": 0,
		"99999999999999999999": 0, "999999999999": 24 * time.Hour,
	} {
		require.Equal(t, want, retryAfter(http.Header{"Retry-After": {text}}, now), text)
	}
}

func TestBackoffGrowsToABound(t *testing.T) {
	for try, most := range map[int]time.Duration{1: firstPause, 2: 2 * firstPause, 3: 4 * firstPause, 6: mostPause, 10: mostPause, 1000: mostPause} {
		for range 100 {
			d := backoff(try)
			require.GreaterOrEqual(t, d, most/2)
			require.LessOrEqual(t, d, most)
		}
	}
}

func TestWaitForEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		require.True(t, waitFor(t.Context(), time.Hour))
		require.Equal(t, time.Hour, time.Since(began))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.False(t, waitFor(ctx, time.Hour))
		require.Equal(t, time.Hour+time.Minute, time.Since(began))
	})
}
