package server_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
)

// logBuffer is a log that many may write and a test reads.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// A defect costs one answer, and is logged with its place.
func TestADefectIsA500AndIsLogged(t *testing.T) {
	s := start(t, setup{values: sample})
	log := &logBuffer{}
	broken, err := server.New(view{
		follow: func(f func(*snapshot.Snapshot)) { f(s.resolver.Snapshot()) },
		status: func() resolver.Status { panic("a defect " + strings.Repeat("x", 10_000)) },
	}, server.Options{Logger: slog.New(slog.NewJSONHandler(log, nil))})
	require.NoError(t, err)
	e := listen(t, broken.Handler())

	failure := e.failure(t, "/v1/catalog", http.StatusInternalServerError)
	require.Equal(t, "internal", failure.Code)
	require.Equal(t, []string{"something went wrong on our side"}, failure.Error)
	require.Empty(t, e.ask(t, http.MethodHead, "/v1/catalog").body)
	require.Contains(t, log.String(), `"route":"/v1/catalog"`)
	require.Contains(t, log.String(), `"defect":"a defect xxx`)
	require.Contains(t, log.String(), "defect_test.go", "the stack")
	require.Less(t, len(log.String()), 32<<10)
	require.Equal(t, http.StatusOK, e.get(t, "/v1/images").status, "the others are served")
}

// Who looks at a page is told by a page, which says nothing of the defect.
func TestADefectOfAPage(t *testing.T) {
	s := start(t, setup{values: sample})
	log := &logBuffer{}
	broken, err := server.New(view{
		follow: func(f func(*snapshot.Snapshot)) { f(s.resolver.Snapshot()) },
		status: func() resolver.Status { panic("a defect") },
	}, server.Options{Logger: slog.New(slog.NewJSONHandler(log, nil))})
	require.NoError(t, err)
	e := listen(t, broken.Handler())
	for _, path := range []string{"/", "/images/bookworm", "/tools/alpha", "/catalog", "/drift"} {
		p := e.page(t, path, http.StatusInternalServerError)
		require.Equal(t, "Something went wrong on our side", p.Find("h1").Text())
		require.NotContains(t, string(p.body), "defect")
		require.Equal(t, "no-store", p.header.Get("Cache-Control"))
	}
	require.Contains(t, log.String(), `"route":"/images/{name}"`)
	require.Contains(t, log.String(), "defect_test.go", "the stack")
	require.Equal(t, 5, strings.Count(log.String(), `"defect":"a defect"`))
}

// A handler that gives up on purpose, as http.ErrAbortHandler says, closes the
// connection: no answer could be right.
func TestAnAbortedHandlerStaysAborted(t *testing.T) {
	broken, err := server.New(view{status: func() resolver.Status { panic(http.ErrAbortHandler) }}, server.Options{})
	require.NoError(t, err)
	e := listen(t, broken.Handler())
	response, err := e.client.Get(e.url + "/v1/catalog")
	if err == nil {
		require.NoError(t, response.Body.Close())
	}
	require.Error(t, err)
}

func TestRequestsAreLoggedForDebuggingAlone(t *testing.T) {
	for _, c := range []struct {
		level  slog.Level
		logged bool
	}{{slog.LevelDebug, true}, {slog.LevelInfo, false}} {
		log := &logBuffer{}
		s := start(t, setup{values: sample, logger: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: c.level}))})
		s.get(t, "/v1/images?q=secret-q", "Authorization", "secret-a", "X-Other", "secret-x")
		s.ask(t, strings.Repeat("METHOD", 500), "/secret-path")
		s.get(t, "/v1/images/secret-name")
		require.Equal(t, c.logged, strings.Contains(log.String(), `"msg":"request","route":"/v1/images","method":"GET","status":200`))
		require.NotContains(t, log.String(), "secret", "what clients send is not logged")
		require.Less(t, len(log.String()), 2048)
	}
}
