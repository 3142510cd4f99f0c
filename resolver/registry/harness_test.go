package registry

import (
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	memory "github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
)

// catalogHost is the host's name in the references of all tests.
const catalogHost = "registry.test"

// host is an in-memory registry whose requests are written down, and whose
// answers a test can take over.
type host struct {
	*httptest.Server
	store http.Handler

	mu    sync.Mutex
	log   []string
	fault func(w http.ResponseWriter, r *http.Request) (done bool)
}

func newHost(t testing.TB) *host {
	t.Helper()
	h := &host{store: memory.New(memory.Logger(log.New(io.Discard, "", 0)))}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

func newTLSHost(t testing.TB) *host {
	t.Helper()
	h := &host{store: memory.New(memory.Logger(log.New(io.Discard, "", 0)))}
	h.Server = httptest.NewUnstartedServer(h)
	h.Config.ErrorLog = log.New(io.Discard, "", 0)
	h.StartTLS()
	t.Cleanup(h.Close)
	return h
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.log = append(h.log, r.Method+" "+r.URL.Path)
	fault := h.fault
	h.mu.Unlock()
	if fault != nil && fault(w, r) {
		return
	}
	h.store.ServeHTTP(w, r)
}

// answer takes over the host's answers from now on; nil gives them back.
func (h *host) answer(fault func(w http.ResponseWriter, r *http.Request) (done bool)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fault = fault
}

// always answers everything with one handler.
func (h *host) always(handler http.HandlerFunc) {
	h.answer(func(w http.ResponseWriter, r *http.Request) bool {
		handler(w, r)
		return true
	})
}

// requests gives what was asked since the last time.
func (h *host) requests() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	log := h.log
	h.log = nil
	return log
}

// count tells how many of the requests begin with a prefix.
func count(requests []string, prefix string) (n int) {
	for _, r := range requests {
		if strings.HasPrefix(r, prefix) {
			n++
		}
	}
	return n
}

// pings tells how many of the requests were for the registry as a whole.
func pings(requests []string) (n int) {
	for _, r := range requests {
		if r == "GET /v2/" {
			n++
		}
	}
	return n
}

// push puts a new image under repository:tag, without traces, and gives its
// digest.
func (h *host) push(t testing.TB, target string) string {
	t.Helper()
	server := httptest.NewServer(h.store)
	defer server.Close()
	img, err := random.Image(16, 1)
	require.NoError(t, err)
	ref, err := name.ParseReference(strings.TrimPrefix(server.URL, "http://") + "/" + target)
	require.NoError(t, err)
	require.NoError(t, remote.Write(ref, img))
	digest, err := img.Digest()
	require.NoError(t, err)
	return digest.String()
}

// setup is what a test may want otherwise.
type setup struct {
	cfg  endpoint.Config
	ends endpoint.Options
	opts Options
}

// source makes the source of a host under the name that the references use.
func (h *host) source(t testing.TB, s setup) *Source {
	t.Helper()
	if s.cfg.URL == "" {
		s.cfg.URL = h.URL
	}
	if h.Certificate() != nil && s.cfg.CAFile == "" {
		s.cfg.CAFile = h.authority(t)
	}
	return sourceAt(t, s)
}

// authority writes the host's certificate to a file.
func (h *host) authority(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: h.Certificate().Raw}
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(block), 0o600))
	return file
}

func sourceAt(t testing.TB, s setup) *Source {
	t.Helper()
	d, err := endpoint.New(map[string]endpoint.Config{catalogHost: s.cfg}, s.ends)
	require.NoError(t, err)
	t.Cleanup(d.CloseIdle)
	return New(d.For(catalogHost), s.opts)
}

// refs makes references from "repository[:tag][@digest]".
func refs(spellings ...string) []fact.Reference {
	var list []fact.Reference
	for _, s := range spellings {
		r := fact.Reference{Host: catalogHost}
		s, r.Digest, _ = strings.Cut(s, "@")
		r.Repository, r.Tag, _ = strings.Cut(s, ":")
		list = append(list, r)
	}
	return list
}

func ref(spelling string) fact.Reference { return refs(spelling)[0] }

// many makes references to n repositories "image-0:latest" and on.
func many(n int) []fact.Reference {
	var list []fact.Reference
	for i := range n {
		list = append(list, ref(fmt.Sprintf("image-%d:latest", i)))
	}
	return list
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// page answers as a web server that is no registry.
func page(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(code)
		io.WriteString(w, "<html>Welcome</html>")
	}
}

// oneByOne asks one question at a time, so that counts are exact.
var oneByOne = endpoint.Config{Concurrency: 1}

// quick bounds what a silent host may cost a test.
var quick = endpoint.Options{Timeout: 300 * time.Millisecond}
