package harbor_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// host is Harbor's name in the catalog of all tests.
const host = "harbor.test"

// recordings are what a real Harbor 2.15.2 answered.
const recordings = "../../testdata/harbor"

// Credentials as the tests' servers believe them, or not.
var (
	robot = endpoint.Credential{Username: "robot$reader", Password: "right"}
	user  = endpoint.Credential{Username: "admin", Password: "right"}
	wrong = endpoint.Credential{Username: "robot$reader", Password: "wrong"}
	none  = endpoint.Credential{}
)

// server answers with one handler and writes down what it is asked.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	log     []string
	headers []http.Header
}

func serve(t testing.TB, handler http.HandlerFunc) *server {
	t.Helper()
	s := newServer(handler)
	t.Cleanup(s.Close)
	return s
}

func newServer(handler http.HandlerFunc) *server {
	s := new(server)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.log = append(s.log, r.Method+" "+r.RequestURI)
		s.headers = append(s.headers, r.Header.Clone())
		s.mu.Unlock()
		handler(w, r)
	}))
	return s
}

// requests gives what was asked since the last time.
func (s *server) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	log := s.log
	s.log, s.headers = nil, nil
	return log
}

// header gives a header of each request so far.
func (s *server) header(name string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var values []string
	for _, h := range s.headers {
		values = append(values, h.Get(name))
	}
	return values
}

// client makes a client of a server; it never waits.
func client(t testing.TB, url string, credential endpoint.Credential, opts harbor.Options, ends ...endpoint.Options) *harbor.Client {
	t.Helper()
	var options endpoint.Options
	if len(ends) > 0 {
		options = ends[0]
	}
	if options.Credentials == nil {
		options.Credentials = func(context.Context, string) (endpoint.Credential, error) { return credential, nil }
	}
	d, err := endpoint.New(map[string]endpoint.Config{host: {URL: url, Kind: endpoint.Harbor}}, options)
	require.NoError(t, err)
	t.Cleanup(d.CloseIdle)
	if opts.Wait == nil {
		opts.Wait = func(context.Context, time.Duration) error { return nil }
	}
	return harbor.New(d.For(host), opts)
}

// believe answers GET /v2/ as Harbor does, and tells whether it did.
func believe(w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path != "/v2/" {
		return false
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if _, password, _ := r.BasicAuth(); password != "right" {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"errors":[{"code":"UNAUTHORIZED","message":"unauthorized: unauthorized"}]}`)
		return true
	}
	fmt.Fprint(w, "{}")
	return true
}

// answers gives JSON, with a total if it is not empty.
func answers(status int, total, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if believe(w, r) {
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if total != "" {
			w.Header().Set("X-Total-Count", total)
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// harborError is an error as Harbor writes it.
func harborError(status int, code, message string) http.HandlerFunc {
	return answers(status, "", fmt.Sprintf(`{"errors":[{"code":%q,"message":%q}]}`, code, message))
}

// replay serves recordings: a key is "who path page", who being none, robot or
// user, page the number asked for.
func replay(names map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		key := whoAsks(r) + " " + r.URL.EscapedPath()
		if page := cmp.Or(r.URL.Query().Get("page"), "1"); page != "1" {
			key += " " + page
		}
		name, ok := names[key]
		if !ok {
			http.Error(w, "no recording for "+key, http.StatusTeapot)
			return
		}
		if err := playback(w, name); err != nil {
			http.Error(w, err.Error(), http.StatusTeapot)
		}
	}
}

// whoAsks believes only the right password; all others are anonymous, as to Harbor.
func whoAsks(r *http.Request) string {
	name, password, ok := r.BasicAuth()
	switch {
	case !ok || password != "right":
		return "none"
	case strings.HasPrefix(name, "robot$"):
		return "robot"
	}
	return "user"
}

// playback writes status, headers and body of a recording. The recording's body
// was indented, so its length is not the recorded one.
func playback(w http.ResponseWriter, name string) error {
	head, err := os.ReadFile(filepath.Join(recordings, name+".headers.txt"))
	if err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(head)), nil)
	if err != nil {
		return err
	}
	resp.Body.Close()
	for _, h := range []string{"Content-Length", "Transfer-Encoding", "Set-Cookie"} {
		resp.Header.Del(h)
	}
	for h, values := range resp.Header {
		w.Header()[h] = values
	}
	http.SetCookie(w, &http.Cookie{Name: "sid", Value: "0123", Path: "/", HttpOnly: true})
	body, err := os.ReadFile(filepath.Join(recordings, name+".json"))
	if os.IsNotExist(err) {
		body, err = os.ReadFile(filepath.Join(recordings, name+".txt"))
	}
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	w.WriteHeader(resp.StatusCode)
	_, err = w.Write(body)
	return err
}

// isKind checks the kind of an error, and that it names the host and no secret.
func isKind(t *testing.T, err error, kind fault.Kind) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, kind.String(), fault.KindOf(err).String(), "%v", err)
	require.Contains(t, err.Error(), host)
	for _, secret := range []string{robot.Password, wrong.Password} {
		require.NotContains(t, strings.ReplaceAll(err.Error(), "rights", ""), secret)
	}
}

// digest makes a digest of a number.
func digest(n int) string { return fmt.Sprintf("sha256:%064x", n) }

// artifactRow is an artifact as short as it may be.
func artifactRow(repository string, n int) string {
	return fmt.Sprintf(`{"digest":%q,"type":"IMAGE","repository_name":%q,"tags":[{"name":"t%d"}]}`, digest(n), repository, n)
}

// artifactRows are artifacts from..to-1 as a list.
func artifactRows(repository string, from, to int) string {
	var rows []string
	for n := from; n < to; n++ {
		rows = append(rows, artifactRow(repository, n))
	}
	return "[" + strings.Join(rows, ",") + "]"
}
