package main

import (
	"net/http/httptest"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// harbor [-down] NAME starts a Harbor with the tools alpha (public) and gamma
// (private); $NAME is its URL and $NAME_host its address. With -down its core does
// not answer yet.
func harborWord(ts *testscript.TestScript, neg bool, args []string) {
	down := len(args) == 2 && args[0] == "-down"
	if down {
		args = args[1:]
	}
	if neg || len(args) != 1 {
		ts.Fatalf("usage: harbor [-down] name")
	}
	h := harbortest.New(harbortest.Options{})
	fillHarbor(ts.Fatalf, h)
	h.CoreDown(down)
	server := httptest.NewServer(h)
	st := stageOf(ts)
	st.harbors[args[0]] = h
	st.atEnd(func() { server.CloseClientConnections(); server.Close(); h.Close() })
	ts.Setenv(args[0], server.URL)
	ts.Setenv(args[0]+"_host", strings.TrimPrefix(server.URL, "http://"))
}

// happens NAME down|up|push IMAGE|revoke ACCOUNT|private PROJECT makes something
// happen to a Harbor.
func happensWord(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || stageOf(ts).harbors[args[0]] == nil {
		ts.Fatalf("usage: happens name what...")
	}
	h, what, whom := stageOf(ts).harbors[args[0]], args[1], args[len(args)-1]
	switch what {
	case "down", "up":
		h.CoreDown(what == "down")
	case "push":
		repository, tag, _ := strings.Cut(whom, ":")
		project, _, _ := strings.Cut(repository, "/")
		h.AddProject(project, harbortest.Public) // or it is there
		_, err := h.Push(repository, tag, harbortest.Profile{})
		ts.Check(err)
	case "revoke":
		h.Revoke(whom)
	case "private":
		ts.Check(h.SetVisibility(whom, harbortest.Private))
	default:
		ts.Fatalf("%s does not happen to a Harbor", what)
	}
}
