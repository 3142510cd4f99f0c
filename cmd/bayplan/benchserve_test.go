//go:build linux

package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// buildProgram builds the real bayplan: the test's own binary is a larger one.
func buildProgram(b *testing.B) (path string) {
	b.Helper()
	path = filepath.Join(b.TempDir(), "bayplan")
	said, err := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-o", path, ".").CombinedOutput()
	require.NoError(b, err, string(said))
	return path
}

// serving is a process of bayplan that has read all of a Harbor.
type serving struct {
	*service
	harbor, url string
	swept       time.Duration // from its start until it had read all
}

// startServing runs a program beside a Harbor of so many tools, until it has read
// all of it.
func startServing(b *testing.B, program string, tools int) *serving {
	b.Helper()
	dir := b.TempDir()
	harbor := startHarborProgram(b, tools)
	settings := fmt.Sprintf("catalog: bundled\nlisten: 127.0.0.1:0\nregistries:\n  %s: {url: %s, kind: harbor}\n", harborHost, harbor)
	for _, host := range []string{otherHost, anotherHost} {
		settings += fmt.Sprintf("  %s: {url: %s}\n", host, nobodyListen)
	}
	require.NoError(b, os.WriteFile(filepath.Join(dir, "settings.yaml"), []byte(settings), 0o600))
	login := base64.StdEncoding.EncodeToString([]byte("robot$bayplan:" + robotSecret))
	docker := fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, strings.TrimPrefix(harbor, "http://"), login)
	require.NoError(b, os.WriteFile(filepath.Join(dir, "config.json"), []byte(docker), 0o600))

	cmd := exec.CommandContext(b.Context(), program, "serve", "--config", filepath.Join(dir, "settings.yaml"))
	cmd.Env = append(os.Environ(), "DOCKER_CONFIG="+dir)
	began := time.Now()
	s, err := start(cmd)
	require.NoError(b, err)
	b.Cleanup(s.kill)
	url := s.await(mainLine)
	require.NotNil(b, url, s.output())
	allWasRead := regexp.MustCompile(fmt.Sprintf(`msg="all of Harbor was read" .*images=%d\b`, repositoriesEach*tools))
	var read []string
	for n := 0; n < 40 && read == nil; n++ { // a busy machine and many tools need more than patience
		read = s.await(allWasRead)
	}
	require.NotNil(b, read, s.output())
	swept := time.Since(began)
	if !isReady.MatchString(s.output()) { // it may have been so before
		require.NotNil(b, s.await(isReady), s.output())
	}
	return &serving{service: s, harbor: harbor, url: url[1], swept: swept}
}

// kB reads a line of the process's status.
func (s *serving) kB(b *testing.B, name string) int {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	require.NoError(b, err)
	found := regexp.MustCompile(`(?m)^` + name + `:\s+(\d+) kB$`).FindSubmatch(text)
	require.NotNil(b, found, name)
	kB, err := strconv.Atoi(string(found[1]))
	require.NoError(b, err)
	return kB
}
