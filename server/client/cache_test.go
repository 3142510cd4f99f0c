package client_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/client"
)

// An answer that still holds is not sent again, and its bytes are there once.
func TestETag(t *testing.T) {
	p := startPlatform(t)
	c, _ := p.ask(t, client.Options{})
	one, err := c.List(t.Context(), client.Query{})
	require.NoError(t, err)
	require.Empty(t, p.requests()[0].Header.Get("If-None-Match"))
	status := 0
	p.strike(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		seen := &statusWriter{ResponseWriter: w}
		next.ServeHTTP(seen, r)
		status = seen.status
	})
	two, err := c.List(t.Context(), client.Query{})
	require.NoError(t, err)
	require.Equal(t, http.StatusNotModified, status)
	require.Same(t, &one.Raw[0], &two.Raw[0])
	require.Equal(t, one.Body, two.Body)
	require.False(t, two.ConfirmedAt.Before(one.ConfirmedAt))
	two.Body.Images[0].ShortName = "mine"
	three, err := c.List(t.Context(), client.Query{})
	require.NoError(t, err)
	require.Equal(t, one.Body, three.Body, "what one caller does to theirs is nobody else's")

	p.push(t, "tool-alpha", harbortest.Public, "more:latest")
	require.NoError(t, p.resolver.RefreshUsers(t.Context()))
	four, err := c.List(t.Context(), client.Query{})
	require.NoError(t, err)
	require.Len(t, four.Body.Images, len(one.Body.Images)+1)
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// What one tool sees never answers another.
func TestToolsDoNotShare(t *testing.T) {
	p := startPlatform(t)
	c, _ := p.ask(t, client.Options{})
	_, err := c.ToolImages(t.Context(), "gamma", client.Query{})
	require.NoError(t, err)
	p.strike(harbortest.Reset())
	require.ErrorIs(t, second(c.ToolImages(t.Context(), "alpha", client.Query{})), client.ErrCouldNotAsk)
	require.ErrorIs(t, second(c.List(t.Context(), client.Query{})), client.ErrCouldNotAsk)
	require.NoError(t, second(c.ToolImages(t.Context(), "gamma", client.Query{})))
}

// The cache has a bound: who asked longest ago is forgotten first, and what is
// larger than all of it is not kept.
func TestCacheIsBounded(t *testing.T) {
	p := startPlatform(t)
	known := func(c *client.Client, name string) bool {
		require.NoError(t, second(c.Image(t.Context(), name)))
		requests := p.requests()
		return requests[len(requests)-1].Header.Get("If-None-Match") != ""
	}
	for bytes, kept := range map[int64]bool{-1: false, 1: false, 0: true} {
		c, _ := p.ask(t, client.Options{CacheBytes: bytes})
		require.False(t, known(c, "bookworm"))
		require.Equal(t, kept, known(c, "bookworm"), bytes)
	}
	one, err := first(p.ask(t, client.Options{})).Image(t.Context(), "bookworm")
	require.NoError(t, err)
	c, _ := p.ask(t, client.Options{CacheBytes: int64(2*len(one.Raw) + 1300)}) // two, with what they need beside
	for _, name := range []string{"bookworm", "node18", "bookworm", "node20"} {
		known(c, name)
	}
	require.True(t, known(c, "bookworm"))
	require.False(t, known(c, "node18"), "nobody asked for it since")
}

func first[T, U any](value T, _ U) T { return value }

func TestManyAtOnce(t *testing.T) {
	p := startPlatform(t)
	c, err := client.New(p.url, client.Options{})
	require.NoError(t, err)
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			name := []string{"bookworm", "node18", "node20", "a/b"}[i%4]
			for range 8 {
				got, err := c.Image(t.Context(), name)
				if err != nil || got.Body.Image.ShortName != name {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	all.Wait()
}
