package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

// secrets are planted in all the places where a deployment has some.
var secrets = map[string]string{
	"the registry's password": "planted-registry-pw",
	"the robot's secret":      robotSecret,
	"the registry's token":    "planted.bearer.token",
	"the webhooks' secret":    "planted-webhook-secret",
	"a wrong webhook secret":  "planted-wrong-webhook",
	"the key's passphrase":    "planted-passphrase",
	"a client's credential":   "planted-client-credential",
	"a client's cookie":       "planted-client-cookie",
	"a password in a URL":     "planted-url-password",
}

// A service and commands that know secrets, at debug level, through what goes well
// and what does not: no line, no answer and no metric holds one, in any coding.
func TestSecretsAreNeverShown(t *testing.T) {
	s := newSecretive(t)
	chart := "oci://registry.example/toolforge/image-config"
	away := []string{"--registry", "registry.example=" + s.registry.URL}
	published := s.run(t, append([]string{"publish", s.file(t, "image-config"), chart, "--version", "1.0.0", "--sign",
		"--secret-keyring", s.file(t, "key"), "--passphrase-file", s.file(t, "passphrase")}, away...)...)
	require.Contains(t, published, "published", published)
	s.run(t, append([]string{"publish", s.file(t, "image-config"), chart, "--version", "1.0.1", "--sign",
		"--secret-keyring", s.file(t, "key"), "--passphrase-file", s.file(t, "webhook")}, away...)...) // not its passphrase

	service := bayplan(t, s.env, "serve", "--catalog", chart+":1.0.0", "--config", s.file(t, "settings.yaml"), "--log-level", "debug",
		"--interval", "50ms", "--listen", "127.0.0.1:0", "--webhook-secret-file", s.file(t, "webhook"))
	found := service.await(mainLine)
	require.NotNil(t, found, service.output())
	require.NotNil(t, service.await(isReady), service.output())
	s.visit(t, found[1])

	// Everything breaks, and what breaks repeats what it was sent.
	s.harbor.CoreDown(true)
	s.echoes.Store(true)
	require.NotNil(t, service.await(regexp.MustCompile(`level=WARN .*host=`+harborHost)), service.output())
	s.visit(t, found[1])
	for _, args := range [][]string{
		{"versions", chart}, {"pull", chart + ":1.0.0"}, {"list", "--catalog", chart + ":1.0.0"}, {"diff", chart + ":1.0.0", "bundled"},
		{"rollback", chart, "--to", "1.0.0", "--as", "1.0.2"}, {"drift", "--catalog", chart + ":1.0.0"},
	} {
		s.run(t, append(args, away...)...)
	}
	s.run(t, "list", "--server", "http://ann:planted-url-password@127.0.0.1:1")
	s.run(t, "list", "--catalog", chart, "--registry", "registry.example=http://ann:planted-url-password@127.0.0.1:1")
	s.harbor.CoreDown(false)
	require.NotNil(t, service.await(regexp.MustCompile(`a registry answers again" host=`+harborHost)), service.output())
	s.harbor.Revoke("robot$bayplan")
	s.harbor.AddProject("tool-beta", harbortest.Public)
	_, err := s.harbor.Push("tool-beta/beta", "latest", harbortest.Profile{}) // so that the robot is needed
	require.NoError(t, err)
	require.NotNil(t, service.await(regexp.MustCompile(`level=WARN .*credential`)), service.output())
	s.visit(t, found[1])
	s.heard("the log", service.output())
	s.requireSilence(t)
}

// secretive is a deployment that knows secrets, and all that it was heard to say.
type secretive struct {
	registry *registrytest.Server
	harbor   *harbortest.Server
	echoes   atomic.Bool
	mu       sync.Mutex
	echoed   []net.Conn
	env      []string
	dir      string
	said     map[string]string // by who said it
}

func (s *secretive) file(t *testing.T, name string) string {
	t.Helper()
	return filepath.Join(s.dir, name)
}

func (s *secretive) write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600))
}

func newSecretive(t *testing.T) *secretive {
	t.Helper()
	s := &secretive{registry: registrytest.InProcess(t), harbor: aHarbor(t, harbortest.Options{}), dir: t.TempDir(), said: map[string]string{}}
	s.registry.Hook(s.guard)
	t.Cleanup(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, connection := range s.echoed {
			_ = connection.Close()
		}
	})
	robot := strings.TrimPrefix(s.harbor.URL, "http://")
	s.write(t, "config.json", fmt.Sprintf(`{"auths": {%q: {"auth": %q}, %q: {"auth": %q}}}`,
		s.registry.Host, coded("ann:"+secrets["the registry's password"]), robot, coded("robot$bayplan:"+robotSecret)))
	s.write(t, "webhook", secrets["the webhooks' secret"])
	s.write(t, "passphrase", secrets["the key's passphrase"])
	s.write(t, "settings.yaml", fmt.Sprintf("registries:\n  registry.example: {url: %s}\n  %s: {url: %s, kind: harbor}\n", s.registry.URL, harborHost, s.harbor.URL))
	s.write(t, "key", lockedKey(t, secrets["the key's passphrase"]))
	require.NoError(t, os.CopyFS(s.file(t, "image-config"), os.DirFS("../../chart/image-config")))
	s.write(t, "image-config/Chart.yaml", "apiVersion: v2\nname: image-config\nversion: 0.0.0\n")
	s.env = []string{"DOCKER_CONFIG=" + s.dir, "HOME=" + s.dir}
	return s
}

