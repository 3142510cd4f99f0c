package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/provenance"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/kubernetes/kubernetestest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// credential is one kind of what is replaced while the process runs.
type credential struct {
	kind string
	file string
	// replace puts the n-th one in place of that before.
	replace func(n int)
	// alone is nil once the n-th is used and no other.
	alone func(n int) error
	// whole tells that a part of it cannot be told from all of it.
	whole bool
	// by is how many follow the file; each says what is wrong with it.
	by int
}

// Every kind of credential is replaced, by files alone, while the process runs and
// both the old and the new one are good: the old one is used no more, the new one is.
// Files that are cut off, empty or gone leave the last good one in use, and are told
// once. Nobody who asks meanwhile fails.
func TestCredentialsAreRotated(t *testing.T) {
	r := newRotation(t)
	kinds := r.kinds(t)
	holds := func(n int, kinds ...credential) {
		t.Helper()
		for _, c := range kinds {
			took := eventually(t, func() error { return c.alone(n) })
			t.Logf("%s: the one of number %d alone is used, %v later", c.kind, n, took.Round(time.Millisecond))
		}
	}
	holds(0, kinds...)
	// Accounts by themselves, because other authorities end sessions too.
	for _, some := range [][]credential{kinds[:3], kinds[3:]} {
		for _, c := range some {
			c.replace(1)
		}
		holds(1, some...)
	}

	for way, spoil := range map[string]func(file string){
		"cut off": func(file string) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(file, text[:len(text)/3], 0o600))
		},
		"empty": func(file string) { require.NoError(t, os.WriteFile(file, nil, 0o600)) },
		"gone":  func(file string) { require.NoError(t, os.Remove(file)) },
	} {
		for _, c := range kinds {
			good, err := os.ReadFile(c.file)
			require.NoError(t, err)
			if way == "cut off" && c.whole {
				continue
			}
			before := r.warnings(c.file)
			spoil(c.file)
			for range 3 { // it is looked at once for each, and now and then
				r.hangUp(t)
			}
			require.Equal(t, before+max(1, c.by), r.warnings(c.file), "%s, %s, is not told once:\n%s\n%s", c.kind, way, r.main.output(), r.beside.output())
			require.NoError(t, os.WriteFile(c.file, good, 0o600))
			r.hangUp(t)
		}
		holds(1, kinds...)
	}
	for _, c := range kinds {
		c.replace(2)
	}
	holds(2, kinds...)
	r.judge(t)
}

// rotation is a deployment that knows each kind of credential.
type rotation struct {
	dir                    string
	charts, images, harbor *turnstile
	chartRegistry          *registrytest.Server
	upstreams              []*upstream
	upstreamAuthorities    []*authority // of numbers 0, 1, …
	ours                   *authority   // of the server's certificate
	clientAuthorities      []*authority
	serverCertificates     []tls.Certificate
	keys                   []*provenance.Key
	files                  tlsFlags
	cluster                *kubernetestest.Cluster
	tokens                 *turnstile

	main, beside           *service
	address, besideAddress string
	gateway                atomic.Pointer[tls.Certificate] // that clients show now
	versions               int
	asked                  atomic.Int64
	mu                     sync.Mutex
	failures               []string
}

// secretOf is the n-th password, token or secret.
func secretOf(kind string, n int) string { return fmt.Sprintf("rotating-%s-%d-secret", kind, n) }

// turnstile stands before an upstream. It takes every number of a password, so that nothing
// but the file decides which is shown, and counts them.
type turnstile struct {
	kind   string
	inner  http.Handler
	bearer bool   // it wants tokens, which it gives for a password at /token
	public bool   // who shows nothing comes in
	known  string // the password that the upstream itself knows; "" for none

	mu    sync.Mutex
	shown map[string]int
}

