package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// harborCommand is what the test's binary is called to be a Harbor in a process
// of its own; its argument is how many tools that has.
const harborCommand = "benchmark-harbor"

// repositoriesEach is how many repositories each of its tools has.
const repositoriesEach = 2

// pushPath is where the benchmark tells it to push an image.
const pushPath = "/benchmark/push/"

// startHarborProgram runs the test's own binary as a Harbor until the benchmark
// ends, and gives its URL.
func startHarborProgram(b *testing.B, tools int) (url string) {
	b.Helper()
	program, err := exec.LookPath(harborCommand) // TestMain put it on PATH
	require.NoError(b, err)
	command := exec.CommandContext(b.Context(), program, strconv.Itoa(tools))
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

// pushTo pushes another image to a repository of a Harbor, and gives its digest.
func pushTo(b *testing.B, harbor, repository string) (digest string) {
	b.Helper()
	response, err := http.Post(harbor+pushPath+repository, "", nil)
	require.NoError(b, err)
	defer response.Body.Close()
	require.Equal(b, http.StatusOK, response.StatusCode)
	text, err := io.ReadAll(response.Body)
	require.NoError(b, err)
	return string(text)
}

// harborMain is a Harbor until its standard input ends.
func harborMain() {
	if err := serveHarbor(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func serveHarbor(tools string) error {
	n, err := strconv.Atoi(tools)
	if err != nil {
		return err
	}
	h := harbortest.New(harbortest.Options{LogLimit: 1})
	h.AddRobot("bayplan", robotSecret, harbortest.ReaderPermissions()...)
	h.Seed(harbortest.Seed{Prefix: "tool-t", Projects: n, Repositories: repositoriesEach})
	runtime.GC()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+pushPath+"{repository...}", func(w http.ResponseWriter, r *http.Request) {
		digest, err := h.Push(r.PathValue("repository"), "latest", harbortest.Profile{})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, digest)
	})
	go func() { _ = http.Serve(listener, routed{mux, h}) }() //nolint:gosec // nobody but the benchmark asks
	fmt.Println("http://" + listener.Addr().String())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// routed hands the benchmark's requests to a mux, and all others as they came to
// a Harbor: a mux would clean their paths.
type routed struct{ benchmark, harbor http.Handler }

func (h routed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, pushPath) {
		h.benchmark.ServeHTTP(w, r)
		return
	}
	h.harbor.ServeHTTP(w, r)
}
