package seed_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/seed"
)

// BenchmarkRead reads the rows of 100,000 repositories.
func BenchmarkRead(b *testing.B) {
	var text strings.Builder
	text.WriteString(head + "[")
	for n := range 100_000 {
		if n > 0 {
			text.WriteByte(',')
		}
		text.WriteString(strings.ReplaceAll(alpha, "tool-alpha", fmt.Sprintf("tool-t%06d", n)))
	}
	text.WriteString("]}")
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		got, err := seed.Read(strings.NewReader(text.String()), seed.Options{MaxBytes: 1 << 30, MaxRows: 1e6, MaxAge: 1e15, Now: now})
		require.NoError(b, err)
		require.Equal(b, 100_000, got.Users.View.Images)
	}
}
