package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// bayplan starts bayplan as a process that ends with the test at the latest.
// env is added to an environment that has nothing but PATH.
func bayplan(t *testing.T, env []string, args ...string) *service {
	t.Helper()
	s, err := start(command(t, env, args...))
	require.NoError(t, err)
	t.Cleanup(s.kill)
	return s
}

func command(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath("bayplan") // TestMain put it on PATH
	require.NoError(t, err)
	cmd := exec.CommandContext(testContext(), path, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	if testing.CoverMode() != "" {
		cmd.Env = append(cmd.Env, "GOCOVERDIR="+t.TempDir()) // or else it says that it has none
	}
	return cmd
}

// demoServer runs the demo and gives its address.
func demoServer(t *testing.T, args ...string) (s *service, address string) {
	t.Helper()
	s = bayplan(t, nil, append([]string{"serve", "--demo", "--listen", "127.0.0.1:0"}, args...)...)
	found := s.await(readyLine)
	require.NotNil(t, found, s.output())
	return s, found[1]
}

// Answers that are under way when SIGTERM comes are sent to their end; meanwhile
// the process says that it is not ready.
func TestServeFinishesRequestsUnderWay(t *testing.T) {
	s, address := demoServer(t, "--operations-listen", "127.0.0.1:0", "--log-level", "info", "--shutdown-grace", "1m")
	operations := operateLine.FindStringSubmatch(s.output())
	require.NotNil(t, operations, s.output())
	slow := underWay(t, address)

	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	require.NotNil(t, s.await(regexp.MustCompile("shutting down")), s.output())
	response, err := testClient.Get(operations[1] + "/v1/readyz")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)

	answers := bufio.NewReader(slow)
	whole := 0
	for ; ; whole++ {
		if _, err := answers.Peek(1); errors.Is(err, io.EOF) {
			break // between two answers, not in the middle of one
		}
		answer, err := http.ReadResponse(answers, nil)
		require.NoError(t, err)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, errors.Join(err, answer.Body.Close()))
		require.Equal(t, http.StatusOK, answer.StatusCode)
		require.True(t, json.Valid(body))
	}
	require.NotZero(t, whole)
	requireExit(t, s, exitDone)
}

// Until its listeners close, a process that is to end answers with what is true
// now, and has clients end their connections.
func TestServeIsKeptUpUntilItEnds(t *testing.T) {
	m := newPlatform(t).enlist(t, "--shutdown-delay", "1h")
	m.boot(t)
	m.said(t, mainLine)
	m.settled(t)
	before, err := m.ask("/v1/images")
	require.NoError(t, err)
	require.Empty(t, before.header.Get("Connection"))
	require.NoError(t, m.cmd.Process.Signal(syscall.SIGTERM))
	m.said(t, regexp.MustCompile("shutting down"))
	_, err = m.fleet.harbor.Push("tool-alpha/late", "latest", harbortest.Profile{})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		a, err := m.ask("/v1/images")
		return err == nil && strings.Contains(a.body, "tool-alpha/late:latest")
	}, patience, pollEvery)
	require.False(t, m.ready())
	one := &steadyClient{of: &readiness{members: []*member{m}, ready: make([]atomic.Bool, 1)}}
	one.of.ready[0].Store(true)
	request, err := http.NewRequest(http.MethodGet, "https://localhost/v1/images", nil)
	require.NoError(t, err)
	_, _, err = one.do(request)
	require.NoError(t, err)
	require.Equal(t, 1, one.ended)
}

// Requests that take longer than the grace are cut off, and that is a failure.
func TestServeCutsOffWhatTakesTooLong(t *testing.T) {
	s, address := demoServer(t, "--shutdown-grace", "50ms")
	underWay(t, address)
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGINT))
	requireExit(t, s, exitFailure)
	require.Contains(t, s.output(), "bayplan: shut down: requests were still under way after 50ms, and were cut off\n")
}

// Whoever follows events does not hold up a restart, and is sent elsewhere: the
// stream ends as one does that is over.
func TestServeEndsStreamsOfEvents(t *testing.T) {
	s, address := demoServer(t, "--shutdown-grace", "1m")
	response, err := testClient.Get(address + "/v1/events")
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	events, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Contains(t, string(events), "event: start\n")
	requireExit(t, s, exitDone)
}

// underWay asks for more than fits between a server and a client that does not
// read, and waits until the server is stuck in the middle of an answer.
func underWay(t *testing.T, address string) net.Conn {
	t.Helper()
	narrow := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) {
			failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10)
		})
		return errors.Join(err, failed)
	}}
	slow, err := narrow.DialContext(t.Context(), "tcp", strings.TrimPrefix(address, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, slow.Close()) })
	// All requests fit into one read: what a server has not read when it closes
	// a connection would make the system reset it.
	_, err = io.WriteString(slow, strings.Repeat("GET /v1/images HTTP/1.1\r\nHost: x\r\n\r\n", 100))
	require.NoError(t, err)
	before := ""
	require.Eventually(t, func() bool {
		now := listsAnswered(t, address)
		stuck := now != "" && now == before
		before = now
		return stuck
	}, patience, 100*time.Millisecond)
	require.NotContains(t, before, " 100", "everything was answered: more is needed to get stuck")
	return slow
}

// listsAnswered gives the metric of how many lists were answered.
func listsAnswered(t *testing.T, address string) string {
	t.Helper()
	response, err := testClient.Get(address + "/v1/metrics")
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return regexp.MustCompile(`(?m)^bayplan_http_requests_total\{route="/v1/images",.*$`).FindString(string(text))
}

func requireExit(t *testing.T, s *service, want int) {
	t.Helper()
	code, ended := s.exitCode()
	require.True(t, ended, s.output())
	require.Equal(t, want, code, s.output())
}

// Whoever presses Ctrl-C gets the exit code that shells expect, and no words.
func TestInterrupt(t *testing.T) {
	for signal, code := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		t.Run(signal.String(), func(t *testing.T) {
			silent, err := new(net.ListenConfig).Listen(testContext(), "tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer func() { require.NoError(t, silent.Close()) }()
			s := bayplan(t, nil, "list", "--server", fmt.Sprintf("http://%s", silent.Addr()))
			asked, err := silent.Accept() // it waits for an answer from now on
			require.NoError(t, err)
			defer func() { require.NoError(t, asked.Close()) }()
			require.NoError(t, s.cmd.Process.Signal(signal))
			requireExit(t, s, code)
			require.Empty(t, s.output())
		})
	}
}

// Nobody reads on: the command ends as others do in a pipe, without a word.
func TestBrokenPipe(t *testing.T) {
	_, address := demoServer(t)
	read, write, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, read.Close())
	cmd := command(t, nil, "list", "--server", address, "-o", "json")
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = write, &said
	require.Error(t, cmd.Run())
	require.NoError(t, write.Close())
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	require.True(t, ok)
	require.True(t, status.Signaled())
	require.Equal(t, syscall.SIGPIPE, status.Signal())
	require.Empty(t, said.String())
}

// A disk that is full is not a success.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full here")
	}
	defer func() { require.NoError(t, full.Close()) }()
	cmd := command(t, nil, "version")
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = full, &said
	require.Equal(t, exitFailure, exitCodeOf(cmd.Run()))
	require.Contains(t, said.String(), "no space left on device")
}