// ServeHTTP implements http.Handler.
func (g *turnstile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, basic := r.BasicAuth()
	token, isToken := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer token-of-")
	if isToken {
		password = token
	}
	switch {
	case !basic && !isToken && g.public:
	case !strings.HasPrefix(password, "rotating-"+g.kind), basic && g.bearer && r.URL.Path != "/token":
		w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
		if g.bearer {
			w.Header().Set("WWW-Authenticate", `Bearer realm="https://`+r.Host+`/token",service="x"`)
		}
		w.WriteHeader(http.StatusUnauthorized)
		return
	default:
		g.mu.Lock()
		g.shown[password]++
		g.mu.Unlock()
	}
	if g.bearer && r.URL.Path == "/token" {
		_, _ = fmt.Fprintf(w, `{"token":%q}`, "token-of-"+password)
		return
	}
	if g.known != "" && basic {
		r.SetBasicAuth(user, g.known)
	}
	g.inner.ServeHTTP(w, r)
}

// alone is nil if the n-th password was shown since the last time, often, and no other.
func (g *turnstile) alone(n int) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	wanted, all := secretOf(g.kind, n), 0
	for _, times := range g.shown {
		all += times
	}
	times := g.shown[wanted]
	if all != times {
		defer clear(g.shown)
		return fmt.Errorf("%d of %d were number %d", times, all, n)
	}
	if times < 10 {
		return fmt.Errorf("number %d was shown %d times", n, times)
	}
	clear(g.shown)
	return nil
}

func newTurnstile(kind string, inner http.Handler) *turnstile {
	return &turnstile{kind: kind, inner: inner, shown: map[string]int{}}
}

func newRotation(t *testing.T) *rotation {
	t.Helper()
	r := &rotation{dir: t.TempDir(), chartRegistry: registrytest.InProcess(t), ours: newAuthority(t), files: pemFiles(t)}
	imageRegistry, stand := registrytest.InProcess(t), harbortest.New(harbortest.Options{})
	t.Cleanup(stand.Close)
	fillHarbor(t.Fatalf, stand)
	image, err := random.Image(64, 1)
	require.NoError(t, err)
	tag, err := name.NewTag(imageRegistry.Host+"/bookworm:latest", name.Insecure)
	require.NoError(t, err)
	require.NoError(t, remote.Write(tag, image, remote.WithContext(t.Context())))

	r.charts, r.images, r.harbor = newTurnstile("charts", r.chartRegistry), newTurnstile("images", imageRegistry), newTurnstile("harbor", stand)
	r.images.bearer, r.harbor.public, r.harbor.known = true, true, robotSecret
	for range 3 {
		r.upstreamAuthorities = append(r.upstreamAuthorities, newAuthority(t))
		r.clientAuthorities = append(r.clientAuthorities, newAuthority(t))
		r.serverCertificates = append(r.serverCertificates, r.ours.issue(t))
		r.keys = append(r.keys, r.newKey(t, len(r.keys)))
	}
	for _, g := range []*turnstile{r.charts, r.images, r.harbor} {
		u := &upstream{name: g.kind, inner: g}
		u.secure = &tls.Config{Certificates: []tls.Certificate{r.upstreamAuthorities[0].issue(t)}, MinVersion: tls.VersionTLS12}
		r.upstreams = append(r.upstreams, newUpstream(t, u))
	}
	r.start(t)
	r.startBeside(t)
	r.load(t)
	return r
}

func (r *rotation) file(name string) string { return filepath.Join(r.dir, name) }

// newKey makes the n-th key of those who publish, and its public part.
func (r *rotation) newKey(t *testing.T, n int) *provenance.Key {
	t.Helper()
	entity, err := openpgp.NewEntity(fmt.Sprintf("owner%d", n), "", "owner@example.org", nil)
	require.NoError(t, err)
	var secret, open strings.Builder
	require.NoError(t, entity.SerializePrivate(&secret, nil))
	require.NoError(t, entity.Serialize(&open))
	replace(t, r.file(fmt.Sprintf("public%d", n)), open.String())
	key, err := provenance.ReadKey([]byte(secret.String()), "", nil)
	require.NoError(t, err)
	return key
}

