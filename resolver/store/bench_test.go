package store_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/store"
)

// large gives a state of 50,000 tools with 100,000 repositories, out of an
// inventory as a process has it.
func large(b *testing.B) *store.State {
	b.Helper()
	state := stateOf(1, 0)
	var builder inventory.Builder
	require.NoError(b, records("large", 50_000, builder.Add))
	i := inventory.New("harbor.example", nil, inventory.Options{})
	i.Recall(inventory.Memory{View: builder.View(), LastSuccess: noon})
	state.Users.Memory, _ = i.Memory()
	state.Users.Records = func(f func(*inventory.Record) error) error { return i.Records(state.Users.Memory.View, f) }
	return state
}

// BenchmarkWrite writes 100,000 repositories. B/op bounds what it adds to the
// memory of the process.
func BenchmarkWrite(b *testing.B) {
	state, s := large(b), open(b, b.TempDir())
	var size int64
	b.ReportAllocs()
	for b.Loop() {
		var err error
		size, err = s.Write(state)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(size), "file-B")
	b.ReportMetric(float64(size)/100_000, "file-B/repository")
	runtime.KeepAlive(state)
}

// BenchmarkLoad reads them back.
func BenchmarkLoad(b *testing.B) {
	s := open(b, b.TempDir())
	_, err := s.Write(large(b))
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		state, passed := s.Load()
		require.Empty(b, passed)
		require.Equal(b, 50_000, state.Users.Memory.View.Tools)
	}
}
