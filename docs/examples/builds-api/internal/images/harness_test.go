package images_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	oapimiddleware "github.com/oapi-codegen/echo-middleware"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/docs/examples/builds-api/internal/gen"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/docs/examples/builds-api/internal/images"
)

const tools = `tools:
  wikibugs: [wikibugs:v1, wikibugs:latest]
  secret: {private: true, images: [secret:latest]}
`

// fake is a `bayplan fake` that runs.
type fake struct {
	t            *testing.T
	url, control string
}

// startFake builds the program and starts it until the test ends.
func startFake(t *testing.T) *fake {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "bayplan")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./cmd/bayplan")
	build.Dir = "../../../../.."
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tools.yaml"), []byte(tools), 0o600))
	cmd := exec.Command(program, "fake", "--until-stdin-closes", "--images", filepath.Join(dir, "tools.yaml"))
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, stdin.Close())
		require.NoError(t, cmd.Wait())
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	require.NoError(t, err)
	var at struct{ URL, Control string }
	require.NoError(t, json.Unmarshal(line, &at))
	return &fake{t: t, url: at.URL, control: at.Control}
}

// faults replaces what goes wrong.
func (f *fake) faults(faults ...string) {
	f.t.Helper()
	body, err := json.Marshal(map[string]any{"faults": faults})
	require.NoError(f.t, err)
	response, err := http.Post(f.control+"/fake/faults", "application/json", strings.NewReader(string(body)))
	require.NoError(f.t, err)
	require.NoError(f.t, response.Body.Close())
	require.Equal(f.t, http.StatusOK, response.StatusCode)
}

// buildsAPI is the part of builds-api that matters here: its OpenAPI middleware, its
// generated routes and the proxy behind them.
func buildsAPI(t *testing.T, bayplan string, timeout time.Duration) *echo.Echo {
	t.Helper()
	address, err := url.Parse(bayplan)
	require.NoError(t, err)
	document, err := gen.GetSwagger()
	require.NoError(t, err)
	document.Servers = nil
	e := echo.New()
	e.Use(oapimiddleware.OapiRequestValidatorWithOptions(document, &oapimiddleware.Options{SilenceServersWarning: true}))
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	gen.RegisterHandlers(e, images.Handlers{
		Proxy:  images.NewProxy(address, images.Options{Transport: transport, Timeout: timeout, Warn: func(err error) { t.Log(err) }}),
		Proven: images.FromHeader,
	})
	return e
}

// gateway stands before builds-api: it puts the tool whose certificate it has seen
// in place of whatever a client says, and its own prefix before the paths.
func gateway(t *testing.T, behind http.Handler, tool string) string {
	t.Helper()
	front := httptest.NewServer(http.StripPrefix("/builds", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("X-Toolforge-Tool", tool)
		behind.ServeHTTP(w, r)
	})))
	t.Cleanup(front.Close)
	return front.URL + "/builds"
}

// answered is an answer that was read.
type answered struct {
	status int
	header http.Header
	body   []byte
	err    error // why the body was not read to its end
}

// get asks; headers are name, value, name, value.
func get(t *testing.T, address string, headers ...string) answered {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	response, err := bare.Do(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	body, err := io.ReadAll(response.Body)
	return answered{status: response.StatusCode, header: response.Header, body: body, err: err}
}

// bare undoes no coding and follows no redirect.
var bare = &http.Client{
	Transport:     &http.Transport{DisableCompression: true, DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// into decodes a good answer.
func into[T any](t *testing.T, a answered, status int) (out T) {
	t.Helper()
	require.NoError(t, a.err)
	require.Equal(t, status, a.status, "%s", a.body)
	require.NoError(t, json.Unmarshal(a.body, &out), "%s", a.body)
	return out
}
