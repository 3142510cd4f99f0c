package main

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api/apitest"
)

// fleet are three processes of "bayplan serve" over one Harbor, each with a way to
// it and a disk of its own. All of them take the gateway's certificate alone.
type fleet struct {
	harbor  *harbortest.Harbor
	ours    *authority
	gateway tls.Certificate
	files   tlsFlags
	catalog string
	members []*member
}

// member is one replica. It keeps its ports when it is started again.
type member struct {
	*service
	fleet      *fleet
	wire       *wire
	dir        string
	args       []string
	address    string // of the data, HOST:PORT
	operations string // a URL
	client     *http.Client
}

// wire is a replica's way to Harbor, which can be cut.
type wire struct {
	url     string
	cut     atomic.Bool
	instead atomic.Pointer[http.HandlerFunc] // answers in Harbor's place; nil for Harbor itself
	harbor  http.Handler
}

func (w *wire) ServeHTTP(to http.ResponseWriter, r *http.Request) {
	if w.cut.Load() {
		panic(http.ErrAbortHandler)
	}
	if other := w.instead.Load(); other != nil {
		other.ServeHTTP(to, r)
		return
	}
	w.harbor.ServeHTTP(to, r)
}

func newWire(t *testing.T, h http.Handler) *wire {
	w := &wire{harbor: h}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// newPlatform fills a Harbor with standard images, their catalog, a public tool and
// a private one, for replicas that are still to come.
func newPlatform(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{harbor: harbortest.New(harbortest.Options{}), ours: newAuthority(t), files: pemFiles(t)}
	t.Cleanup(f.harbor.Close)
	fillHarbor(t.Fatalf, f.harbor)
	f.gateway = f.ours.issue(t)
	f.files.writeServer(t, f.ours.issue(t))
	f.ours.write(t, f.files.clientCA)
	f.catalog = withPlatform(t, f.harbor, harborHost, endpoint.Config{URL: newWire(t, f.harbor).url})
	return f
}

// newFleet is a platform with three replicas that have read all of it.
func newFleet(t *testing.T, args ...string) *fleet {
	t.Helper()
	f := newPlatform(t)
	for range 3 {
		m := f.enlist(t, args...)
		m.boot(t)
		f.members = append(f.members, m)
	}
	for _, m := range f.members {
		m.said(t, mainLine)
		m.settled(t)
	}
	f.alike(t)
	return f
}

// enlist makes a replica that does not run yet.
func (f *fleet) enlist(t *testing.T, args ...string) *member {
	t.Helper()
	m := &member{fleet: f, wire: newWire(t, f.harbor), dir: t.TempDir(), address: freeAddress(t)}
	operations := freeAddress(t)
	m.operations = "http://" + operations
	login := base64.StdEncoding.EncodeToString([]byte("robot$bayplan:" + robotSecret))
	replace(t, filepath.Join(m.dir, "config.json"), fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, strings.TrimPrefix(m.wire.url, "http://"), login))
	replace(t, filepath.Join(m.dir, "settings.yaml"), fmt.Sprintf("catalog: %s\ninterval: 50ms\nregistries:\n  %s: {url: %s, kind: harbor}\n", f.catalog, harborHost, m.wire.url))
	m.args = append([]string{
		"serve", "--config", filepath.Join(m.dir, "settings.yaml"), "--listen", m.address, "--operations-listen", operations,
		"--tls-cert", f.files.cert, "--tls-key", f.files.key, "--client-ca", f.files.clientCA,
	}, args...)
	m.client = visitor(f.ours, &f.gateway, &tls.Config{})
	return m
}

// boot starts the process.
func (m *member) boot(t *testing.T, more ...string) {
	t.Helper()
	m.service = bayplan(t, []string{"DOCKER_CONFIG=" + m.dir, "HOME=" + m.dir}, append(m.args, more...)...)
}