// publish publishes the next version of the catalog, signed by a key.
func (r *rotation) publish(t *testing.T, key *provenance.Key) string {
	t.Helper()
	r.versions++
	version := fmt.Sprintf("1.0.%d", r.versions)
	metadata := "apiVersion: v2\nname: image-config\nversion: " + version + "\n"
	archive := archiveOf(t, map[string]string{
		"Chart.yaml":  metadata,
		"values.yaml": "formatVersion: \"1.0\"\nimages:\n  bookworm: {state: stable, image: " + imageHost + "/bookworm}\n",
	})
	signature, err := key.Sign([]byte(metadata), provenance.FileName("image-config", version), archive, time.Now())
	require.NoError(t, err)
	hosts, err := endpoint.New(map[string]endpoint.Config{r.chartRegistry.Host: {PlainHTTP: true}}, endpoint.Options{})
	require.NoError(t, err)
	defer hosts.CloseIdle()
	repository := artifact.Reference{Host: r.chartRegistry.Host, Path: "toolforge/image-config"}
	_, err = artifact.New(hosts, artifact.Options{}).Publish(t.Context(), repository, artifact.Package{Archive: archive, Provenance: signature})
	require.NoError(t, err)
	return version
}

// writeLogins writes Docker's file, with the n-th password of each registry.
func (r *rotation) writeLogins(t *testing.T, numbers ...int) {
	t.Helper()
	auths := map[string]map[string]string{}
	for i, u := range r.upstreams {
		user := "ann"
		if u.name == "harbor" {
			user = "robot$bayplan"
		}
		_, port, _ := strings.Cut(u.address, ":")
		auths["localhost:"+port] = map[string]string{"auth": coded(user + ":" + secretOf(u.name, numbers[i]))}
	}
	text, err := json.Marshal(map[string]any{"auths": auths})
	require.NoError(t, err)
	replace(t, r.file("config.json"), string(text))
}

// start starts the process that follows the chart.
func (r *rotation) start(t *testing.T) {
	t.Helper()
	r.writeLogins(t, 0, 0, 0)
	r.upstreamAuthorities[0].write(t, r.file("upstreams.pem"))
	r.files.writeServer(t, r.serverCertificates[0])
	r.clientAuthorities[0].write(t, r.files.clientCA)
	gateway := r.clientAuthorities[0].issue(t)
	r.gateway.Store(&gateway)
	r.copy(t, "public0", "keyring")
	replace(t, r.file("webhook"), secretOf("webhook", 0)+"\n")
	settings := "registries:\n"
	for i, host := range []string{chartHost, imageHost, harborHost} {
		_, port, _ := strings.Cut(r.upstreams[i].address, ":")
		settings += fmt.Sprintf("  %s: {url: https://localhost:%s, caFile: %s", host, port, r.file("upstreams.pem"))
		if host == harborHost {
			settings += ", kind: harbor"
		}
		settings += "}\n"
	}
	replace(t, r.file("settings.yaml"), settings)
	r.publish(t, r.keys[0])
	r.main = bayplan(t, []string{"DOCKER_CONFIG=" + r.dir, "HOME=" + r.dir}, "serve", "--config", r.file("settings.yaml"),
		"--catalog", "oci://"+chartHost+"/toolforge/image-config", "--constraint", ">=1.0.0", "--interval", "50ms",
		"--keyring", r.file("keyring"), "--require-signed", "--webhook-secret-file", r.file("webhook"), "--listen", "127.0.0.1:0",
		"--tls-cert", r.files.cert, "--tls-key", r.files.key, "--client-ca", r.files.clientCA)
	r.address = strings.Replace(r.main.said(t, mainLine), "127.0.0.1", "localhost", 1)
	r.main.said(t, isReady)
}

