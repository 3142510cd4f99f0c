package client_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/client"
)

func second[T any](_ T, err error) error { return err }

// errorOf gives the server's no, and fails for anything else.
func errorOf(t testing.TB, err error) *client.Error {
	t.Helper()
	refusal, ok := errors.AsType[*client.Error](err)
	require.True(t, ok, "%v", err)
	require.NotErrorIs(t, err, client.ErrCouldNotAsk)
	return refusal
}

func TestNotThere(t *testing.T) {
	p := startPlatform(t)
	c, pauses := p.ask(t, client.Options{})
	unknown := errorOf(t, second(c.Image(t.Context(), "bokworm")))
	require.ErrorIs(t, unknown, client.ErrNotThere)
	require.Equal(t, api.CodeImageNotFound, unknown.Body.Code)
	require.Equal(t, api.List[string]{"bookworm"}, unknown.Body.Suggestions)
	require.Equal(t, "bokworm", unknown.Body.Image.ShortName)
	require.EqualError(t, unknown, `there is no image "bokworm"; did you mean bookworm?`)

	removed := errorOf(t, second(c.Image(t.Context(), "node6")))
	require.ErrorIs(t, removed, client.ErrNotThere)
	require.Equal(t, http.StatusGone, removed.Status)
	require.Equal(t, "node20", removed.Body.Tombstone.ReplacedBy)

	require.Len(t, p.requests(), 2, "a no is not asked for again")
	require.Empty(t, *pauses)
}

// A page of a proxy that says 404 knows nothing of images.
func TestSomebodyElsesNotFoundIsNotNotThere(t *testing.T) {
	p := startPlatform(t)
	c, _ := p.ask(t, client.Options{})
	for _, status := range []int{http.StatusNotFound, http.StatusGone, http.StatusForbidden} {
		p.strike(harbortest.HTML(status))
		err := second(c.Image(t.Context(), "bookworm"))
		require.ErrorIs(t, err, client.ErrCouldNotAsk)
		require.NotErrorIs(t, err, client.ErrNotThere)
		require.ErrorContains(t, err, "no Bayplan server")
	}
}

func TestOtherRefusals(t *testing.T) {
	p := startPlatform(t)
	c, _ := p.ask(t, client.Options{})
	bad := errorOf(t, second(c.List(t.Context(), client.Query{Sort: "size"})))
	require.Equal(t, http.StatusBadRequest, bad.Status)
	require.NotErrorIs(t, bad, client.ErrNotThere)

	below, err := client.New(p.url+"/elsewhere/", client.Options{})
	require.NoError(t, err)
	nowhere := errorOf(t, second(below.List(t.Context(), client.Query{})))
	require.Equal(t, api.CodeRouteNotFound, nowhere.Body.Code)
	require.NotErrorIs(t, nowhere, client.ErrNotThere, "a route is no image")

	p.strike(harbortest.Body(http.StatusTeapot, "application/json", `{"code": "teapot"}`))
	require.EqualError(t, errorOf(t, second(c.List(t.Context(), client.Query{}))), "the server answers 418 (teapot)")
}

func TestNewRefuses(t *testing.T) {
	for _, base := range []string{"", "localhost:8080", "ftp://x", "http://", "http://u:secret@x", "http://x?y", "http://x#y", "http://x\x7f"} {
		_, err := client.New(base, client.Options{})
		require.Error(t, err, base)
		require.NotContains(t, err.Error(), "secret")
	}
}
