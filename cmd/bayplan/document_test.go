package main

import (
	"encoding/pem"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// fenced gives what stands in the fenced blocks of a language: of a console its
// commands, each with the lines that go on with it.
func fenced(text, language string) []string {
	var out []string
	for _, block := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
		if language != "console" {
			out = append(out, block[1])
			continue
		}
		for _, command := range strings.Split("\n"+block[1], "\n$ ")[1:] {
			out = append(out, strings.TrimSpace(command))
		}
	}
	return out
}

// documentRun runs the commands of a document in a folder of their own, as they
// stand but for the names of hosts.
type documentRun struct {
	t       *testing.T
	dir     string
	ca      string // file with the authority of the Harbor's certificate
	env     []string
	names   []string             // hosts in the document, and here
	before  func(command string) // what happens elsewhere meanwhile; nil for nothing
	service *service
	address []string // of the service, as names has them
}

// newDocumentRun starts a Harbor over TLS and gives its host.
func newDocumentRun(t *testing.T, h *harbortest.Harbor) (host string, run *documentRun) {
	t.Cleanup(h.Close)
	server := httptest.NewTLSServer(writesOf(h))
	t.Cleanup(server.Close)
	host = strings.TrimPrefix(server.URL, "https://")
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca.pem")
	replace(t, ca, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	return host, &documentRun{
		t: t, dir: dir, ca: ca, names: []string{"harbor.example", host, "127.0.0.1:8080", "127.0.0.1:0"},
		env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "SSL_CERT_FILE=" + ca, "CURL_CA_BUNDLE=" + ca},
	}
}

func (r *documentRun) here(text string) string {
	return strings.NewReplacer(append(slices.Clone(r.names), r.address...)...).Replace(text)
}

// run runs a command as somebody who typed it would.
func (r *documentRun) run(command string) string {
	r.t.Helper()
	out, code := r.exit(command)
	require.Zero(r.t, code, "%s\n%s", command, out)
	return out
}

// exit runs a command and gives what it says, and its exit code.
func (r *documentRun) exit(command string) (said string, code int) {
	r.t.Helper()
	if r.before != nil {
		r.before(command)
	}
	cmd := exec.CommandContext(r.t.Context(), "sh", "-e", "-c", r.here(command))
	cmd.Dir, cmd.Env = r.dir, r.env
	out, err := cmd.CombinedOutput()
	return string(out), exitCodeOf(err)
}

// settings writes a settings file, which begins with its name.
func (r *documentRun) settings(text string) {
	r.t.Helper()
	name := regexp.MustCompile(`^# (\S+)`).FindStringSubmatch(text)
	require.NotNil(r.t, name, "the settings begin with the name of their file")
	replace(r.t, filepath.Join(r.dir, name[1]), r.here(text))
}

// serve runs bayplan until the test ends, or until another one is started.
func (r *documentRun) serve(command string) {
	r.t.Helper()
	if r.service != nil {
		r.service.kill()
	}
	r.address = nil
	cmd := exec.CommandContext(r.t.Context(), "env", strings.Fields(r.here(command))...)
	cmd.Dir, cmd.Env = r.dir, r.env
	s, err := start(cmd)
	require.NoError(r.t, err)
	r.t.Cleanup(s.kill)
	r.service = s
	address := s.said(r.t, mainLine)
	s.said(r.t, isReady)
	r.address = []string{"localhost:8080", strings.TrimPrefix(address, "http://"), "https://bayplan.example", address}
}