// startBeside starts one that follows a ConfigMap.
func (r *rotation) startBeside(t *testing.T) {
	t.Helper()
	r.cluster = kubernetestest.Start()
	t.Cleanup(r.cluster.Close)
	r.cluster.Put("tools", "image-config", map[string]string{chart.LegacyKey: "bookworm:\n  state: stable\n  image: " + imageHost + "/bookworm\n"}, nil)
	r.tokens = newTurnstile("cluster", nil)
	r.cluster.Admit(func(token string) bool {
		r.tokens.mu.Lock()
		defer r.tokens.mu.Unlock()
		r.tokens.shown[token]++
		return strings.HasPrefix(token, "rotating-cluster-")
	})
	replace(t, r.file("token"), secretOf("cluster", 0))
	require.NoError(t, r.cluster.WriteKubeconfig(r.file("kubeconfig"), "tools", r.file("token")))
	r.beside = bayplan(t, []string{"HOME=" + t.TempDir()}, "serve", "--catalog", "configmap://tools/image-config", "--kubeconfig", r.file("kubeconfig"),
		"--registry", imageHost+"="+nobodyListen, "--interval", "50ms", "--listen", "127.0.0.1:0")
	r.besideAddress = r.beside.said(t, mainLine)
	r.beside.said(t, isReady)
}

func (r *rotation) copy(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(r.file(from))
	require.NoError(t, err)
	replace(t, r.file(to), string(text))
}

// kinds are all kinds of credentials that a process has.
func (r *rotation) kinds(t *testing.T) []credential {
	now := [3]int{}
	login := func(i int) func(int) {
		return func(n int) {
			now[i] = n
			r.writeLogins(t, now[:]...)
		}
	}
	docker := r.file("config.json")
	return []credential{
		{kind: "account of the chart's registry (Basic)", file: docker, replace: login(0), alone: r.charts.alone},
		{kind: "account of an image registry (tokens)", file: docker, replace: login(1), alone: r.images.alone},
		{kind: "Harbor's robot", file: docker, replace: login(2), alone: r.harbor.alone},
		{kind: "authority of the upstreams", file: r.file("upstreams.pem"), by: len(r.upstreams), replace: func(n int) { r.replaceAuthority(t, n) }, alone: func(n int) error { return r.believes(t, n) }},
		{kind: "certificate of --listen", file: r.files.cert, replace: func(n int) { r.files.writeServer(t, r.serverCertificates[n]) }, alone: func(n int) error { return r.shows(n) }},
		{kind: "authority of the clients", file: r.files.clientCA, replace: func(n int) { r.replaceClientAuthority(t, n) }, alone: func(n int) error { return r.letsIn(t, n) }},
		{kind: "secret of webhooks", file: r.file("webhook"), replace: func(n int) {
			replace(t, r.file("webhook"), secretOf("webhook", n)+"\n")
		}, alone: func(n int) error { return r.hears(t, n) }},
		{kind: "keys that may sign", file: r.file("keyring"), replace: func(n int) { r.copy(t, fmt.Sprintf("public%d", n), "keyring") }, alone: func(n int) error { return r.trusts(t, n) }},
		{kind: "token for the cluster", file: r.file("token"), whole: true, replace: func(n int) { replace(t, r.file("token"), secretOf("cluster", n)) }, alone: r.tokens.alone},
	}
}

// replaceAuthority gives all upstreams certificates of the n-th authority, and has the
// process believe that one.
func (r *rotation) replaceAuthority(t *testing.T, n int) {
	t.Helper()
	r.upstreamAuthorities[n].write(t, r.file("upstreams.pem"))
	for _, u := range r.upstreams {
		u.certify(r.upstreamAuthorities[n].issue(t))
	}
}

// believes is nil if all upstreams are well, and one is not that shows a certificate of
// the authority before.
func (r *rotation) believes(t *testing.T, n int) error {
	t.Helper()
	if err := r.well(t); err != nil || n == 0 {
		return err
	}
	images := r.upstreams[1]
	images.certify(r.upstreamAuthorities[n-1].issue(t))
	eventually(t, func() error {
		if err := r.well(t); err == nil || !strings.Contains(err.Error(), "certificate") {
			return fmt.Errorf("the authority before is still believed: %w", errors.Join(err))
		}
		return nil
	})
	images.certify(r.upstreamAuthorities[n].issue(t))
	eventually(t, func() error { return r.well(t) })
	return nil
}

