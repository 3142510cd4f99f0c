package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/pack"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registry"
)

func packagedSample(t *testing.T) []byte {
	t.Helper()
	sample, err := pack.Bundled()
	require.NoError(t, err)
	return sample.Archive
}

// baits are charts that name the canary (AWAY): file to what is put behind it, or
// in its place if it is none that appends well.
var baits = map[string]map[string]string{
	"a schema elsewhere":      {"values.schema.json": `{"$schema":"http://json-schema.org/draft-07/schema#","$ref":"AWAY/schema.json"}`},
	"a schema in a file":      {"values.schema.json": `{"allOf":[{"$ref":"file:///etc/passwd"},{"$ref":"AWAY/x.json#/definitions/x"}]}`},
	"a schema's own dialect":  {"values.schema.json": `{"$schema":"AWAY/dialect.json","$id":"AWAY/id.json"}`},
	"dependencies":            {"Chart.yaml": "+dependencies: [{name: d, version: 1.0.0, repository: AWAY}, {name: e, version: 1.0.0, repository: \"oci://HOST/x\"}]\n"},
	"places in Chart.yaml":    {"Chart.yaml": "+icon: AWAY/icon\nsources: [AWAY/source]\nhome: AWAY/home\n"},
	"annotations":             {"Chart.yaml": "+annotations: {artifacthub.io/images: \"- image: HOST/x:1\", org.opencontainers.image.url: AWAY}\n"},
	"templates that look":     {"templates/x.yaml": `{{ lookup "v1" "Secret" "default" "" | toJson }}{{ getHostByName "HOST" }}{{ .Files.Get "AWAY" }}`},
	"a lock of dependencies":  {"Chart.lock": "dependencies: [{name: d, repository: AWAY, version: 1.0.0}]\ndigest: sha256:0\n"},
	"requirements of old":     {"requirements.yaml": "dependencies: [{name: d, repository: AWAY, version: 1.0.0}]\n"},
	"links in values.yaml":    {"values.yaml": "+# $schema: AWAY/values.json\n# yaml-language-server: $schema=AWAY/v.json\n"},
	"a reference inside YAML": {"values.yaml": "+global: {$ref: AWAY/x.yaml}\n"},
}

// What a chart says is read; where it points, nobody goes. Every command that
// reads charts is tried.
func TestChartsSendNobodyAway(t *testing.T) {
	for name, files := range baits {
		t.Run(name, func(t *testing.T) {
			away := newCanary(t)
			dir := baited(t, files, away)
			for _, args := range [][]string{
				{"lint", dir}, {"check", dir}, {"preview", dir}, {"diff", dir, "bundled"}, {"bump", dir, "--dry-run"},
				{"publish", dir, "oci://127.0.0.1:1/toolforge/image-config", "--version", "9.9.9", "--plain-http", "--dry-run"},
			} {
				cmd := command(t, []string{"HOME=" + t.TempDir()}, args...)
				text, _ := cmd.CombinedOutput() // many are refused
				require.NotContains(t, string(text), "panic")
				require.NotContains(t, string(text), "root:", "a file of this machine was read")
			}
			require.Empty(t, away.notes())
		})
	}
}

func baited(t *testing.T, files map[string]string, away *canary) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "image-config")
	require.NoError(t, os.CopyFS(dir, os.DirFS("../../chart/image-config")))
	for name, text := range files {
		text = strings.NewReplacer("AWAY", away.URL, "HOST", away.host()).Replace(text)
		path := filepath.Join(dir, name)
		if more, ok := strings.CutPrefix(text, "+"); ok {
			before, err := os.ReadFile(path)
			require.NoError(t, err)
			text = string(before) + more
		}
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

// Two registries: each is shown its own password, whatever it says of the other.
func TestEachRegistryIsShownItsOwnPassword(t *testing.T) {
	first, firstConfig := hostile(t, false, func(w http.ResponseWriter, _ *http.Request, _ string) { w.WriteHeader(http.StatusNotFound) })
	second, secondConfig := hostile(t, false, func(w http.ResponseWriter, r *http.Request, _ string) {
		http.Redirect(w, r, first.URL+r.URL.Path, http.StatusTemporaryRedirect)
	})
	secondConfig.RedirectHosts = []string{first.Listener.Addr().String()} // as blobs may lie elsewhere
	passwords := map[string]string{first.Listener.Addr().String(): "of-the-first", second.Listener.Addr().String(): "of-the-second"}
	hosts, err := endpoint.New(map[string]endpoint.Config{"first.example": firstConfig, "second.example": secondConfig}, endpoint.Options{
		Credentials: func(_ context.Context, host string) (endpoint.Credential, error) {
			return endpoint.Credential{Username: "robot", Password: passwords[host]}, nil
		},
	})
	require.NoError(t, err)
	defer hosts.CloseIdle()
	for _, name := range []string{"second.example", "first.example"} {
		registry.New(hosts.For(name), registry.Options{}).Ask(t.Context(), []fact.Reference{{Host: name, Repository: "x", Tag: "latest"}})
	}
	require.Subset(t, []string{"of-the-second"}, second.shown())
	require.NotEmpty(t, second.shown())
	require.Subset(t, []string{"of-the-first"}, first.shown())
	require.NotEmpty(t, first.shown())
}

// A proxy in the environment is for the world outside: what is on this machine is
// asked directly, and so is a server that redirects to elsewhere.
func TestProxiesAndServersLearnNothing(t *testing.T) {
	away := newCanary(t)
	host, _ := hostile(t, false, func(w http.ResponseWriter, _ *http.Request, _ string) { w.WriteHeader(http.StatusNotFound) })
	environment := []string{"HOME=" + t.TempDir()}
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"} {
		environment = append(environment, name+"="+away.URL)
	}
	docker := t.TempDir()
	const text = `{"auths":{"HOST":{"username":"robot","password":"` + planted + `"}}}`
	require.NoError(t, os.WriteFile(filepath.Join(docker, "config.json"), []byte(strings.Replace(text, "HOST", host.Listener.Addr().String(), 1)), 0o600))
	out, _ := command(t, append(environment, "DOCKER_CONFIG="+docker), "versions", "oci://registry.example/toolforge/image-config",
		"--registry", "registry.example="+host.URL).CombinedOutput()
	require.Equal(t, planted, host.shown()[0], string(out))

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, away.URL+r.URL.Path, http.StatusFound)
	}))
	defer server.Close()
	out, err := command(t, environment, "list", "--server", server.URL, "--tool", "alpha").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "it redirects to another place")
	require.Contains(t, string(out), "give it to --server")
	require.Empty(t, away.notes())
}