// terminate sends SIGTERM and waits for the end.
func (m *member) terminate(t *testing.T) {
	t.Helper()
	require.NoError(t, m.cmd.Process.Signal(syscall.SIGTERM))
	requireExit(t, m.service, exitDone)
}

// ready tells what the replica says of itself; an error is no.
func (m *member) ready() bool {
	response, err := testClient.Get(m.operations + "/v1/readyz")
	if err != nil {
		return false
	}
	_ = response.Body.Close() // the status is all
	return response.StatusCode == http.StatusOK
}

// settled waits until the replica has read all of Harbor.
func (m *member) settled(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		a, err := m.ask("/v1/images")
		return err == nil && a.status == http.StatusOK && strings.Contains(a.body, "tool-alpha/alpha:latest") && !strings.Contains(a.body, `"stale"`)
	}, patience, pollEvery)
}

// alike waits until all replicas have the same facts, public images of these names
// among them.
func (f *fleet) alike(t *testing.T, names ...string) {
	t.Helper()
	require.Eventually(t, func() bool {
		tags := map[string]bool{}
		for _, m := range f.members {
			for _, path := range []string{"/v1/images", "/v1/tool/gamma/images", "/v1/drift"} {
				a, err := m.ask(path, "X-Toolforge-Tool", "gamma")
				if err != nil || a.status != http.StatusOK {
					return false
				}
				tags[path+a.header.Get("ETag")] = true
				for _, name := range names {
					if path == "/v1/images" && !strings.Contains(a.body, `"`+name+`"`) {
						return false
					}
				}
			}
		}
		return len(tags) == 3
	}, patience, pollEvery)
}

// fleetAnswer is what a replica said.
type fleetAnswer struct {
	status int
	header http.Header
	body   string // as it was sent
}

// ask asks a replica in the gateway's name.
func (m *member) ask(path string, headers ...string) (fleetAnswer, error) {
	a, _, err := fetch(m.client, "https://"+m.address, path, headers...)
	return a, err
}

// get is ask, of which nothing is wrong.
func (m *member) get(t *testing.T, path string, headers ...string) fleetAnswer {
	t.Helper()
	return get(t, m.client, "https://"+m.address, path, headers...)
}

// get asks below a base, and holds the answer against the contract.
func get(t *testing.T, client *http.Client, base, path string, headers ...string) fleetAnswer {
	t.Helper()
	a, response, err := fetch(client, base, path, headers...)
	require.NoError(t, err)
	response.Request.URL.Path = path[:len(path)-len(queryOf(path))] // as it is without a gateway's prefix
	response.Header = response.Header.Clone()
	for _, name := range []string{servedBy, "Server", "Date", "Connection"} {
		response.Header.Del(name)
	}
	apitest.Validate(t, response.Request, response, []byte(a.body))
	return a
}

func queryOf(path string) string {
	if at := strings.IndexByte(path, '?'); at >= 0 {
		return path[at:]
	}
	return ""
}

func fetch(client *http.Client, base, path string, headers ...string) (fleetAnswer, *http.Response, error) {
	request, err := http.NewRequestWithContext(testContext(), http.MethodGet, base+path, nil)
	if err != nil {
		return fleetAnswer{}, nil, err
	}
	request.Header.Set("Accept-Encoding", "identity")
	for n := 0; n < len(headers); n += 2 {
		request.Header.Set(headers[n], headers[n+1])
	}
	response, err := client.Do(request)
	if err != nil {
		return fleetAnswer{}, nil, err
	}
	defer func() { _ = response.Body.Close() }() // it was read to its end, or that failed
	body, err := io.ReadAll(response.Body)
	return fleetAnswer{response.StatusCode, response.Header, string(body)}, response, err
}

// freeAddress gives an address on loopback that nobody listens on, and that the
// system gives to nobody who asks for any.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(10_000))
		socket, err := new(net.ListenConfig).Listen(testContext(), "tcp", address)
		if err != nil {
			continue
		}
		require.NoError(t, socket.Close())
		return address
	}
	t.Fatal("no port is free")
	return ""
}