// well tells which source is not; nil if all are.
func (r *rotation) well(t *testing.T) error {
	t.Helper()
	body, err := r.get(r.client(r.gateway.Load), "/v1/catalog", "")
	require.NoError(t, err)
	var answer api.CatalogAnswer
	require.NoError(t, json.Unmarshal(body, &answer))
	for _, s := range answer.Catalog.Sources {
		if s.Status != api.SourceOK {
			return fmt.Errorf("%s (%s) is %s: %v", s.Name, s.Kind, s.Status, s.Error)
		}
	}
	return nil
}

// shows is nil if connections see the server's n-th certificate.
func (r *rotation) shows(n int) error {
	conn, err := tls.Dial("tcp", strings.TrimPrefix(r.address, "https://"), r.tls(r.gateway.Load))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // nothing was written
	if conn.ConnectionState().PeerCertificates[0].SerialNumber.Cmp(r.serverCertificates[n].Leaf.SerialNumber) != 0 {
		return errors.New("another certificate is shown")
	}
	return nil
}

// replaceClientAuthority goes over to the n-th authority as an operator does: both
// are believed until all clients have moved.
func (r *rotation) replaceClientAuthority(t *testing.T, n int) {
	t.Helper()
	both := ""
	for _, a := range r.clientAuthorities[n-1 : n+1] {
		both += string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw}))
	}
	replace(t, r.files.clientCA, both)
	next := r.clientAuthorities[n].issue(t)
	eventually(t, func() error {
		_, err := r.get(r.client(func() *tls.Certificate { return &next }), "/v1/healthz", "")
		return err
	})
	r.gateway.Store(&next)
	r.clientAuthorities[n].write(t, r.files.clientCA)
}

// letsIn is nil if clients of the n-th authority come in, and those of the one before
// do not.
func (r *rotation) letsIn(t *testing.T, n int) error {
	t.Helper()
	if _, err := r.get(r.client(r.gateway.Load), "/v1/healthz", ""); err != nil || n == 0 {
		return err
	}
	before := r.clientAuthorities[n-1].issue(t)
	if _, err := r.get(r.client(func() *tls.Certificate { return &before }), "/v1/healthz", ""); err == nil {
		return errors.New("the authority before is still believed")
	}
	return nil
}

// hears is nil if the n-th secret of webhooks is taken, and the one before is not.
func (r *rotation) hears(t *testing.T, n int) error {
	t.Helper()
	post := func(n int) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.address+"/v1/webhooks/harbor", strings.NewReader("{}"))
		require.NoError(t, err)
		request.Header.Set("Authorization", secretOf("webhook", n))
		response, err := r.client(r.gateway.Load).Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response.StatusCode
	}
	if status := post(n); status != http.StatusAccepted {
		return fmt.Errorf("the secret is answered %d", status)
	}
	if n > 0 && post(n-1) != http.StatusUnauthorized {
		return errors.New("the secret before is still taken")
	}
	return nil
}

// trusts is nil if a catalog that the n-th key signed is taken, and one that the key
// before signed is not. One that was refused is judged anew with other keys, which
// is how one of the n-th key comes to be served here.
func (r *rotation) trusts(t *testing.T, n int) error {
	t.Helper()
	served := func() (version, by, refused string) {
		body, err := r.get(r.client(r.gateway.Load), "/v1/catalog", "")
		require.NoError(t, err)
		var answer api.CatalogAnswer
		require.NoError(t, json.Unmarshal(body, &answer))
		if answer.Catalog.Refused != nil {
			refused = answer.Catalog.Refused.Version
		}
		return answer.Catalog.Version, answer.Catalog.VerifiedBy, refused
	}
	version := r.publish(t, r.keys[n])
	eventually(t, func() error {
		if now, by, _ := served(); now != version || !strings.HasPrefix(by, fmt.Sprintf("owner%d ", n)) {
			return fmt.Errorf("version %s is served, signed by %q, not %s", now, by, version)
		}
		return nil
	})
	if n == 0 {
		return nil
	}
	bad := r.publish(t, r.keys[n-1])
	eventually(t, func() error {
		if now, _, refused := served(); now != version || refused != bad {
			return fmt.Errorf("version %s is served, and %s refused", now, refused)
		}
		return nil
	})
	return nil
}

