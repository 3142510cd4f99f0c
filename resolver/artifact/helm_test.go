package artifact_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

// today is a version as image-config has them; plus has what a tag cannot hold.
const (
	today = "0.0.28-20260722001336-ea583302"
	plus  = "1.2.3+build.5"
)

// shell runs outside programs with a home of their own.
type shell struct {
	t   *testing.T
	dir string
}

func newShell(t *testing.T) shell { return shell{t, t.TempDir()} }

func (s shell) run(stdin string, command ...string) string {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), command[0], command[1:]...)
	cmd.Dir = s.dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir,
		"HELM_CACHE_HOME=" + s.dir + "/cache", "HELM_CONFIG_HOME=" + s.dir + "/config", "HELM_DATA_HOME=" + s.dir + "/data",
	}
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(s.t, cmd.Run(), "%s: %s", strings.Join(command, " "), stderr.String())
	return stdout.String()
}

// chart writes a chart and packages it with helm; it gives the archive's path.
func (s shell) chart(helm, version string) string {
	s.t.Helper()
	for name, text := range map[string]string{
		"Chart.yaml":               chartYAML("image-config", version),
		"values.yaml":              "formatVersion: 1\nimages: {}\n",
		"templates/configmap.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: image-config}\n",
	} {
		file := filepath.Join(s.dir, "image-config", name)
		require.NoError(s.t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(s.t, os.WriteFile(file, []byte(text), 0o600))
	}
	s.run("", helm, "package", "image-config")
	return filepath.Join(s.dir, "image-config-"+version+".tgz")
}

func (s shell) read(file string) []byte {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, file))
	require.NoError(s.t, err)
	return data
}

// guarded is a docker-registry with TLS and a password, and a client for it.
func guarded(t *testing.T) (*registrytest.Registry, *artifact.Client) {
	t.Helper()
	reg := registrytest.Start(t, registrytest.Options{TLS: true, User: "ann", Password: "s3cret"})
	hosts, err := endpoint.New(
		map[string]endpoint.Config{host: {URL: reg.URL, CAFile: reg.CAFile}},
		endpoint.Options{Credentials: func(_ context.Context, address string) (endpoint.Credential, error) {
			require.Equal(t, reg.Host, address)
			return endpoint.Credential{Username: reg.User, Password: reg.Password}, nil
		}})
	require.NoError(t, err)
	t.Cleanup(hosts.CloseIdle)
	return reg, artifact.New(hosts, artifact.Options{Provenance: true})
}

// eachHelm runs a test with Helm 3 and with Helm 4.
func eachHelm(t *testing.T, test func(t *testing.T, helm string)) {
	for _, name := range []string{"helm3", "helm4"} {
		t.Run(name, func(t *testing.T) { test(t, registrytest.Tool(t, name)) })
	}
}

// A chart that helm pushed, provenance included, is pulled by us.
func TestHelmPushesWePull(t *testing.T) {
	eachHelm(t, func(t *testing.T, helm string) {
		reg, client := guarded(t)
		sh := newShell(t)
		sh.run(reg.Password, helm, "registry", "login", reg.Host, "--username", reg.User, "--password-stdin", "--ca-file", reg.CAFile)
		for _, v := range []string{today, plus} {
			file := sh.chart(helm, v)
			require.NoError(t, os.WriteFile(file+".prov", []byte("provenance of "+v), 0o600))
			sh.run("", helm, "push", file, "oci://"+reg.Host+"/toolforge", "--ca-file", reg.CAFile)

			chart, err := client.Pull(t.Context(), catalog, version(v))
			require.NoError(t, err)
			require.Equal(t, v, chart.Version)
			require.Equal(t, sh.read(filepath.Base(file)), chart.Archive)
			require.Equal(t, "provenance of "+v, string(chart.Provenance))
			require.False(t, chart.Created.IsZero())
		}
		chosen, err := client.Resolve(t.Context(), catalog, artifact.Selection{Constraint: ">=0.0.1"})
		require.NoError(t, err)
		require.Equal(t, plus, chosen.Version)
		chosen, err = client.Resolve(t.Context(), catalog, artifact.Selection{Constraint: "~0.0.1", PreReleases: builds})
		require.NoError(t, err)
		require.Equal(t, today, chosen.Version)
	})
}

// A chart that we published, provenance included, is pulled and shown by helm.
func TestWePublishHelmPulls(t *testing.T) {
	eachHelm(t, func(t *testing.T, helm string) {
		reg, client := guarded(t)
		sh := newShell(t)
		sh.run(reg.Password, helm, "registry", "login", reg.Host, "--username", reg.User, "--password-stdin", "--ca-file", reg.CAFile)
		for _, v := range []string{today, plus} {
			pkg := artifact.Package{Archive: archive(t, v), Provenance: []byte("provenance of " + v), Revision: "ea583302"}
			_, err := client.Publish(t.Context(), catalog, pkg)
			require.NoError(t, err)

			place := []string{"oci://" + reg.Host + "/" + path, "--version", v, "--ca-file", reg.CAFile}
			sh.run("", append([]string{helm, "pull", "--prov", "--destination", sh.dir}, place...)...)
			require.Equal(t, pkg.Archive, sh.read("image-config-"+v+".tgz"))
			require.Equal(t, pkg.Provenance, sh.read("image-config-"+v+".tgz.prov"))
			shown := sh.run("", append([]string{helm, "show", "values"}, place...)...)
			require.Equal(t, "formatVersion: 1\nimages: {}", strings.TrimSpace(shown))
		}
	})
}

