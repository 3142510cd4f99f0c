package main

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/kubernetes/kubernetestest"
)

// scriptWords are the words that scripts have besides testscript's.
var scriptWords = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"serve":    serveWord,
	"fake":     fakeWord,
	"await":    awaitWord,
	"signal":   signalWord,
	"ended":    endedWord,
	"get":      getWord,
	"registry": registryWord,
	"image":    imageWord,
	"publish":  publishWord,
	"silence":  silenceWord,
	"edit":     editWord,
	"chart":    chartWord,
	"want":     wantWord,
	"harbor":   harborWord,
	"keys":     keysWord,
	"happens":  happensWord,
	"cluster":  clusterWord,
	"deploy":   deployWord,
}

type stageKey struct{}

// stage is what runs beside one script.
type stage struct {
	mu       sync.Mutex
	services map[string]*service
	harbors  map[string]*harbortest.Harbor
	cluster  *kubernetestest.Cluster
	closers  []func()
}

func newStage() *stage {
	return &stage{services: map[string]*service{}, harbors: map[string]*harbortest.Harbor{}}
}

func stageOf(ts *testscript.TestScript) *stage { return ts.Value(stageKey{}).(*stage) }

func (s *stage) atEnd(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closers = append(s.closers, f)
}

func (s *stage) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.closers {
		f()
	}
}

var (
	readyLine   = regexp.MustCompile(`(?:msg=ready address=|"msg":"ready","address":"|catalog at )(http://[0-9.:]+)`)
	listenLine  = regexp.MustCompile(`msg=listening address=(http://[0-9.:]+)`)
	operateLine = regexp.MustCompile(`msg=listening address=(http://[0-9.:]+) routes=operations`)
	deleteLine  = regexp.MustCompile(`curl -X DELETE (http://[0-9.:]+)`)
	harborLine  = regexp.MustCompile(`(http://[0-9.:]+)/api/v2.0/`)
	fakeLine    = regexp.MustCompile(`^{"url":"(http://[0-9.:]+)","control":"(http://[0-9.:]+)"}$`)
	pullLine    = regexp.MustCompile(`helm pull .*oci://([0-9.:]+)`)
)

// serve [-listening] NAME FLAG… runs "bayplan serve" until the script ends, and
// waits for it to be ready, or with -listening to listen. $NAME is its address;
// $NAME_operations that of its second listener; and of a demo $NAME_registry
// that of a registry, $NAME_harbor that of its Harbor, and $NAME_catalog the host of
// the catalog.
func serveWord(ts *testscript.TestScript, neg bool, args []string) {
	line := readyLine
	if len(args) > 0 && args[0] == "-listening" {
		line, args = listenLine, args[1:]
	}
	if neg || len(args) == 0 {
		ts.Fatalf("usage: serve [-listening] name flag...")
	}
	s, err := startService(ts, append([]string{"serve"}, args[1:]...))
	ts.Check(err)
	st := stageOf(ts)
	st.services[args[0]] = s
	st.atEnd(s.kill)
	found := s.await(line)
	if found == nil {
		ts.Fatalf("%s is not up:\n%s", args[0], s.output())
	}
	ts.Setenv(args[0], found[1])
	if strings.HasPrefix(found[0], "catalog at ") {
		s.await(regexp.MustCompile(`Stop it with`)) // the end of the demo's welcome
	}
	for suffix, pattern := range map[string]*regexp.Regexp{"_operations": operateLine, "_registry": deleteLine, "_catalog": pullLine, "_harbor": harborLine} {
		if m := pattern.FindStringSubmatch(s.output()); m != nil {
			ts.Setenv(args[0]+suffix, m[1])
		}
	}
}

// fake NAME FLAG… runs "bayplan fake" until the script ends, and waits for it to
// be ready. $NAME is its address, $NAME_control that of its control routes.
func fakeWord(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: fake name flag...")
	}
	s, err := startService(ts, append([]string{"fake"}, args[1:]...))
	ts.Check(err)
	st := stageOf(ts)
	st.services[args[0]] = s
	st.atEnd(s.kill)
	found := s.await(fakeLine)
	if found == nil {
		ts.Fatalf("%s is not up:\n%s", args[0], s.output())
	}
	ts.Setenv(args[0], found[1])
	ts.Setenv(args[0]+"_control", found[2])
}

func (s *stage) service(ts *testscript.TestScript, name string) *service {
	found := s.services[name]
	if found == nil {
		ts.Fatalf("there is no service %s", name)
	}
	return found
}

// await NAME PATTERN waits for the next line of a service's output that matches.
func awaitWord(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await name pattern")
	}
	s := stageOf(ts).service(ts, args[0])
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	if s.await(pattern) == nil {
		ts.Fatalf("%s does not say %s:\n%s", args[0], args[1], s.output())
	}
}

// signal NAME TERM|INT|KILL sends a signal to a service.
func signalWord(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "KILL": syscall.SIGKILL}
	if neg || len(args) != 2 || signals[args[1]] == 0 {
		ts.Fatalf("usage: signal name TERM|INT|KILL")
	}
	ts.Check(stageOf(ts).service(ts, args[0]).cmd.Process.Signal(signals[args[1]]))
}

// ended NAME CODE waits for a service to end with an exit code, and writes what
// it said to NAME.log.
func endedWord(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: ended name code")
	}
	s := stageOf(ts).service(ts, args[0])
	code, ok := s.exitCode()
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".log"), []byte(s.output()), 0o600))
	if !ok || strconv.Itoa(code) != args[1] {
		ts.Fatalf("%s: ended %v, exit code %d:\n%s", args[0], ok, code, s.output())
	}
}

// get [-X METHOD] [-d BODY] [-fresh] [-as TOOL] STATUS URL asks, and prints the
// body on standard output and the headers on standard error.
func getWord(ts *testscript.TestScript, neg bool, args []string) {
	method, headers := http.MethodGet, http.Header{}
	var sent io.Reader
	for len(args) > 2 {
		switch args[0] {
		case "-X":
			method, args = args[1], args[1:]
		case "-d":
			sent, args = strings.NewReader(args[1]), args[1:]
		case "-as":
			headers.Set("X-Toolforge-Tool", args[1])
			args = args[1:]
		case "-fresh":
			headers.Set("Cache-Control", "no-cache")
		}
		args = args[1:]
	}
	if neg || len(args) != 2 {
		ts.Fatalf("usage: get [-X method] [-d body] [-fresh] [-as tool] status url")
	}
	request, err := http.NewRequest(method, args[1], sent)
	ts.Check(err)
	request.Header = headers
	response, err := testClient.Do(request)
	ts.Check(err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	ts.Check(err)
	_, _ = ts.Stdout().Write(body)
	ts.Check(response.Header.Write(ts.Stderr()))
	if strconv.Itoa(response.StatusCode) != args[0] {
		ts.Fatalf("%s answers %d: %s", args[1], response.StatusCode, body)
	}
}

// want CODE PROGRAM ARG… runs a program that must end with this exit code.
func wantWord(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: want code program arg...")
	}
	got := exitCodeOf(ts.Exec(args[1], args[2:]...))
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d, not %s", got, args[0])
	}
}
