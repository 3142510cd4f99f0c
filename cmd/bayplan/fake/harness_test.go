package fake_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/cmd/bayplan/fake"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registry"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api/apitest"
)

// running is a platform with a Bayplan in it.
type running struct {
	t       testing.TB
	fake    *fake.Fake
	url     string
	control string
}

// platform is a small one in one file.
const platform = `formatVersion: "1.0"
images:
  bookworm: {state: stable, image: one.test/bookworm, aliases: [deb12]}
  gone: {state: deprecated, image: one.test/gone:v1}
  prebuilt: {state: stable, image: harbor.test/toolforge-pre-built/x}
  pinned: {state: stable, image: one.test/p@sha256:4bcff63911fcb4448bd4fdacec207030997caf25e9bea4045fa6c8c44de311d1}
harbor: harbor.test
missing: [gone]
tools:
  wikibugs: [wikibugs:v1, wikibugs:latest, web/api]
  a--b: {images: [{image: old:latest, stack: heroku-22}]}
  secret: {private: true, images: [secret:latest]}
  fresh: []
`

func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func start(t testing.TB, catalog, images string) *running {
	t.Helper()
	f, err := fake.Start(t.Context(), catalog, images)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	hosts, err := endpoint.New(f.Registries, endpoint.Options{Credentials: f.Credentials})
	require.NoError(t, err)
	t.Cleanup(hosts.CloseIdle)
	var users *inventory.Inventory
	for host, config := range f.Registries {
		if config.Kind == endpoint.Harbor {
			users = inventory.New(host, harbor.New(hosts.For(host), harbor.Options{}), inventory.Options{})
		}
	}
	r := resolver.New(f.Origin, func(host string) resolver.Live {
		live := registry.New(hosts.For(host), registry.Options{})
		if users.Host() == host {
			return users.Live(live)
		}
		return live
	}, resolver.Options{Users: users})
	t.Cleanup(r.Close)
	require.NoError(t, r.Refresh(t.Context()))
	s, err := server.New(r, server.Options{Proven: func(*http.Request) bool { return true }})
	require.NoError(t, err)
	front := httptest.NewServer(f.Faults.Front(s.Handler()))
	t.Cleanup(front.Close)
	control := httptest.NewServer(f.Control(func(ctx context.Context) {
		_, _ = r.RefreshUsers(ctx), r.RefreshHosts(ctx) // the Harbor's own images go by it
	}))
	t.Cleanup(control.Close)
	return &running{t: t, fake: f, url: front.URL, control: control.URL}
}

// set replaces the faults.
func (r *running) set(faults ...string) {
	r.t.Helper()
	require.NoError(r.t, r.fake.Faults.Set(faults))
}

// get asks Bayplan for a tool, and gives the error of an answer that breaks off.
func (r *running) get(path, tool string) (*http.Request, *http.Response, []byte, error) {
	r.t.Helper()
	return r.send(http.MethodGet, path, tool)
}

func (r *running) send(method, path, tool string) (*http.Request, *http.Response, []byte, error) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, http.NoBody)
	require.NoError(r.t, err)
	if tool != "" {
		request.Header.Set("X-Toolforge-Tool", tool)
	}
	response, err := bare.Do(request)
	if err != nil {
		return request, nil, nil, err
	}
	body, err := io.ReadAll(response.Body)
	require.NoError(r.t, response.Body.Close())
	return request, response, body, err
}

// bare decompresses nothing and repeats nothing.
var bare = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// good asks for what must be answered as the document says.
func (r *running) good(path, tool string) string {
	r.t.Helper()
	request, response, body, err := r.get(path, tool)
	require.NoError(r.t, err)
	apitest.Validate(r.t, request, response, body)
	require.Equal(r.t, http.StatusOK, response.StatusCode, "%s", body)
	return string(body)
}

// tell sends something to the control routes.
func (r *running) tell(method, path, body string, status int) string {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), method, r.control+path, strings.NewReader(body))
	require.NoError(r.t, err)
	response, err := bare.Do(request)
	require.NoError(r.t, err)
	text := apitest.Body(r.t, response)
	require.Equal(r.t, status, response.StatusCode, "%s", text)
	return string(text)
}