func coded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func lockedKey(t *testing.T, passphrase string) string {
	t.Helper()
	entity, err := openpgp.NewEntity("ann", "", "ann@example.org", &packet.Config{Algorithm: packet.PubKeyAlgoRSA, RSABits: 2048})
	require.NoError(t, err)
	require.NoError(t, entity.PrivateKey.Encrypt([]byte(passphrase)))
	for _, sub := range entity.Subkeys {
		require.NoError(t, sub.PrivateKey.Encrypt([]byte(passphrase)))
	}
	var secret bytes.Buffer
	require.NoError(t, entity.SerializePrivateWithoutSigning(&secret, nil))
	return secret.String()
}

// guard gives a token to whoever knows the password, and then believes it. When it
// echoes, it refuses with all that it was sent.
func (s *secretive) guard(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
	sent := r.Header.Get("Authorization")
	switch {
	case r.URL.Path == "/token":
		_, password, _ := r.BasicAuth()
		if password != secrets["the registry's password"] {
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}
		_, _ = fmt.Fprintf(w, `{"token":%q}`, secrets["the registry's token"])
	case sent != "Bearer "+secrets["the registry's token"]:
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+s.registry.URL+`/token",service="x"`)
		w.WriteHeader(http.StatusUnauthorized)
	case s.echoes.Load():
		s.echo(w, sent)
	default:
		return false
	}
	return true
}

// echo repeats what was sent in all that an answer has, and behind it, where
// nobody asked for anything.
func (s *secretive) echo(w http.ResponseWriter, sent string) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return // it hangs up then, and the test misses what it waits for
	}
	body := fmt.Sprintf(`{"errors":[{"code":"DENIED","message":"you sent Authorization: %s","detail":%q}]}`, sent, sent)
	_, _ = fmt.Fprintf(connection, "HTTP/1.1 403 Forbidden\r\nWarning: 299 - \"you sent %s\"\r\nContent-Length: %d\r\n\r\n%s", sent, len(body), body)
	_, _ = fmt.Fprintf(connection, "HTTP/1.1 200 OK\r\nX-Sent: %s\r\n\r\n", sent)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.echoed = append(s.echoed, connection) // closed with the test
}

func (s *secretive) run(t *testing.T, args ...string) string {
	t.Helper()
	cmd := command(t, s.env, args...)
	if args[0] == "pull" {
		cmd.Args = append(cmd.Args, "--destination", t.TempDir())
	}
	text, _ := cmd.CombinedOutput() // many are meant to fail
	s.heard(strings.Join(args[:1], " "), string(text))
	return string(text)
}

// visit asks for all there is, as clients that know secrets too.
func (s *secretive) visit(t *testing.T, address string) {
	t.Helper()
	for _, path := range []string{
		"/v1/images", "/v1/images/none", "/v1/images?bad=planted", "/v1/tool/alpha/images", "/v1/tool/alpha/images/resolve?name=x&explain=true",
		"/v1/tool/gamma/images", "/v1/image-config", "/v1/catalog", "/v1/catalog/versions", "/v1/catalog/diff?from=1.0.1", "/v1/drift",
		"/v1/healthz", "/v1/readyz", "/nowhere", "/v1/images?version=9.9.9", "/v1/metrics",
	} {
		s.ask(t, http.MethodGet, address+path, "Bearer "+secrets["a client's credential"])
	}
	for _, secret := range []string{secrets["the webhooks' secret"], secrets["a wrong webhook secret"]} {
		s.ask(t, http.MethodPost, address+"/v1/webhooks/harbor", secret)
	}
}

func (s *secretive) ask(t *testing.T, method, address, authorization string) {
	t.Helper()
	request, err := http.NewRequest(method, address, strings.NewReader("{}"))
	require.NoError(t, err)
	request.Header.Set("Authorization", authorization)
	request.Header.Set("Cookie", "session="+secrets["a client's cookie"])
	request.Header.Set("X-Toolforge-Tool", "alpha")
	request.Header.Set("Cache-Control", "no-cache")
	response, err := testClient.Do(request)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	s.heard(method+" "+request.URL.Path, fmt.Sprint(response.Header)+string(body))
}

func (s *secretive) heard(who, what string) { s.said[who] += what }

func (s *secretive) requireSilence(t *testing.T) {
	t.Helper()
	require.Greater(t, len(s.said), 20)
	require.Contains(t, s.said["the log"], "level=DEBUG")
	for name, secret := range secrets {
		for _, form := range []string{
			secret, coded(secret), url.QueryEscape(secret), coded("ann:" + secret), coded("robot$bayplan:" + secret),
			strings.TrimRight(coded("ann:"+secret), "="), fmt.Sprintf("%x", secret),
		} {
			for who, text := range s.said {
				require.NotContains(t, text, form, "%s is shown by %s", name, who)
			}
		}
	}
}
