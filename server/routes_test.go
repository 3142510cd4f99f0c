package server_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api/apitest"
)

// everyRoute is one path for each operation of the document.
var everyRoute = []string{
	"/v1/images", "/v1/images/bookworm", "/v1/image-config", "/v1/catalog", "/v1/drift",
	"/v1/catalog/versions", "/v1/catalog/diff?from=1.2.3",
	"/v1/healthz", "/v1/readyz", "/v1/metrics", "/openapi.json", toolPath, toolPath + "/resolve?name=bookworm",
}

// toolPath is a tool's list; the tests name the tool that asks in each request
// for it.
const toolPath = "/v1/tool/wikibugs/images"

func TestEveryOperationIsThere(t *testing.T) {
	operations, err := apitest.Operations()
	require.NoError(t, err)
	require.Len(t, operations, len(everyRoute)+3, "and the webhook, which is not to be got, and two streams, which do not end")
	s := start(t, setup{values: sample})
	for _, path := range everyRoute {
		require.Equal(t, http.StatusOK, s.ask(t, http.MethodGet, path, "X-Toolforge-Tool", "wikibugs").status, path)
	}
}

func TestUnknownPathsAreOurJSON(t *testing.T) {
	s := start(t, setup{values: sample})
	for _, path := range []string{
		"//", "/v1", "/v1/", "/v2/images", "//v1/images", "/v1//images", "/v1/images/", "/v1/images/?limit=1", "/V1/images",
		"/v1/Images", "/v1/image-config/", "/v1/catalog/", "/v1/healthz/", "/openapi.json/", "/openapi.yaml", "/v1/./images",
		"/v1/x/../images", "/v1%2Fimages%2F", "/v1/images%3Flimit=1", "/%ff%fe", "/%00", "/%E2%82", "/metrics", "/healthz", "/favicon.ico",
		"/" + strings.Repeat("long/", 40_000),
	} {
		t.Run(path[:min(len(path), 30)], func(t *testing.T) {
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete} {
				a := s.ask(t, method, path)
				require.Equal(t, http.StatusNotFound, a.status, method)
				require.Empty(t, a.header.Get("Location"), "a redirect would lose the gateway's prefix")
				require.Less(t, len(a.body), 1024)
				if method == http.MethodHead {
					require.Empty(t, a.body)
					continue
				}
				failure := into[api.Error](a, http.StatusNotFound)
				require.Equal(t, "route_not_found", failure.Code)
				require.Contains(t, failure.Error[0], "/openapi.json lists what there is")
			}
		})
	}
}

func TestOtherMethodsAreRefused(t *testing.T) {
	s := start(t, setup{values: sample})
	methods := []string{
		http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace, "get", "PURGE",
		strings.Repeat("LONG", 500),
	}
	for _, path := range append([]string{"/v1/images/nope", "/v1/images?limit=0", "/v1/events", "/v1/tool/wikibugs/events"}, everyRoute...) {
		t.Run(path, func(t *testing.T) {
			for _, method := range methods {
				a := s.ask(t, method, path)
				failure := into[api.Error](a, http.StatusMethodNotAllowed)
				require.Equal(t, "method_not_allowed", failure.Code)
				require.Equal(t, "GET, HEAD", a.header.Get("Allow"))
				require.Contains(t, failure.Error[0], method[:min(len(method), 200)])
				require.Less(t, len(a.body), 1024)
			}
		})
	}
}

func TestDataAndOperationsCanBeMountedApart(t *testing.T) {
	s := start(t, setup{values: sample})
	data, operations := listen(t, s.server.Data()), listen(t, s.server.Operations())
	for _, path := range everyRoute {
		want, other := data, operations
		switch path {
		case "/v1/healthz", "/v1/readyz", "/v1/metrics":
			want, other = operations, data
		}
		require.Equal(t, http.StatusOK, want.ask(t, http.MethodGet, path, "X-Toolforge-Tool", "wikibugs").status, path)
		require.Equal(t, "route_not_found", into[api.Error](raw(t, other, path), http.StatusNotFound).Code)
	}
}

// raw asks without the document, which knows all routes.
func raw(t testing.TB, e *endpoint, path string) answer {
	t.Helper()
	response, err := e.client.Get(e.url + path)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return answer{t: t, status: response.StatusCode, header: response.Header, body: body}
}

// Lines that no Go client would send are answered, or refused by net/http
// before they come to us.
func TestOddRequestLines(t *testing.T) {
	s := start(t, setup{values: sample})
	for _, c := range []struct {
		line   string
		status int
	}{
		{"GET /v1/images HTTP/1.0", 200},
		{"GET http://elsewhere.test/v1/images HTTP/1.1", 200},
		{"GET /v1/images? HTTP/1.1", 200},
		{"GET /v1/images/a\x80b HTTP/1.1", 404},
		{"GET /v1/images/%zz HTTP/1.1", 400},
		{"GET v1/images HTTP/1.1", 400},
		{"GET * HTTP/1.1", 404},
		{"CONNECT elsewhere.test:443 HTTP/1.1", 404},
		{"GET /v1/images?limit=%zz HTTP/1.1", 400},
	} {
		t.Run(c.line, func(t *testing.T) {
			connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
			require.NoError(t, err)
			defer connection.Close()
			_, err = io.WriteString(connection, c.line+"\r\nHost: x\r\nConnection: close\r\n\r\n")
			require.NoError(t, err)
			response, err := http.ReadResponse(bufio.NewReader(connection), nil)
			require.NoError(t, err)
			defer response.Body.Close()
			require.Equal(t, c.status, response.StatusCode)
		})
	}
}
