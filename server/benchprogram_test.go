//go:build unix

package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/mux"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// programSize is the environment variable that turns the test's binary into the
// server of a benchmark, with a list of about so many bytes.
const programSize = "BAYPLAN_BENCHMARK_SERVER"

func TestMain(m *testing.M) {
	if size := os.Getenv(programSize); size != "" {
		if err := runProgram(size); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		return
	}
	os.Exit(m.Run())
}

// program is a server process whose CPU time is its own.
type program struct {
	addresses map[string]string // handler to host:port
	connected map[string][]*rawClient
}

// startProgram runs the test's own binary as a server until the test ends.
func startProgram(t testing.TB, size int) *program {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), programSize+"="+strconv.Itoa(size))
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	require.NoError(t, err)
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = stdin.Close()  // it ends when nobody is there any more
		_ = command.Wait() // or was killed with the test's context
	})
	p := &program{connected: map[string][]*rawClient{}}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(line, &p.addresses))
	return p
}

// cpu is the time that the process has used up to now.
func (p *program) cpu(t testing.TB) time.Duration {
	t.Helper()
	response, err := http.Get("http://" + p.addresses["cpu"])
	require.NoError(t, err)
	defer response.Body.Close()
	return decode[time.Duration](t, response.Body)
}

func cpuTime(w http.ResponseWriter, _ *http.Request) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, usage.Utime.Nano()+usage.Stime.Nano())
}

// runProgram serves until its standard input ends.
func runProgram(size string) error {
	bytes, err := strconv.Atoi(size)
	if err != nil {
		return err
	}
	shot, err := snapshotOf(bytes)
	if err != nil {
		return err
	}
	bayplan, text, packed, err := handlerOf(shot)
	if err != nil {
		return err
	}
	addresses := map[string]string{}
	for name, handler := range map[string]http.Handler{
		"bayplan": bayplan, "mux": bareMux(text), "nethttp": bareHandler(text),
		"nethttp-gzip": bareHandler(packed), "nethttp-304": bareStatus(http.StatusNotModified), "encode": encoding(shot), "cpu": http.HandlerFunc(cpuTime),
	} {
		listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		addresses[name] = listener.Addr().String()
		go func() { _ = http.Serve(listener, handler) }() //nolint:gosec // nobody but the benchmark asks
	}
	if err := json.NewEncoder(os.Stdout).Encode(addresses); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// handlerOf gives the server of a snapshot, and the bytes of its list as they
// are and in gzip.
func handlerOf(shot *snapshot.Snapshot) (handler http.Handler, text, packed []byte, err error) {
	s, err := server.New(view{follow: func(f func(*snapshot.Snapshot)) { f(shot) }}, server.Options{})
	if err != nil {
		return nil, nil, nil, err
	}
	handler = s.Handler()
	list := func(encoding string) []byte {
		request := httptest.NewRequest(http.MethodGet, "/v1/images", nil)
		request.Header.Set("Accept-Encoding", encoding)
		kept := &keeper{sink: sink{header: http.Header{}}}
		handler.ServeHTTP(kept, request)
		return kept.text
	}
	return handler, list("identity"), list("gzip"), nil
}

// keeper is a sink that keeps the last thing written.
type keeper struct {
	sink
	text []byte
}

func (k *keeper) Write(p []byte) (int, error) { k.text = p; return len(p), nil }

// encoding makes the list for each request, as a server without snapshots would.
func encoding(shot *snapshot.Snapshot) http.Handler {
	var records []api.Image
	for _, image := range shot.Images {
		records = append(records, server.Record(image))
	}
	router := mux.NewRouter()
	router.Path("/v1/images").HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		text, err := json.Marshal(api.ImagesAnswer{Images: records})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		_, _ = w.Write(text)
	})
	return router
}

// recordBytes is about what an image of snapshotOf takes in the list.
const recordBytes = 1225

// snapshotOf joins a catalog whose list has about so many bytes.
func snapshotOf(bytes int) (*snapshot.Snapshot, error) {
	var values strings.Builder
	values.WriteString("formatVersion: \"1.0\"\nimages:\n")
	for i := range bytes / recordBytes {
		fmt.Fprintf(&values, "  image%05d: {state: stable, aliases: [tf-image%05d], variants: {jobs-framework: {image: registry.example/image%05d-base}, "+
			"webservice: {image: registry.example/image%05d-web, extra: {wstype: generic}}}}\n", i, i, i, i)
	}
	loaded, err := chart.FromValues([]byte(values.String())).Load()
	if err != nil {
		return nil, err
	}
	return snapshot.Join(snapshot.Input{Catalog: loaded.Catalog, Facts: everythingIsThere{}, Day: "2026-08-01"}), nil
}

// everythingIsThere knows a digest for every reference.
type everythingIsThere struct{}

func (everythingIsThere) Manifest(ref fact.Reference) (fact.Manifest, bool) {
	return fact.Manifest{Status: fact.Present, Digest: digestOf(ref.String())}, false
}

func (everythingIsThere) Repository(string, string) (fact.Repository, bool) {
	return fact.Repository{Status: fact.Present, Tags: []string{"latest"}}, false
}
