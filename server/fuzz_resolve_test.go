package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api/apitest"
)

// Any text is a spelling: it means an image, or it is a name that nobody has. One
// of many is answered as it is alone.
func FuzzResolve(f *testing.F) {
	p := startSpelled(f, setup{})
	handler := p.server.Data()
	for _, seed := range []string{
		"bookworm", "debian12", "one.test/toolforge-bookworm-web:latest", "old.test/bookworm-tagged:v1", "registry:5000/team/thing",
		"tool-c/web", "tool-c/:v1", "tool-c/web@sha256:1", "tool-a--b/app", "tool-a-char.sep-b/app:latest", "tool-hidden/vault",
		"x:y@sha:123", "", "@", ":", "/", "tool-/", "\x00\xff é:", "buried", "localhost/x", "[::1]:5000/x", "a.b/tool-c/web:v1@",
	} {
		f.Add(seed)
	}
	ask := func(t *testing.T, query url.Values) (*http.Request, *httptest.ResponseRecorder) {
		query.Set("explain", "true")
		request := httptest.NewRequest(http.MethodGet, "/v1/tool/c/images/resolve?"+query.Encode(), nil)
		request.Header.Set("X-Toolforge-Tool", "c")
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request.WithContext(context.WithValue(t.Context(), http.LocalAddrContextKey, loopback)))
		return request, recorder
	}
	f.Fuzz(func(t *testing.T, text string) {
		request, alone := ask(t, url.Values{"name": {text}})
		require.Contains(t, []int{http.StatusOK, http.StatusNotFound, http.StatusGone}, alone.Code)
		require.NoError(t, apitest.Check(request, alone.Result(), alone.Body.Bytes()))
		require.NotContains(t, alone.Body.String(), "harbor.test/tool-hidden", "another tool's private image")

		request, many := ask(t, url.Values{"name": {text, text}})
		require.NoError(t, apitest.Check(request, many.Result(), many.Body.Bytes()))
		var batch api.ResolutionsAnswer
		require.NoError(t, json.Unmarshal(many.Body.Bytes(), &batch))
		require.Len(t, batch.Results, 2)
		require.Equal(t, batch.Results[0], batch.Results[1])
		require.Equal(t, alone.Code, batch.Results[0].Status)
	})
}
