package client_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/client"
)

// outages are the ways in which a server can fail to answer.
var outages = map[string]harbortest.Fault{
	"503 of its own":       harbortest.Body(http.StatusServiceUnavailable, "application/json", `{"error":["there is no snapshot yet"],"code":"not_ready"}`),
	"500 of its own":       harbortest.Body(http.StatusInternalServerError, "application/json", `{"error":["something went wrong"],"code":"internal"}`),
	"503 of a proxy":       harbortest.HTML(http.StatusServiceUnavailable),
	"429":                  harbortest.RetryAfter(http.StatusTooManyRequests, 1),
	"reset":                harbortest.Reset(),
	"HTML for JSON":        harbortest.HTML(http.StatusOK),
	"oversize":             harbortest.EndlessBody(),
	"cut off":              cutOff,
	"null":                 harbortest.Body(http.StatusOK, "application/json", "null"),
	"null for a list":      harbortest.Body(http.StatusOK, "application/json", `{"images":null,"messages":{}}`),
	"another API's object": harbortest.Body(http.StatusOK, "application/json", `{"status":"OK"}`),
	"nothing":              harbortest.Body(http.StatusOK, "application/json", ""),
	"204":                  harbortest.Body(http.StatusNoContent, "application/json", ""),
	"304 unasked":          unasked,
	"elsewhere":            harbortest.Redirect("http://elsewhere.invalid/v1/images"),
	"round and round": func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
	},
}

// cutOff ends the connection before the body that was announced is sent.
func cutOff(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	w.Header().Set("Content-Length", "1000")
	_, _ = w.Write([]byte(`{"images":[`))
}

// unasked says that what the caller holds still holds, to whoever holds nothing.
func unasked(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if r.Header.Get("If-None-Match") != "" {
		harbortest.Reset()(w, r, next)
		return
	}
	w.WriteHeader(http.StatusNotModified)
}

// However the server fails, who knows nothing learns that nobody could be asked,
// and who knows something goes on with it and learns how old it is.
func TestOutages(t *testing.T) {
	for name, fault := range outages {
		t.Run(name, func(t *testing.T) {
			p := startPlatform(t)
			c, _ := p.ask(t, client.Options{MaxBody: 1 << 20})
			p.strike(fault)
			_, err := c.List(t.Context(), client.Query{})
			require.ErrorIs(t, err, client.ErrCouldNotAsk)
			require.NotErrorIs(t, err, client.ErrNotThere)
			require.ErrorContains(t, err, strings.TrimPrefix(p.url, "http://"))

			p.strike(nil)
			good, err := c.List(t.Context(), client.Query{})
			require.NoError(t, err)
			require.False(t, good.Stale())
			c.SetNow(func() time.Time { return good.ConfirmedAt.Add(time.Hour) })
			p.strike(fault)
			old, err := c.List(t.Context(), client.Query{})
			require.NoError(t, err)
			require.True(t, old.Stale())
			require.ErrorIs(t, old.Failure, client.ErrCouldNotAsk)
			require.Equal(t, time.Hour, old.Age)
			require.Equal(t, good.ConfirmedAt, old.ConfirmedAt)
			require.Equal(t, good.Body, old.Body)

			p.strike(nil)
			again, err := c.List(t.Context(), client.Query{})
			require.NoError(t, err)
			require.False(t, again.Stale())
			require.Zero(t, again.Age)
		})
	}
}

// Who waits for a server that never answers leaves when their context ends.
func TestStallEndsWithTheContext(t *testing.T) {
	p := startPlatform(t)
	c, _ := p.ask(t, client.Options{})
	stall := harbortest.NewStall()
	p.strike(stall.Fault)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-stall.Arrived()
		cancel()
	}()
	_, err := c.List(ctx, client.Query{})
	require.ErrorIs(t, err, client.ErrCouldNotAsk)
	require.ErrorIs(t, err, context.Canceled)

	p.strike(nil)
	_, err = c.List(t.Context(), client.Query{})
	require.NoError(t, err)
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	_, err = c.List(ctx, client.Query{})
	require.ErrorIs(t, err, context.Canceled, "whoever went away wants no answer")

	late, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	old, err := c.List(late, client.Query{})
	require.NoError(t, err, "whoever has no more time does")
	require.True(t, old.Stale())
	require.ErrorIs(t, old.Failure, context.DeadlineExceeded)
}

// One try that hangs does not use up the budget of the others.
func TestAttemptTimeout(t *testing.T) {
	p := startPlatform(t)
	c, _ := p.ask(t, client.Options{AttemptTimeout: time.Nanosecond, Attempts: 2})
	_, err := c.List(t.Context(), client.Query{})
	require.ErrorIs(t, err, client.ErrCouldNotAsk)
	require.ErrorContains(t, err, "2 tries")
}

func TestMaxStale(t *testing.T) {
	p := startPlatform(t)
	for most, served := range map[time.Duration]bool{time.Hour: true, time.Hour - 1: false, -1: false, 0: true} {
		p.strike(nil)
		c, _ := p.ask(t, client.Options{MaxStale: most})
		good, err := c.List(t.Context(), client.Query{})
		require.NoError(t, err)
		c.SetNow(func() time.Time { return good.ConfirmedAt.Add(time.Hour) })
		p.strike(harbortest.Reset())
		_, err = c.List(t.Context(), client.Query{})
		if served {
			require.NoError(t, err, most)
		} else {
			require.ErrorIs(t, err, client.ErrCouldNotAsk, most)
		}
	}
}

// What is gone is gone, however well it was known before.
func TestNoIsNeverAnsweredByAnOlderYes(t *testing.T) {
	p := startPlatform(t)
	c, _ := p.ask(t, client.Options{})
	_, err := c.Image(t.Context(), "tool-alpha/alpha:latest")
	require.NoError(t, err)
	p.harbor.DeleteRepository("tool-alpha/alpha")
	require.NoError(t, p.resolver.RefreshUsers(t.Context()))
	require.ErrorIs(t, second(c.Image(t.Context(), "tool-alpha/alpha:latest")), client.ErrNotThere)
	p.strike(harbortest.Reset())
	err = second(c.Image(t.Context(), "tool-alpha/alpha:latest"))
	require.ErrorIs(t, err, client.ErrCouldNotAsk, "an outage brings nothing back")
	require.NotErrorIs(t, err, client.ErrNotThere)
}

// A redirect to another host is not followed, so that it never sees who asks; one
// on the same host is.
func TestRedirects(t *testing.T) {
	p := startPlatform(t)
	asked := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	t.Cleanup(elsewhere.Close)
	c, pauses := p.ask(t, client.Options{})
	p.strike(harbortest.Redirect(elsewhere.URL + "/v1/images"))
	err := second(c.ToolImages(t.Context(), "alpha", client.Query{}))
	require.ErrorIs(t, err, client.ErrCouldNotAsk)
	require.ErrorContains(t, err, "redirects to another place")
	require.Zero(t, asked)
	require.Empty(t, *pauses, "it would redirect again")

	p.strike(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.URL.Path == "/v1/images" {
			http.Redirect(w, r, "/v1/tool/alpha/images", http.StatusTemporaryRedirect)
			return
		}
		r.Header.Set("X-Toolforge-Tool", "alpha")
		next.ServeHTTP(w, r)
	})
	_, err = c.List(t.Context(), client.Query{})
	require.NoError(t, err)
}
