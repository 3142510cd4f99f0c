package main

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A service whose log nobody reads any more goes on, and ends as it should.
func TestALogThatNobodyReads(t *testing.T) {
	cmd := command(t, nil, "serve", "--demo", "--listen", "127.0.0.1:0", "--log-level", "info")
	read, write, err := os.Pipe()
	require.NoError(t, err)
	cmd.Stderr = write
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	require.NoError(t, write.Close())
	buffer := make([]byte, 64<<10)
	n, err := out.Read(buffer)
	require.NoError(t, err)
	found := readyLine.FindStringSubmatch(string(buffer[:n]))
	require.NotNil(t, found, string(buffer[:n]))
	require.NoError(t, read.Close())
	for range 3 { // each is a line in the log
		require.NoError(t, cmd.Process.Signal(syscall.SIGHUP))
		response, err := testClient.Get(found[1] + "/v1/images")
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusOK, response.StatusCode)
	}
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait(), "it ends by itself")
}

// inShell runs bayplan where a shell has prepared something first.
func inShell(t *testing.T, before string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := command(t, nil, args...)
	cmd.Args = append([]string{"sh", "-c", before + ` && exec "$@"`, "sh", cmd.Path}, args...)
	shell, err := exec.LookPath("sh")
	require.NoError(t, err)
	cmd.Path = shell
	return cmd
}

// A working directory that is gone is nobody's business.
func TestAWorkingDirectoryThatIsGone(t *testing.T) {
	chart, err := filepath.Abs("../../chart/image-config")
	require.NoError(t, err)
	out, err := inShell(t, "mkdir gone && cd gone && rmdir ../gone", "lint", chart).CombinedOutput()
	require.NoError(t, err, string(out))
}

// Silent connections do not take the files that the service itself needs.
func TestFewFilesMayBeOpen(t *testing.T) {
	s, err := start(inShell(t, "ulimit -n 64", "serve", "--catalog", "bundled", "--listen", "127.0.0.1:0"))
	require.NoError(t, err)
	t.Cleanup(s.kill)
	require.NotNil(t, s.await(regexp.MustCompile(`fewer connections are let in .* connections=32 files=64`)), s.output())
	found := s.await(mainLine)
	require.NotNil(t, found, s.output())
	address := found[1]
	for range 100 { // each client keeps its connection, and asks nothing more
		client := &http.Client{Timeout: patience, Transport: &http.Transport{}}
		t.Cleanup(client.CloseIdleConnections)
		response, err := client.Get(address + "/v1/healthz")
		require.NoError(t, err, s.output())
		_, err = io.Copy(io.Discard, response.Body) // or else the connection ends
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
	}
	require.NotContains(t, s.output(), "too many open files")
}