// What we write is what helm writes, byte for byte, and what helm wrote costs us
// two requests: its config blob is recomputed, not fetched.
func TestOurManifestIsHelms(t *testing.T) {
	eachHelm(t, func(t *testing.T, helm string) {
		server, client := setUp(t, artifact.Options{})
		sh := newShell(t)
		file := sh.chart(helm, plus)
		require.NoError(t, os.WriteFile(file+".prov", []byte("provenance"), 0o600))
		sh.run("", helm, "push", file, "oci://"+server.Host+"/toolforge", "--plain-http")

		server.Forget()
		theirs, err := client.Pull(t.Context(), catalog, version(plus))
		require.NoError(t, err)
		require.Equal(t, []string{"GET manifests", "GET blobs"}, methods(server))

		elsewhere, other := setUp(t, artifact.Options{})
		ours, err := other.Publish(t.Context(), catalog, artifact.Package{
			Archive: theirs.Archive, Provenance: []byte("provenance"), Created: theirs.Created,
		})
		require.NoError(t, err)
		require.Equal(t, theirs.Digest, ours.Digest, "%s\n%s",
			rawManifest(t, server, ours.Tag), rawManifest(t, elsewhere, ours.Tag))
	})
}

func TestWePublishOrasReads(t *testing.T) {
	oras := registrytest.Tool(t, "oras")
	reg, client := guarded(t)
	done, err := client.Publish(t.Context(), catalog, artifact.Package{Archive: archive(t, today)})
	require.NoError(t, err)
	sh := newShell(t)
	data := sh.run(reg.Password, oras, "manifest", "fetch", "--ca-file", reg.CAFile, "--username", reg.User, "--password-stdin",
		reg.Host+"/"+path+":"+today)
	require.Equal(t, done.Digest, digest.FromString(data).String())
	var manifest ocispec.Manifest
	require.NoError(t, json.Unmarshal([]byte(data), &manifest))
	require.Equal(t, done.ArchiveDigest, manifest.Layers[0].Digest.String())
}

// The whole life of a version against the distribution project's registry.
func TestDockerRegistry(t *testing.T) {
	reg, client := guarded(t)
	first := publish(t, client, today)
	again := publish(t, client, today)
	require.True(t, again.AlreadyPublished)
	chart, changed, err := client.PullIfChanged(t.Context(), catalog, version(today), "")
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, first.Digest, chart.Digest)
	_, changed, err = client.PullIfChanged(t.Context(), catalog, version(today), chart.Digest)
	require.NoError(t, err)
	require.False(t, changed)

	t.Run("not there", func(t *testing.T) {
		for _, ref := range []artifact.Reference{catalog, {Host: host, Path: "nobody/image-config"}} {
			_, err := client.Pull(t.Context(), ref, version("9.9.9"))
			requireKind(t, "not_found", err)
		}
		_, err := client.Tags(t.Context(), artifact.Reference{Host: host, Path: "nobody/image-config"})
		requireKind(t, "not_found", err)
	})
	t.Run("who may not, and who is not believed", func(t *testing.T) {
		for name, c := range map[string]struct {
			config   endpoint.Config
			password string
			kind     string
		}{
			"no password":    {endpoint.Config{URL: reg.URL, CAFile: reg.CAFile}, "", "denied"},
			"wrong password": {endpoint.Config{URL: reg.URL, CAFile: reg.CAFile}, "wr0ng", "denied"},
			"no authority":   {endpoint.Config{URL: reg.URL}, reg.Password, "unreachable"},
			"no TLS":         {endpoint.Config{URL: "http://" + reg.Host}, reg.Password, "unreachable"},
		} {
			t.Run(name, func(t *testing.T) {
				hosts, err := endpoint.New(map[string]endpoint.Config{host: c.config}, endpoint.Options{
					Credentials: func(context.Context, string) (endpoint.Credential, error) {
						if c.password == "" {
							return endpoint.Credential{}, nil
						}
						return endpoint.Credential{Username: reg.User, Password: c.password}, nil
					}})
				require.NoError(t, err)
				t.Cleanup(hosts.CloseIdle)
				_, err = artifact.New(hosts, artifact.Options{}).Pull(t.Context(), catalog, version(today))
				requireKind(t, c.kind, err)
				require.NotContains(t, err.Error(), "wr0ng")
			})
		}
	})
}
