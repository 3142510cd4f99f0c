//go:build linux

package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unique"

	"github.com/opencontainers/go-digest"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/pack"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/store"
)

// BenchmarkStartFromDisk is from the start of the process to its first good
// answers, with 100,000 repositories (or -tools) on disk and every registry down:
// one image, and the complete list.
func BenchmarkStartFromDisk(b *testing.B) {
	program, dir := buildProgram(b), b.TempDir()
	onDisk := writeState(b, filepath.Join(dir, "state"))
	settings := "catalog: oci://registry.example/toolforge/image-config:" + stateVersion + "\nlisten: 127.0.0.1:0\nregistries:\n"
	settings += fmt.Sprintf("  %s: {url: %s, kind: harbor}\n", harborHost, nobodyListen)
	for _, host := range []string{"registry.example", otherHost, anotherHost} {
		settings += fmt.Sprintf("  %s: {url: %s}\n", host, nobodyListen)
	}
	require.NoError(b, os.WriteFile(filepath.Join(dir, "settings.yaml"), []byte(settings), 0o600))
	var first, complete time.Duration
	var bytes int64
	var resident int
	for b.Loop() {
		began := time.Now()
		cmd := exec.CommandContext(b.Context(), program, "serve", "--config", filepath.Join(dir, "settings.yaml"), "--state-dir", filepath.Join(dir, "state"))
		cmd.Env = append(os.Environ(), "DOCKER_CONFIG="+dir)
		s, err := start(cmd)
		require.NoError(b, err)
		url := s.await(mainLine)
		require.NotNil(b, url, s.output())
		require.Contains(b, read(b, url[1]+"/v1/images/bookworm"), `"short_name":"bookworm"`)
		first = time.Since(began)
		images, size := (&serving{url: url[1]}).count(b, "/v1/images")
		complete, bytes = time.Since(began), size
		require.Equal(b, 2**scaleTools, images)
		resident = (&serving{service: s}).kB(b, "VmHWM")
		s.kill()
	}
	b.ReportMetric(float64(first.Milliseconds()), "first-ms")
	b.ReportMetric(float64(complete.Milliseconds()), "complete-ms")
	b.ReportMetric(float64(bytes)/1e6, "MB-list")
	b.ReportMetric(float64(onDisk)/1e6, "MB-disk")
	b.ReportMetric(float64(resident)/1024, "peak-MiB")
}

func read(b *testing.B, url string) string {
	b.Helper()
	response, err := testClient.Get(url)
	require.NoError(b, err)
	defer func() { require.NoError(b, response.Body.Close()) }()
	body, err := io.ReadAll(response.Body)
	require.NoError(b, err)
	require.Equal(b, http.StatusOK, response.StatusCode, string(body))
	return string(body)
}

// stateVersion is that of the bundled chart.
const stateVersion = "0.0.0-sample.1"

// writeState writes what a process would have kept.
func writeState(b *testing.B, dir string) (size int64) {
	b.Helper()
	shelf := registrytest.InProcess(b)
	hosts, err := endpoint.New(map[string]endpoint.Config{"registry.example": {URL: shelf.URL}}, endpoint.Options{})
	require.NoError(b, err)
	defer hosts.CloseIdle()
	packed, err := pack.Bundled()
	require.NoError(b, err)
	client, ref := artifact.New(hosts, artifact.Options{}), artifact.Reference{Host: "registry.example", Path: "toolforge/image-config"}
	_, err = client.Publish(b.Context(), ref, artifact.Package{Archive: packed.Archive})
	require.NoError(b, err)
	pulled, err := client.Pull(b.Context(), ref, artifact.Selection{Version: stateVersion})
	require.NoError(b, err)
	catalog := &store.Catalog{
		Origin: ref.String(), Version: stateVersion, Chosen: stateVersion, Manifest: pulled.Digest, Contents: map[string][]byte{}, LastSuccess: time.Now(),
	}
	for _, content := range pulled.Contents() {
		catalog.Contents[digest.FromBytes(content).String()] = content
	}
	disk, err := store.Open(dir, 0)
	require.NoError(b, err)
	size, err = disk.Write(&store.State{SavedAt: time.Now(), Catalog: catalog, Users: &store.Users{
		Host: harborHost, Memory: inventory.Memory{LastSuccess: time.Now()}, Records: stateRecords,
	}})
	require.NoError(b, err)
	require.NoError(b, disk.Close())
	return size
}

func stateRecords(f func(*inventory.Record) error) error {
	details := unique.Make(inventory.Details{Platforms: "linux/amd64", Stack: "heroku-24"})
	for n := range *scaleTools {
		r := inventory.Record{Project: fmt.Sprintf("tool-t%06d", n), ID: int64(n + 1)}
		for _, name := range []string{"api", "web"} {
			r.Repositories = append(r.Repositories, inventory.RepositoryRecord{Name: name, ID: 1, Updated: 1, Artifacts: 1, Images: []inventory.Image{{
				Tag: "latest", Digest: sha256.Sum256([]byte(r.Project + name)), Pushed: 1, Size: 1, Details: details,
			}}})
		}
		if err := f(&r); err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkSeedWholeProgram is from the start of a process without a disk, whose
// Harbor does not answer, to the complete list as another one had it.
func BenchmarkSeedWholeProgram(b *testing.B) {
	program, dir := buildProgram(b), b.TempDir()
	peer := startServing(b, program, *scaleTools)
	settings := "catalog: bundled\nlisten: 127.0.0.1:0\nregistries:\n"
	settings += fmt.Sprintf("  %s: {url: %s, kind: harbor}\n", harborHost, nobodyListen)
	for _, host := range []string{otherHost, anotherHost} {
		settings += fmt.Sprintf("  %s: {url: %s}\n", host, nobodyListen)
	}
	require.NoError(b, os.WriteFile(filepath.Join(dir, "settings.yaml"), []byte(settings), 0o600))
	var first, seeded, complete time.Duration
	var resident int
	for b.Loop() {
		began := time.Now()
		cmd := exec.CommandContext(b.Context(), program, "serve", "--config", filepath.Join(dir, "settings.yaml"), "--seed", peer.url, "--seed-timeout", "5m")
		cmd.Env = append(os.Environ(), "DOCKER_CONFIG="+dir)
		s, err := start(cmd)
		require.NoError(b, err)
		url := s.await(mainLine)
		require.NotNil(b, url, s.output())
		require.NotNil(b, s.await(isReady), s.output())
		first = time.Since(began)
		require.Eventually(b, func() bool { return strings.Contains(s.output(), `msg="a seed is served`) }, 5*time.Minute, time.Millisecond, s.output())
		seeded = time.Since(began)
		images, _ := (&serving{url: url[1]}).count(b, "/v1/images")
		complete = time.Since(began)
		require.Equal(b, 2**scaleTools, images, s.output())
		resident = (&serving{service: s}).kB(b, "VmHWM")
		s.kill()
	}
	b.ReportMetric(float64(seeded.Milliseconds()), "seeded-ms")
	b.ReportMetric(float64(first.Milliseconds()), "ready-ms")
	b.ReportMetric(float64(complete.Milliseconds()), "complete-ms")
	b.ReportMetric(float64(resident)/1024, "peak-MiB")
}
