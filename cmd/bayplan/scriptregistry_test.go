package main

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/rogpeppe/go-internal/testscript"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/pack"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
)

// registry NAME starts an empty registry; $NAME is its host. With -locked it
// wants a password from everybody.
func registryWord(ts *testscript.TestScript, neg bool, args []string) {
	locked := len(args) == 2 && args[0] == "-locked"
	if locked {
		args = args[1:]
	}
	if neg || len(args) != 1 {
		ts.Fatalf("usage: registry [-locked] name")
	}
	handler := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); locked && password != secret {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	stageOf(ts).atEnd(func() { server.CloseClientConnections(); server.Close() })
	ts.Setenv(args[0], strings.TrimPrefix(server.URL, "http://"))
}

// secret is the password of locked registries, which no output may show.
const secret = "pl4nted-s3cret" //nolint:gosec // of a test

// image REFERENCE… pushes a small image to each reference.
func imageWord(ts *testscript.TestScript, _ bool, args []string) {
	for _, arg := range args {
		ref, err := name.ParseReference(arg, name.Insecure)
		ts.Check(err)
		image, err := random.Image(16, 1)
		ts.Check(err)
		ts.Check(remote.Write(ref, image))
	}
}

// publish DIR HOST/PATH publishes a chart.
func publishWord(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: publish dir host/path")
	}
	packed, err := pack.Dir(ts.MkAbs(args[0]))
	ts.Check(err)
	host, path, _ := strings.Cut(args[1], "/")
	hosts, err := endpoint.New(map[string]endpoint.Config{host: {PlainHTTP: true}}, endpoint.Options{})
	ts.Check(err)
	_, err = artifact.New(hosts, artifact.Options{}).Publish(testContext(), artifact.Reference{Host: host, Path: path}, artifact.Package{Archive: packed.Archive})
	ts.Check(err)
}

// silence NAME listens, and never says a word; $NAME is its address.
func silenceWord(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: silence name")
	}
	socket, err := new(net.ListenConfig).Listen(testContext(), "tcp", "127.0.0.1:0")
	ts.Check(err)
	stageOf(ts).atEnd(func() { _ = socket.Close() })
	ts.Setenv(args[0], socket.Addr().String())
}

// edit FILE OLD NEW puts a text in the place of another, which must be there.
func editWord(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: edit file old new")
	}
	unescape := strings.NewReplacer(`\n`, "\n")
	text, old := ts.ReadFile(args[0]), unescape.Replace(args[1])
	if !strings.Contains(text, old) {
		ts.Fatalf("%s does not hold %q", args[0], old)
	}
	changed := strings.Replace(text, old, unescape.Replace(args[2]), 1)
	// In one step, as editors do: a server may be reading.
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".new"), []byte(changed), 0o600))
	ts.Check(os.Rename(ts.MkAbs(args[0]+".new"), ts.MkAbs(args[0])))
}

// chart DIR copies the chart that ships, so that a script may edit it.
func chartWord(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: chart dir")
	}
	ts.Check(os.CopyFS(ts.MkAbs(args[0]), os.DirFS(ts.Getenv("CHART"))))
}
