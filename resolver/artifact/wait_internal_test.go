package artifact

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The pause between attempts ends with the caller's context.
func TestSleep(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, sleep(ctx, time.Hour), context.Canceled)
	require.NoError(t, sleep(t.Context(), time.Nanosecond))
}

func TestFits(t *testing.T) {
	require.True(t, fits(t.Context(), time.Hour))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.True(t, fits(ctx, time.Second))
	require.False(t, fits(ctx, time.Hour))
}
