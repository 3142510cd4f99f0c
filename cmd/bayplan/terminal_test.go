//go:build linux

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// onTerminal runs bayplan with its output on a terminal.
func onTerminal(t *testing.T, env []string, args ...string) *service {
	t.Helper()
	control, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("there are no pseudo-terminals here: %v", err)
	}
	require.NoError(t, unix.IoctlSetPointerInt(int(control.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(control.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	cmd := command(t, append([]string{"TERM=xterm"}, env...), args...)
	s, err := startOn(cmd, control, terminal)
	require.NoError(t, err)
	t.Cleanup(s.kill)
	return s
}

// startOn starts a command on a terminal and reads what is shown there.
func startOn(cmd *exec.Cmd, control, terminal *os.File) (*service, error) {
	s := &service{cmd: cmd, ended: make(chan struct{}), more: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = terminal, terminal
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	_ = terminal.Close() // the process has its own
	go s.read(control)
	return s, nil
}

// Colours and progress are for terminals; the line that told of progress is
// gone before the answer is printed.
func TestTerminal(t *testing.T) {
	_, address := demoServer(t)
	s := onTerminal(t, nil, "list", "--server", address, "--name", "jdk8")
	requireExit(t, s, exitDone)
	require.Contains(t, s.output(), yellow+"deprecated"+reset+"  "+red+"no"+reset+"      jdk21        docker-registry")

	for _, plain := range []string{"NO_COLOR=1", "TERM=dumb"} {
		s = onTerminal(t, []string{plain}, "list", "--server", address, "--name", "jdk8")
		requireExit(t, s, exitDone)
		require.NotContains(t, s.output(), "\x1b", plain)
	}
}

func TestTerminalSaysWhatIsWaitedFor(t *testing.T) {
	silent, err := new(net.ListenConfig).Listen(testContext(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, silent.Close()) }()
	address := silent.Addr().String()

	s := onTerminal(t, nil, "list", "--server", "http://"+address, "--timeout", "1500ms")
	requireExit(t, s, exitFailure)
	require.Regexp(t, `^\r\x1b\[Kwaiting for `+regexp.QuoteMeta(address)+`… 1s\r\x1b\[Kbayplan: there was no answer within 1\.5s`, s.output())

	s = onTerminal(t, nil, "list", "--catalog", "bundled", "--timeout", "15s", "--name", "bookworm",
		"--registry", "docker-registry.tools.wmflabs.org=http://"+address, "--registry", "docker-registry.svc.toolforge.org=http://127.0.0.1:1")
	requireExit(t, s, exitDone)
	require.Regexp(t, `^\r\x1b\[Kasking docker-registry\.tools\.wmflabs\.org… 1s\r\x1b\[K(?s:.*)warning: `, s.output())
}
