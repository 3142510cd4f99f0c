package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
)

const friend = "https://tools.example"

// publicRoutes are those that pages of other origins may read.
var publicRoutes = []string{"/v1/images", "/v1/images/bookworm", "/v1/images?limit=1", "/v1/image-config", "/v1/catalog", "/v1/catalog/versions", "/v1/drift", "/openapi.json"}

// ofOrigin lists the headers that are about other origins.
func ofOrigin(h http.Header) []string {
	out := []string{}
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") {
			out = append(out, name)
		}
	}
	return out
}

// varies tells whether an answer is said to depend on a request header.
func varies(h http.Header, name string) bool {
	return strings.Contains(","+strings.ReplaceAll(strings.Join(h.Values("Vary"), ","), " ", "")+",", ","+name+",")
}

func TestPagesOfANamedOriginMayRead(t *testing.T) {
	s := start(t, setup{values: sample, options: server.Options{CrossOrigins: []string{"https://other.example:8443", friend}}})
	for _, path := range append([]string{"/v1/images/nope", "/v1/images?limit=0"}, publicRoutes...) {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			a := s.ask(t, method, path, "Origin", friend)
			require.Equal(t, friend, a.header.Get("Access-Control-Allow-Origin"), path)
			require.Equal(t, "Etag, Link, Retry-After", a.header.Get("Access-Control-Expose-Headers"), path)
			require.Empty(t, a.header.Get("Access-Control-Allow-Credentials"))
			require.True(t, varies(a.header, "Origin"), path)
			if a.header.Get("ETag") != "" {
				require.True(t, varies(a.header, "Accept-Encoding"), path)
			}
			for _, origin := range []string{"https://evil.example", "http://tools.example", friend + ".evil.example", "null", ""} {
				a := s.ask(t, method, path, "Origin", origin)
				require.Empty(t, ofOrigin(a.header), "%s %s", path, origin)
				require.True(t, varies(a.header, "Origin"), path)
			}
		}
	}
	tag := s.get(t, "/v1/images").header.Get("ETag")
	again := s.get(t, "/v1/images", "Origin", friend, "If-None-Match", tag)
	require.Equal(t, http.StatusNotModified, again.status)
	require.Equal(t, friend, again.header.Get("Access-Control-Allow-Origin"))

	stream := s.open(t, "/v1/events", "Origin", friend)
	require.Equal(t, friend, stream.header.Get("Access-Control-Allow-Origin"))
	require.Equal(t, "start", stream.next().Name)
}

func TestPreflight(t *testing.T) {
	s := start(t, setup{values: sample, options: server.Options{CrossOrigins: []string{friend}}})
	for _, path := range append([]string{"/v1/events"}, publicRoutes...) {
		a := s.ask(t, http.MethodOptions, path, "Origin", friend, "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "cache-control,if-none-match,last-event-id")
		require.Equal(t, http.StatusNoContent, a.status, path)
		require.Equal(t, friend, a.header.Get("Access-Control-Allow-Origin"))
		require.Equal(t, "GET", a.header.Get("Access-Control-Allow-Methods"))
		require.Equal(t, "cache-control,if-none-match,last-event-id", a.header.Get("Access-Control-Allow-Headers"))
		require.Equal(t, "600", a.header.Get("Access-Control-Max-Age"))
		require.True(t, varies(a.header, "Origin"))
		for _, headers := range [][]string{
			{"Origin", "https://evil.example", "Access-Control-Request-Method", "GET"},
			{"Origin", friend, "Access-Control-Request-Method", "DELETE"},
			{"Origin", friend, "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "x-toolforge-tool"},
		} {
			require.Empty(t, ofOrigin(s.ask(t, http.MethodOptions, path, headers...).header), "%s %v", path, headers)
		}
		require.Equal(t, http.StatusMethodNotAllowed, s.ask(t, http.MethodOptions, path, "Origin", friend).status, "no browser asks so")
	}
}

// Tools' routes, webhooks and operations are never for pages of other origins.
func TestWhatPagesMayNeverRead(t *testing.T) {
	s := start(t, setup{values: sample, options: server.Options{CrossOrigins: []string{"*"}, WebhookSecrets: secretly("0123456789abcdef")}})
	for _, path := range []string{
		toolPath, toolPath + "/resolve?name=bookworm", "/v1/tool/wikibugs/events", "/v1/healthz", "/v1/readyz", "/v1/metrics", "/v1/webhooks/harbor", "/nowhere",
	} {
		head := s.ask(t, http.MethodHead, path, "Origin", friend, "X-Toolforge-Tool", "wikibugs")
		require.Empty(t, ofOrigin(head.header), path)
		preflight := s.ask(t, http.MethodOptions, path, "Origin", friend, "Access-Control-Request-Method", "GET")
		require.GreaterOrEqual(t, preflight.status, 400, path)
		require.Empty(t, ofOrigin(preflight.header), path)
	}
}

func TestAllOrigins(t *testing.T) {
	s := start(t, setup{values: sample, options: server.Options{CrossOrigins: []string{"*"}}})
	for _, origin := range []string{friend, "null", "http://localhost:3000"} {
		a := s.get(t, "/v1/images", "Origin", origin)
		require.Equal(t, "*", a.header.Get("Access-Control-Allow-Origin"))
		require.Empty(t, a.header.Get("Access-Control-Allow-Credentials"))
	}
}

func TestNobodyElseMayReadByDefault(t *testing.T) {
	s := start(t, setup{values: sample})
	for _, path := range publicRoutes {
		a := s.get(t, path, "Origin", friend)
		require.Empty(t, ofOrigin(a.header))
		require.False(t, varies(a.header, "Origin"))
		preflight := s.ask(t, http.MethodOptions, path, "Origin", friend, "Access-Control-Request-Method", "GET")
		require.Equal(t, http.StatusMethodNotAllowed, preflight.status)
	}
}

func TestWhatIsNoOrigin(t *testing.T) {
	s := start(t, setup{values: sample})
	for _, origin := range []string{"", "tools.example", "https://", "https://tools.example/", "https://tools.example/x", "https://*.example", "ftp://tools.example", "null", "https://u@tools.example", "https://tools.example?", "HTTPS://tools.example", "://", "https://a b"} {
		_, err := server.New(s.resolver, server.Options{CrossOrigins: []string{friend, origin}})
		require.True(t, fault.Is(err, fault.Usage), "%q: %v", origin, err)
		require.ErrorContains(t, err, "is no origin")
	}
}
