package client_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/client"
)

const notReady = `{"error":["there is no snapshot yet"],"code":"not_ready"}`

func TestRetries(t *testing.T) {
	for name, fault := range map[string]harbortest.Fault{
		"503": harbortest.Body(http.StatusServiceUnavailable, "application/json", notReady), "reset": harbortest.Reset(), "HTML": harbortest.HTML(http.StatusOK),
	} {
		t.Run(name, func(t *testing.T) {
			p := startPlatform(t)
			c, pauses := p.ask(t, client.Options{})
			p.strikeOnce(2, fault)
			got, err := c.List(t.Context(), client.Query{})
			require.NoError(t, err)
			require.False(t, got.Stale(), "it was asked in the end")
			require.Len(t, p.requests(), 3)
			require.Len(t, *pauses, 2)
			for i, most := range []time.Duration{200 * time.Millisecond, 400 * time.Millisecond} {
				require.GreaterOrEqual(t, (*pauses)[i], most/2)
				require.LessOrEqual(t, (*pauses)[i], most)
			}

			p.strikeOnce(3, fault)
			got, err = c.List(t.Context(), client.Query{})
			require.NoError(t, err)
			require.True(t, got.Stale(), "three tries are all")
			require.ErrorContains(t, got.Failure, "3 tries")
			require.Len(t, p.requests(), 3)
		})
	}
}

func TestRetryAfter(t *testing.T) {
	p := startPlatform(t)
	unready := func(after string) harbortest.Fault {
		return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			w.Header().Set("Retry-After", after)
			harbortest.Body(http.StatusServiceUnavailable, "application/json", notReady)(w, r, next)
		}
	}
	c, pauses := p.ask(t, client.Options{Budget: time.Minute})
	p.strikeOnce(1, unready("4"))
	_, err := c.List(t.Context(), client.Query{})
	require.NoError(t, err)
	require.Equal(t, []time.Duration{4 * time.Second}, *pauses)

	*pauses = nil
	p.requests()
	p.strikeOnce(1, unready("61"))
	old, err := c.List(t.Context(), client.Query{})
	require.NoError(t, err)
	require.Len(t, p.requests(), 1, "the wait would not fit the budget, so nobody waits")
	require.Empty(t, *pauses)
	failure := &client.AskError{}
	require.ErrorAs(t, old.Failure, &failure)
	require.Equal(t, 61*time.Second, failure.RetryAfter)
	require.Equal(t, 1, failure.Attempts)
	refusal := &client.Error{}
	require.ErrorAs(t, old.Failure, &refusal)
	require.Equal(t, "not_ready", refusal.Body.Code)

	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	p.strikeOnce(1, unready("4"))
	_, err = c.List(ctx, client.Query{})
	require.NoError(t, err)
	require.Empty(t, *pauses, "nor longer than the caller has")
}

func TestAttempts(t *testing.T) {
	p := startPlatform(t)
	p.strike(harbortest.Reset())
	for most, want := range map[int]int{1: 1, 0: client.DefaultAttempts, 7: 7, -1: client.DefaultAttempts} {
		c, _ := p.ask(t, client.Options{Attempts: most})
		require.Error(t, second(c.Catalog(t.Context())))
		require.Len(t, p.requests(), want)
	}
}

// A wait that the context ends is the end of the tries.
func TestWaitEndsWithTheContext(t *testing.T) {
	p := startPlatform(t)
	p.strike(harbortest.Reset())
	c, _ := p.ask(t, client.Options{})
	c.SetWait(func(context.Context, time.Duration) bool { return false })
	require.ErrorIs(t, second(c.Catalog(t.Context())), client.ErrCouldNotAsk)
	require.Len(t, p.requests(), 1)
}
