package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience is how long a test waits for what takes a moment; only a failing one
// takes as long.
const patience = 30 * time.Second

// testClient never waits for long.
var testClient = &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}

func testContext() context.Context { return context.Background() }

// service is a process of bayplan that runs beside a test, or one that runs in
// the test's own process.
type service struct {
	cmd   *exec.Cmd // nil in the test's own process
	ended chan struct{}

	mu    sync.Mutex
	lines []string
	more  chan struct{} // closed and replaced at each line
	next  int           // the first line that await has not seen
}

// startService runs bayplan in a script's environment.
func startService(ts *testscript.TestScript, args []string) (*service, error) {
	program, err := exec.LookPath("bayplan") // TestMain put it on PATH
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(testContext(), program, args...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "DOCKER_CONFIG", "BAYPLAN_CONFIG", "KUBECONFIG", "GOCOVERDIR"} {
		if value := ts.Getenv(name); value != "" {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	return start(cmd)
}

// start runs a command and reads what it says on both streams.
func start(cmd *exec.Cmd) (*service, error) {
	s := &service{cmd: cmd, ended: make(chan struct{}), more: make(chan struct{})}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = write, write
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, read.Close(), write.Close())
	}
	_ = write.Close() // the process has its own
	go s.read(read)
	return s, nil
}

func (s *service) read(from io.ReadCloser) {
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		s.mu.Lock()
		s.lines = append(s.lines, lines.Text())
		close(s.more)
		s.more = make(chan struct{})
		s.mu.Unlock()
	}
	_ = from.Close()
	if s.cmd != nil {
		_ = s.cmd.Wait() // the exit code is asked for by exitCode
	}
	close(s.ended)
}

// await waits for the next line that matches, and gives its parts; nil if it
// does not come.
func (s *service) await(pattern *regexp.Regexp) []string {
	late := time.After(patience)
	for {
		s.mu.Lock()
		for s.next < len(s.lines) {
			s.next++
			if found := pattern.FindStringSubmatch(s.lines[s.next-1]); found != nil {
				s.mu.Unlock()
				return found
			}
		}
		more := s.more
		s.mu.Unlock()
		select {
		case <-more:
		case <-s.ended:
			return nil
		case <-late:
			return nil
		}
	}
}

func (s *service) output() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all strings.Builder
	for _, line := range s.lines {
		all.WriteString(line + "\n")
	}
	return all.String()
}

// exitCode waits for the end.
func (s *service) exitCode() (code int, ended bool) {
	select {
	case <-s.ended:
		return s.cmd.ProcessState.ExitCode(), true
	case <-time.After(patience):
		return 0, false
	}
}

func (s *service) kill() {
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.ended
}

// exitCodeOf gives the exit code of a command that was run.
func exitCodeOf(err error) int {
	if err == nil {
		return 0
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	return -1
}

// String is what it said, for messages that are not always wanted.
func (s *service) String() string { return s.output() }
