package server_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api/apitest"
)

// noon is when tests take place.
var noon = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

// service is a server with a real resolver behind it and HTTP before it; only
// the registries are made up. Tests edit the catalog in its directory.
type service struct {
	*endpoint
	directory  string
	registries *registries
	resolver   *resolver.Resolver
	server     *server.Server
	metrics    *server.Metrics
}

// setup is how a service is made; its zero value works.
type setup struct {
	values string // values.yaml; "" for the catalog that ships with Bayplan
	now    func() time.Time
	logger *slog.Logger
	cold   bool           // nobody has been asked yet
	users  resolver.Users // what tools built; nil for a platform without
	pause  time.Duration  // between two rounds, once the resolver runs; 0 for its own
	// options are the server's; Metrics and Logger come from elsewhere.
	options server.Options
}

func start(t testing.TB, s setup) *service {
	t.Helper()
	if s.now == nil {
		s.now = func() time.Time { return noon }
	}
	out := &service{directory: filepath.Join(t.TempDir(), "private-place"), registries: &registries{}, metrics: server.NewMetrics()}
	if s.values == "" {
		require.NoError(t, os.CopyFS(out.directory, chart.BundledFS()))
	} else {
		require.NoError(t, os.Mkdir(out.directory, 0o755))
		out.write(t, "Chart.yaml", "apiVersion: v2\nname: image-config\nversion: 1.2.3\n")
		out.write(t, "values.yaml", s.values)
	}
	out.resolver = resolver.New(resolver.FromPath(out.directory), out.registries.live,
		resolver.Options{Now: s.now, Observe: out.metrics.Round, Users: s.users, Interval: s.pause})
	t.Cleanup(out.resolver.Close)
	var err error
	s.options.Metrics, s.options.Logger = out.metrics, s.logger
	out.server, err = server.New(out.resolver, s.options)
	require.NoError(t, err)
	out.endpoint = listen(t, out.server.Handler())
	if !s.cold {
		out.refresh(t)
	}
	return out
}

// write puts a file of the chart in place.
func (s *service) write(t testing.TB, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(s.directory, name), []byte(text), 0o644))
}

// refresh lets the resolver ask everybody once.
func (s *service) refresh(t testing.TB) {
	t.Helper()
	require.NoError(t, s.resolver.Refresh(context.Background()))
}

// endpoint is a listening handler and a client that undoes no coding.
type endpoint struct {
	url    string
	client *http.Client
}

func listen(t testing.TB, handler http.Handler) *endpoint {
	t.Helper()
	http := httptest.NewServer(handler)
	t.Cleanup(http.Close)
	return &endpoint{url: http.URL, client: bareClient(t)}
}

func bareClient(t testing.TB) *http.Client {
	t.Helper()
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// answer is what came back, already held against the published document.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

// get asks for a path; headers are name, value, name, value.
func (e *endpoint) get(t testing.TB, path string, headers ...string) answer {
	t.Helper()
	return e.ask(t, http.MethodGet, path, headers...)
}

func (e *endpoint) ask(t testing.TB, method, path string, headers ...string) answer {
	t.Helper()
	request, err := http.NewRequest(method, e.url+path, nil)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	return e.send(t, request)
}

func (e *endpoint) send(t testing.TB, request *http.Request) answer {
	t.Helper()
	response, err := e.client.Do(request)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	apitest.Validate(t, request, response, body)
	return answer{t: t, status: response.StatusCode, header: response.Header, body: body}
}

// into decodes the body of an answer with an expected status.
func into[T any](a answer, status int) (value T) {
	a.t.Helper()
	require.Equal(a.t, status, a.status, "%s", a.body)
	require.NoError(a.t, json.Unmarshal(a.body, &value), "%s", a.body)
	return value
}

// decode reads one JSON document.
func decode[T any](t testing.TB, from io.Reader) (value T) {
	t.Helper()
	require.NoError(t, json.NewDecoder(from).Decode(&value))
	return value
}

// images asks for a list and gives its records.
func (e *endpoint) images(t testing.TB, query string) []api.Image {
	t.Helper()
	return into[api.ImagesAnswer](e.get(t, "/v1/images"+query), http.StatusOK).Images
}

// names asks for a list and gives its short names in order.
func (e *endpoint) names(t testing.TB, query string) []string {
	t.Helper()
	out := []string{}
	for _, image := range e.images(t, query) {
		out = append(out, image.ShortName)
	}
	return out
}

// failure asks for something that cannot be answered.
func (e *endpoint) failure(t testing.TB, path string, status int, headers ...string) api.Error {
	t.Helper()
	a := e.get(t, path, headers...)
	failure := into[api.Error](a, status)
	require.NotEmpty(t, failure.Error)
	require.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"))
	require.Equal(t, "no-store", a.header.Get("Cache-Control"))
	require.Empty(t, a.header.Get("ETag"), "errors have no validator")
	return failure
}
