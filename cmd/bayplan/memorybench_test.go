//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

const (
	manyTools        = 50_000
	manyRepositories = 2 * manyTools
	// memoryBar is what the whole service may keep resident, in MiB.
	memoryBar = 192
)

// BenchmarkMemoryWholeProgram runs the real "bayplan serve", built for it, against
// a Harbor in another process with 100,000 repositories of 50,000 tools: it sweeps
// them, and a client reads the complete list once. "MiB-peak" is the most that was
// resident until then, as the kernel counts it (VmHWM), and "MiB-now" what is
// resident at the end (VmRSS), of it "MiB-file" of the program's own file; the bar
// is 192 for all of it.
func BenchmarkMemoryWholeProgram(b *testing.B) {
	program := filepath.Join(b.TempDir(), "bayplan")
	build, err := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-o", program, ".").CombinedOutput()
	require.NoError(b, err, string(build))
	harbor := startManyTools(b)
	for range b.N {
		s := startServing(b, program, harbor)
		b.ReportMetric(float64(s.kB(b, "VmHWM"))/1024, "MiB-swept")
		records := readList(b, s.url)
		require.Equal(b, manyRepositories, records)
		b.ReportMetric(float64(s.kB(b, "VmHWM"))/1024, "MiB-peak")
		b.ReportMetric(float64(s.kB(b, "VmRSS"))/1024, "MiB-now")
		b.ReportMetric(float64(s.kB(b, "RssFile"))/1024, "MiB-file")
		b.ReportMetric(memoryBar, "MiB-bar")
		s.kill()
	}
}

// serving is a process of bayplan that has read all of Harbor.
type serving struct {
	*service
	url string
}

var allWasRead = regexp.MustCompile(`msg="all of Harbor was read" .*images=` + strconv.Itoa(manyRepositories))

// startServing runs the program until it has read all of a Harbor.
func startServing(b *testing.B, program, harbor string) *serving {
	b.Helper()
	dir := b.TempDir()
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
	s, err := start(cmd)
	require.NoError(b, err)
	b.Cleanup(s.kill)
	url := s.await(mainLine)
	require.NotNil(b, url, s.output())
	var read []string
	for n := 0; n < 10 && read == nil; n++ { // a busy machine may need more than patience
		read = s.await(allWasRead)
	}
	require.NotNil(b, read, s.output())
	return &serving{service: s, url: url[1]}
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

// readList reads the complete list, packed as Go's client asks for it, and counts
// the records of user-built images.
func readList(b *testing.B, url string) (built int) {
	b.Helper()
	request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url+"/v1/images", nil)
	require.NoError(b, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(b, err)
	defer response.Body.Close()
	require.Equal(b, http.StatusOK, response.StatusCode)
	text, err := io.ReadAll(response.Body)
	require.NoError(b, err)
	return bytes.Count(text, []byte(`"type":"buildservice"`))
}

// startManyTools runs the test's own binary as a Harbor until the benchmark ends.
func startManyTools(b *testing.B) (url string) {
	b.Helper()
	program, err := exec.LookPath(manyToolsCommand) // TestMain put it on PATH
	require.NoError(b, err)
	command := exec.CommandContext(b.Context(), program)
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	require.NoError(b, err)
	stdout, err := command.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, command.Start())
	b.Cleanup(func() {
		_ = stdin.Close()  // it ends when nobody is there any more
		_ = command.Wait() // or was killed with the test's context
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(b, err)
	return strings.TrimSpace(line)
}

// manyToolsCommand is what the test's binary is called to be a Harbor.
const manyToolsCommand = "benchmark-harbor"

// serveManyTools is a Harbor of many tools until its standard input ends.
func serveManyTools() {
	h := harbortest.New(harbortest.Options{LogLimit: 1})
	h.AddRobot("bayplan", robotSecret, harbortest.ReaderPermissions()...)
	h.Seed(harbortest.Seed{Prefix: "tool-t", Projects: manyTools, Repositories: manyRepositories / manyTools})
	runtime.GC()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	go func() { _ = http.Serve(listener, h) }() //nolint:gosec // nobody but the benchmark asks
	fmt.Println("http://" + listener.Addr().String())
	_, _ = io.Copy(io.Discard, os.Stdin)
}
