package server

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeptIsBoundedByBytes(t *testing.T) {
	k := newKept[int](100)
	k.put("a", 1, 40)
	k.put("b", 2, 40)
	_, _ = k.get("a") // asked for lately
	k.put("c", 3, 40)
	for key, want := range map[string]int{"a": 1, "c": 3} {
		got, ok := k.get(key)
		require.True(t, ok, key)
		require.Equal(t, want, got)
	}
	_, ok := k.get("b")
	require.False(t, ok, "the one that nobody asked for")

	k.put("a", 4, 60) // in place of the smaller one
	require.Equal(t, 100, k.bytes)
	k.put("a", 5, 101)
	_, ok = k.get("a")
	require.False(t, ok, "more than is kept in all")
	require.Equal(t, 40, k.bytes)
	k.put("c", 6, 100)
	require.Equal(t, 100, k.bytes)
	k.put("d", 7, 1)
	require.Equal(t, 1, k.bytes)
}

func TestKeptForMany(t *testing.T) {
	k := newKept[string](1000)
	var users sync.WaitGroup
	for n := range 8 {
		users.Go(func() {
			for i := range 500 {
				key := fmt.Sprint(i % 40)
				if got, ok := k.get(key); ok && got != key {
					t.Errorf("%s for %s", got, key)
				}
				k.put(key, key, 30+n)
			}
		})
	}
	users.Wait()
	require.LessOrEqual(t, k.bytes, 1000)
	require.LessOrEqual(t, k.values.Len(), 33)
}
