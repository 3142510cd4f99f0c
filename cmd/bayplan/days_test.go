package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAgesAreWrittenInDays(t *testing.T) {
	for text, want := range map[string]time.Duration{"90d": 90 * day, "0d": 0, "36h": 36 * time.Hour, "1h30m": 90 * time.Minute, "48h": 2 * day} {
		var d days
		require.NoError(t, d.Set(text), text)
		require.Equal(t, want, time.Duration(d), text)
		var again days
		if d != 0 {
			require.NoError(t, again.Set(d.String()))
		}
		require.Equal(t, d, again)
	}
	for _, text := range []string{"", "d", "-1d", "-1h", "1.5d", "90", "1w", "999999999999d", "90 d"} {
		require.Error(t, new(days).Set(text), text)
	}
}
