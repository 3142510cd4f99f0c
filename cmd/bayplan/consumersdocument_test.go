package main

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

// The listings of docs/consumers.md are files that run as they stand there, against
// a test server that serves the real catalogs, and beside the readers of today.
func TestConsumersDocument(t *testing.T) {
	python := registrytest.Tool(t, "python3")
	program, err := exec.LookPath("bayplan") // TestMain put it on PATH
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/consumers")))
	require.Len(t, listings(t, dir), 7)
	cmd := exec.CommandContext(t.Context(), python, "-m", "unittest", "-v", "test_consumers")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CATALOGS="+catalogs(t), "FAKE="+program, "PYTHONDONTWRITEBYTECODE=1", "no_proxy=*")
	cmd.Env = append(cmd.Env, gateway(t, program)...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "\nOK\n")
}

// listings writes the document's Python files to a folder, and gives their names.
func listings(t *testing.T, dir string) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/consumers.md")
	require.NoError(t, err)
	var names []string
	for _, block := range regexp.MustCompile("(?ms)^```python (\\w+\\.py)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		names = append(names, block[1])
		replace(t, filepath.Join(dir, block[1]), block[2])
	}
	require.Equal(t, strings.Count(string(text), "```python"), len(names), "each listing has the name of its file")
	return names
}

// gateway serves a platform below /builds to whoever shows a certificate, and says
// where that is and what to show.
func gateway(t *testing.T, program string) (environment []string) {
	t.Helper()
	dir := t.TempDir()
	replace(t, filepath.Join(dir, "tools.yaml"), "tools: {secret: {private: true, images: [secret:latest]}}\n")
	s, err := start(exec.CommandContext(t.Context(), program, "fake", "--images", filepath.Join(dir, "tools.yaml")))
	require.NoError(t, err)
	t.Cleanup(s.kill)
	found := s.await(fakeLine)
	require.NotNil(t, found, s.output())
	behind, err := url.Parse(found[1])
	require.NoError(t, err)
	front := httptest.NewUnstartedServer(http.StripPrefix("/builds", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(behind)
		r.Out.Header.Set("X-Toolforge-Tool", "secret")
	}}))
	ours, files := newAuthority(t), pemFiles(t)
	files.writeServer(t, ours.issue(t))
	ours.write(t, files.clientCA)
	front.TLS = &tls.Config{Certificates: []tls.Certificate{ours.issue(t)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ours.pool(), MinVersion: tls.VersionTLS12}
	front.Config.ErrorLog = log.New(io.Discard, "", 0) // of those that are turned away
	front.StartTLS()
	t.Cleanup(front.Close)
	address := strings.Replace(front.URL, "127.0.0.1", "localhost", 1) + "/builds"
	return []string{"GATEWAY=" + address, "CERTIFICATE=" + files.cert, "KEY=" + files.key, "AUTHORITY=" + files.clientCA}
}

// catalogs gives a folder with the real catalogs, as YAML and as JSON, which
// Python reads without help.
func catalogs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	paths, err := filepath.Glob("../../testdata/catalogs/*.yaml")
	require.NoError(t, err)
	require.Len(t, paths, 3)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		asJSON, err := yaml.YAMLToJSONStrict(text)
		require.NoError(t, err)
		name := filepath.Base(path)
		replace(t, filepath.Join(dir, name), string(text))
		replace(t, filepath.Join(dir, strings.TrimSuffix(name, ".yaml")+".json"), string(asJSON))
	}
	return dir
}

// The commands of the document that need no Python, in their order.
func TestConsumersDocumentCommands(t *testing.T) {
	registrytest.Tool(t, "curl")
	text, err := os.ReadFile("../../docs/consumers.md")
	require.NoError(t, err)
	dir := t.TempDir()
	platform := fenced(string(text), "yaml")[0]
	require.True(t, strings.HasPrefix(platform, "# platform.yaml\n"))
	replace(t, filepath.Join(dir, "platform.yaml"), platform)
	commands := fenced(string(text), "console")
	require.Len(t, commands, 6)
	words := strings.Fields(strings.NewReplacer(":8081", ":0", ":8082", ":0", " &", "").Replace(commands[0]))
	cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
	cmd.Dir = dir
	s, err := start(cmd)
	require.NoError(t, err)
	t.Cleanup(s.kill)
	found := s.await(fakeLine)
	require.NotNil(t, found, s.output())
	here := strings.NewReplacer("http://127.0.0.1:8081", found[1], "http://127.0.0.1:8082", found[2])
	want := []string{
		`{"short_name":"jdk8","exists":false}`, `"rule":"latest"`, `"struck":[0,`, `{"faults":[]}`, `"image":"fresh:latest"`,
	}
	for i, command := range commands[1:] {
		out, err := exec.CommandContext(t.Context(), "sh", "-e", "-c", here.Replace(command)).CombinedOutput()
		require.NoError(t, err, command)
		require.Contains(t, string(out), want[i], command)
	}
}