// tls is how a client comes in.
func (r *rotation) tls(shows func() *tls.Certificate) *tls.Config {
	return &tls.Config{RootCAs: r.ours.pool(), ServerName: "localhost", GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		return shows(), nil
	}}
}

// client is one that makes a connection for each request.
func (r *rotation) client(shows func() *tls.Certificate) *http.Client {
	return &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: r.tls(shows), DisableKeepAlives: true}}
}

// get asks a question that has to be answered 200.
func (r *rotation) get(client *http.Client, path, tool string) ([]byte, error) {
	address := r.address + path
	if strings.HasPrefix(path, "http") {
		address = path
	}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if tool != "" {
		request.Header.Set("X-Toolforge-Tool", tool)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %.300s", response.Status, body)
	}
	return body, nil
}

// load has clients ask until judge, on connections that they keep and on new ones.
func (r *rotation) load(t *testing.T) {
	t.Helper()
	eventually(t, func() error { return r.well(t) })
	kept := &http.Transport{TLSClientConfig: r.tls(r.gateway.Load), Protocols: protocols()}
	var group sync.WaitGroup
	stop := make(chan struct{})
	t.Cleanup(func() {
		close(stop)
		group.Wait()
		kept.CloseIdleConnections()
	})
	ask := func(client *http.Client, path, tool string, wants string) {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(5 * time.Millisecond):
				}
				body, err := r.get(client, path, tool)
				if err == nil && !strings.Contains(string(body), wants) {
					err = fmt.Errorf("no %s in %.300s", wants, body)
				}
				r.asked.Add(1)
				if err != nil {
					r.mu.Lock()
					r.failures = append(r.failures, path+": "+err.Error())
					r.mu.Unlock()
				}
			}
		})
	}
	secure := &http.Client{Transport: kept, Timeout: patience}
	ask(secure, "/v1/images", "", `"tool-alpha/alpha:latest"`)
	ask(secure, "/v1/tool/gamma/images", "gamma", `"tool-gamma/gamma:latest"`)
	ask(r.client(r.gateway.Load), "/v1/images/bookworm", "", `"exists":true`)
	ask(testClient, r.besideAddress+"/v1/images", "", `"bookworm"`)
}

// hangUp has both processes look at their files, and waits until they did.
func (r *rotation) hangUp(t *testing.T) {
	t.Helper()
	for _, s := range []*service{r.main, r.beside} {
		require.NoError(t, s.cmd.Process.Signal(syscall.SIGHUP))
		s.said(t, regexp.MustCompile(`reloaded`))
	}
}

// warnings counts what was said of a file that is no good.
func (r *rotation) warnings(file string) int {
	count := 0
	for line := range strings.Lines(r.main.output() + r.beside.output()) {
		own := file == r.files.cert || file == r.files.clientCA
		if strings.Contains(line, "level=WARN") && (strings.Contains(line, "file="+file) || own && strings.Contains(line, "the certificates cannot be used")) {
			count++
		}
	}
	return count
}

// judge fails the test if somebody who asked had cause to complain.
func (r *rotation) judge(t *testing.T) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	require.Empty(t, r.failures, "of %d questions", r.asked.Load())
	require.Greater(t, r.asked.Load(), int64(500))
	t.Logf("%d questions, none failed", r.asked.Load())
	for _, s := range []*service{r.main, r.beside} {
		require.NotContains(t, s.output(), "rotating-")
	}
}
