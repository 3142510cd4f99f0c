package endpoint

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// canary is another host, which writes down what it is shown.
type canary struct {
	*httptest.Server
	mu   sync.Mutex
	seen []http.Header
}

func newCanary(t *testing.T) *canary {
	t.Helper()
	c := &canary{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.seen = append(c.seen, r.Header.Clone())
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *canary) requests() []http.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen
}

func (c *canary) host() string { return strings.TrimPrefix(c.URL, "http://") }

func get(t *testing.T, e *Endpoint, method, target string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequest(method, target, strings.NewReader(""))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Basic c2VjcmV0")
	req.Header.Set("Cookie", "sid=secret")
	resp, err := client(e).Do(req)
	if err == nil {
		resp.Body.Close()
	}
	return resp, err
}

func redirector(t *testing.T, target string) *httptest.Server {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/here" {
			return
		}
		http.Redirect(w, r, target, http.StatusTemporaryRedirect)
	})
}

func TestRedirectToAnotherHostIsRefused(t *testing.T) {
	other := newCanary(t)
	server := redirector(t, other.URL+"/blob?sig=secret")
	_, err := get(t, reach(t, server, Config{}, Options{}), http.MethodGet, server.URL)
	err = Classify(err)
	require.ErrorContains(t, err, "registry.test: refused its redirect to another host, "+other.host())
	require.Equal(t, fault.Unreachable, fault.KindOf(err))
	require.Contains(t, fault.HintOf(err), "redirectHosts")
	require.NotContains(t, err.Error(), "secret")
	require.Empty(t, other.requests())
}

func TestRedirectToAListedHostLosesTheCredentials(t *testing.T) {
	other := newCanary(t)
	server := redirector(t, other.URL)
	e := reach(t, server, Config{RedirectHosts: []string{other.host()}}, Options{})
	_, err := get(t, e, http.MethodGet, server.URL)
	require.NoError(t, err)
	require.Len(t, other.requests(), 1)
	require.Empty(t, other.requests()[0].Get("Authorization"))
	require.Empty(t, other.requests()[0].Get("Cookie"))
}

func TestRedirectOfAPostToAListedHostIsRefused(t *testing.T) {
	other := newCanary(t)
	server := redirector(t, other.URL)
	e := reach(t, server, Config{RedirectHosts: []string{other.host()}}, Options{})
	_, err := get(t, e, http.MethodPost, server.URL)
	require.ErrorContains(t, err, "refused its redirect of a POST")
	require.Empty(t, other.requests())
}

func TestRedirectOnTheSameHostKeepsTheCredentials(t *testing.T) {
	var shown string
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/here" {
			shown = r.Header.Get("Authorization")
			return
		}
		http.Redirect(w, r, "/here", http.StatusFound)
	})
	_, err := get(t, reach(t, server, Config{}, Options{}), http.MethodGet, server.URL)
	require.NoError(t, err)
	require.Equal(t, "Basic c2VjcmV0", shown)
}

func TestRedirectFromHTTPSToHTTPIsRefusedEvenIfListed(t *testing.T) {
	other := newCanary(t)
	server := httptest.NewTLSServer(http.RedirectHandler(other.URL, http.StatusFound))
	t.Cleanup(server.Close)
	e := reach(t, server, Config{RedirectHosts: []string{other.host()}}, Options{})
	_, err := get(t, e, http.MethodGet, server.URL)
	require.ErrorContains(t, err, "refused its redirect from https to http")
	require.Empty(t, other.requests())
}

func TestRedirectsEnd(t *testing.T) {
	var count int
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		count++
		http.Redirect(w, r, "/again", http.StatusFound)
	})
	_, err := get(t, reach(t, server, Config{}, Options{}), http.MethodGet, server.URL)
	require.ErrorContains(t, err, "redirects more than 5 times")
	require.Equal(t, 6, count)
}

// A token realm is somebody else's URL: the credentials go only where the
// operator said.
func TestRequestsToOtherHosts(t *testing.T) {
	other := newCanary(t)
	server := serve(t, func(http.ResponseWriter, *http.Request) {})

	_, err := get(t, reach(t, server, Config{}, Options{}), http.MethodGet, other.URL+"/token?account=secret")
	err = Classify(err)
	require.ErrorContains(t, err, "refused to ask "+other.host())
	require.Contains(t, fault.HintOf(err), "authHosts")
	require.NotContains(t, err.Error(), "secret")
	require.Empty(t, other.requests())

	_, err = get(t, reach(t, server, Config{AuthHosts: []string{other.host()}}, Options{}), http.MethodGet, other.URL)
	require.NoError(t, err)
	require.Equal(t, "Basic c2VjcmV0", other.requests()[0].Get("Authorization"))

	_, err = get(t, reach(t, server, Config{RedirectHosts: []string{other.host()}}, Options{}), http.MethodGet, other.URL)
	require.ErrorContains(t, err, "refused to ask", "a redirect host gets no tokens asked of it")
}

func TestAnHTTPSRegistryIsNeverAskedOverHTTP(t *testing.T) {
	other := newCanary(t)
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	e := reach(t, server, Config{AuthHosts: []string{other.host()}}, Options{})

	_, err := get(t, e, http.MethodGet, "http://"+e.Address())
	require.ErrorContains(t, err, "refused to ask over http a registry that is configured for https")
	_, err = get(t, e, http.MethodGet, other.URL)
	require.ErrorContains(t, err, "refused to send credentials to "+other.host()+" over plain HTTP")
	require.Empty(t, other.requests())
}

func TestAddress(t *testing.T) {
	for raw, want := range map[string]string{
		"https://A.Example":      "a.example:443",
		"http://a.example":       "a.example:80",
		"https://a.example:8443": "a.example:8443",
		"https://[::1]":          "[::1]:443",
	} {
		u, err := url.Parse(raw)
		require.NoError(t, err)
		require.Equal(t, want, address(u))
	}
}
