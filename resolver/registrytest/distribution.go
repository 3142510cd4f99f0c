package registrytest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// Options say how a [Registry] is to be. The zero value is plain HTTP, open to
// everybody.
type Options struct {
	// TLS gives it a certificate of an authority made for the test.
	TLS bool
	// User and Password, if set, are asked for by basic authentication.
	User, Password string
}

// Registry is a running docker-registry.
type Registry struct {
	// Host is its address, "127.0.0.1:1234".
	Host string
	// URL is Host with its scheme.
	URL string
	// CAFile is the PEM file of its authority; "" without TLS.
	CAFile string
	// User and Password are those of the options.
	User, Password string
}

// startLimit is generous: the registry is up in a fraction of a second.
const startLimit = 20 * time.Second

// listening is what distribution logs once the port is open.
var listening = regexp.MustCompile(`listening on (127\.0\.0\.1:[0-9]+)`)

// Start runs docker-registry on a free port of loopback until the test ends. The
// test is skipped where the binary is missing; see [Tool].
func Start(t testing.TB, opts Options) *Registry {
	t.Helper()
	binary := Tool(t, "docker-registry")
	dir := t.TempDir()
	reg := &Registry{User: opts.User, Password: opts.Password}
	scheme := "http://"
	if opts.TLS {
		scheme = "https://"
		reg.CAFile = certificates(t, dir)
	}
	reg.Host = run(t, binary, writeConfig(t, dir, opts))
	reg.URL = scheme + reg.Host
	return reg
}

// writeConfig makes the registry's configuration; port 0 lets the kernel choose.
func writeConfig(t testing.TB, dir string, opts Options) string {
	t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "version: 0.1\nlog: {level: info, accesslog: {disabled: true}}\n")
	fmt.Fprintf(&text, "storage: {filesystem: {rootdirectory: %q}, delete: {enabled: true}}\n", filepath.Join(dir, "data"))
	fmt.Fprintf(&text, "http:\n  addr: 127.0.0.1:0\n")
	if opts.TLS {
		fmt.Fprintf(&text, "  tls: {certificate: %q, key: %q}\n", filepath.Join(dir, certFile), filepath.Join(dir, keyFile))
	}
	if opts.User != "" {
		hash, err := bcrypt.GenerateFromPassword([]byte(opts.Password), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		users := filepath.Join(dir, "htpasswd")
		write(t, users, opts.User+":"+string(hash)+"\n")
		fmt.Fprintf(&text, "auth: {htpasswd: {realm: bayplan, path: %q}}\n", users)
	}
	config := filepath.Join(dir, "config.yml")
	write(t, config, text.String())
	return config
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run starts the registry and gives the address that it says it listens on.
func run(t testing.TB, binary, config string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, "serve", config)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")} // REGISTRY_… would change the configuration
	output, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address, ended := make(chan string, 1), make(chan string, 1)
	go follow(output, address, ended)
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed: the error is the signal
	})
	select {
	case at := <-address:
		return at
	case last := <-ended:
		t.Fatalf("docker-registry ended before it listened: %s", last)
	case <-time.After(startLimit):
		t.Fatalf("docker-registry does not listen after %s", startLimit)
	}
	return ""
}

// follow reads the log to its end, so that the registry never blocks on it.
func follow(output io.Reader, address, ended chan<- string) {
	last := ""
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		last = lines.Text()
		if found := listening.FindStringSubmatch(last); found != nil {
			select {
			case address <- found[1]:
			default:
			}
		}
	}
	ended <- last
}
