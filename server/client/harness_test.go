package client_test

import (
	"bytes"
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api/apitest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/client"
)

const sample = `formatVersion: "1.0"
images:
  bookworm: {state: stable, image: one.test/bookworm, aliases: [deb12]}
  node18: {state: deprecated, image: one.test/node18, replacedBy: node20}
  node20: {state: stable, image: one.test/node20, variants: {webservice: {image: one.test/node20-web, extra: {wstype: js}}}}
  a/b: {state: stable, image: one.test/ab}
tombstones:
  node6: {date: 2024-02-01, reason: it is old, replacedBy: node20}
`

// platform is a Bayplan with a Harbor behind it and HTTP before it.
type platform struct {
	url      string
	harbor   *harbortest.Server
	resolver *resolver.Resolver
	handler  http.Handler

	mu    sync.Mutex
	fault harbortest.Fault // nil answers as Bayplan does
	seen  []*http.Request
}

func startPlatform(t testing.TB) *platform {
	t.Helper()
	p := &platform{harbor: harbortest.Start(t, harbortest.StartOptions{})}
	p.push(t, "tool-alpha", harbortest.Public, "alpha:latest")
	p.push(t, "tool-gamma", harbortest.Private, "gamma:latest")
	directory := filepath.Join(t.TempDir(), "chart")
	require.NoError(t, os.Mkdir(directory, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(directory, "Chart.yaml"), []byte("apiVersion: v2\nname: image-config\nversion: 1.2.3\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(directory, "values.yaml"), []byte(sample), 0o600))
	p.resolver = resolver.New(resolver.FromPath(directory), func(string) resolver.Live { return present{} }, resolver.Options{Users: p.users(t)})
	t.Cleanup(p.resolver.Close)
	require.NoError(t, p.resolver.Refresh(t.Context()))
	s, err := server.New(p.resolver, server.Options{})
	require.NoError(t, err)
	p.handler = s.Handler()
	front := httptest.NewServer(p)
	t.Cleanup(front.Close)
	p.url = front.URL
	return p
}

func (p *platform) push(t testing.TB, project string, v harbortest.Visibility, images ...string) {
	t.Helper()
	p.harbor.AddProject(project, v)
	for _, image := range images {
		name, tag, _ := bytes.Cut([]byte(image), []byte(":"))
		_, err := p.harbor.Push(project+"/"+string(name), string(tag), harbortest.Profile{})
		require.NoError(t, err)
	}
}

func (p *platform) users(t testing.TB) *inventory.Inventory {
	t.Helper()
	robot := p.harbor.AddRobot("bayplan", "for-tests-only", harbortest.ReaderPermissions()...)
	directory, err := endpoint.New(map[string]endpoint.Config{"harbor.test": {URL: p.harbor.URL, Kind: endpoint.Harbor}}, endpoint.Options{
		Credentials: func(context.Context, string) (endpoint.Credential, error) {
			return endpoint.Credential{Username: robot, Password: "for-tests-only"}, nil
		},
	})
	require.NoError(t, err)
	t.Cleanup(directory.CloseIdle)
	return inventory.New("harbor.test", harbor.New(directory.For("harbor.test"), harbor.Options{}), inventory.Options{})
}

// present is a registry that has whatever it is asked for.
type present struct{}

func (present) Ask(_ context.Context, refs []fact.Reference) fact.Report {
	report := fact.Report{Manifests: map[fact.Reference]fact.Manifest{}}
	for _, ref := range refs {
		report.Manifests[ref] = fact.Manifest{Status: fact.Present}
	}
	return report
}

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.seen = append(p.seen, r)
	fault := p.fault
	p.mu.Unlock()
	if fault != nil {
		fault(w, r, p.handler)
		return
	}
	p.handler.ServeHTTP(w, r)
}

// strike answers with a fault from now on; nil mends it.
func (p *platform) strike(fault harbortest.Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = fault
}

// strikeOnce answers the first n requests with a fault.
func (p *platform) strikeOnce(n int, fault harbortest.Fault) {
	var mu sync.Mutex
	p.strike(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		mu.Lock()
		n--
		broken := n >= 0
		mu.Unlock()
		if broken {
			fault(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// requests gives what came in since the last call.
func (p *platform) requests() []*http.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.seen
	p.seen = nil
	return out
}

// validating holds every answer that Bayplan itself gave against the document.
type validating struct {
	t    testing.TB
	p    *platform
	next http.RoundTripper
}

func (v validating) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := v.next.RoundTrip(request)
	v.p.mu.Lock()
	own := v.p.fault == nil
	v.p.mu.Unlock()
	if err != nil || !own {
		return response, err
	}
	body := apitest.Body(v.t, response)
	apitest.Validate(v.t, request, response, body)
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// ask makes a client that does not wait, and that gives up soon where nobody
// answers. pauses tells what it would have waited.
func (p *platform) ask(t testing.TB, opts client.Options) (c *client.Client, pauses *[]time.Duration) {
	t.Helper()
	if opts.HTTP == nil {
		opts.HTTP = &http.Client{Transport: validating{t, p, &http.Transport{DisableKeepAlives: true, DisableCompression: true}}}
	}
	c, err := client.New(p.url, opts)
	require.NoError(t, err)
	pauses = &[]time.Duration{}
	c.SetWait(func(_ context.Context, d time.Duration) bool {
		*pauses = append(*pauses, d)
		return true
	})
	return c, pauses
}

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
