package server_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
)

// worlds are two platforms that are the same to everybody, and differ in what is
// private. Whatever anyone asks must be answered alike by both, to the byte.
type worlds struct {
	full, empty *platform
}

// shared is what both worlds have; the private things come behind it, so that
// what Harbor counts on the way is the same for it.
var shared = []string{"tool-other/app:latest", "tool-other/app:v2", "tool-secrets/app:latest", "tool-zz/web:latest"}

// hidden are private: images of tools, one of them with a public name in it, one
// on a deprecated stack, and a project that is no tool's.
var hidden = []string{"!tool-secret/vault:v7", "!tool-secret/vault:v6", "!tool-aaa/app:latest", "!tool-zzz/bookworm:latest", "!platform-private/base:v1"}

func newWorlds(t *testing.T) worlds {
	one := func(images ...string) *platform {
		var mu sync.Mutex
		now := noon
		tick := func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			now = now.Add(time.Second)
			return now
		}
		h := harbortest.Start(t, harbortest.StartOptions{Options: harbortest.Options{Now: tick, PullFlush: -1}})
		account := h.AddRobot("bayplan", "for-tests-only", harbortest.ReaderPermissions()...)
		users := inventoryWith(t, h, account, inventory.Options{ProofEvery: 1, Now: func() time.Time { return noon }})
		for _, image := range images {
			pushUser(t, h, image)
		}
		s := start(t, setup{values: toolSample, users: users, options: server.Options{WebhookSecrets: secretly("for-tests-only")}})
		p := &platform{service: s, harbor: h, inventory: users}
		p.round(t) // what a first sweep leaves
		return p
	}
	return worlds{full: one(append(slices.Clone(shared), hidden...)...), empty: one(shared...)}
}

// places are what the parts of a path that vary are filled with. A route with
// another part needs its own.
var places = map[string][]string{
	"{name:(?s:.+)}": {
		"bookworm", "nobody", "tool-secret/vault:v7", "tool-secret/vault", "tool-secret", "tool-aaa/app:latest", "tool-zzz/bookworm",
		"harbor.test/tool-secret/vault:v7", "platform-private/base:v1", "tool-other/app", "tool-other/ap", "vault",
	},
	"{toolname}": {"other", "secret", "aaa", "nobody"},
	"{file}":     {"style.css", "vault"},
}

// queries are asked of every route, whether it knows them or not.
var queries = []string{
	"", "q=secret", "q=vault", "q=", "tool=secret", "tool=aaa&limit=1", "name=tool-secret/vault:v7", "name=nobody&name=tool-secret/vault&explain=true",
	"name=tool-aaa/ap&explain=true", "type=buildservice", "type=buildservice&sort=-short_name&limit=1", "limit=2&cursor=dG9vbC1z", "limit=1&cursor=dG9vbC1hYWE",
	"fields=tags", "state=stable&exists=true", "stack_state=deprecated", "from=1.2.3", "from=0.0.1&to=1.2.3", "version=0.0.1",
}

// askers are who asks, by their headers.
var askers = [][]string{
	nil,
	{"X-Toolforge-Tool", "other"},
	{"X-Toolforge-Tool", "nobody", "Cache-Control", "no-cache"},
	{"Cache-Control", "no-cache", "Accept-Encoding", "gzip"},
	{"Accept", "text/html"},
}

// questions are all that anyone may ask: every route that the router has.
func (w worlds) questions(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, pattern := range w.full.server.Routes() {
		if strings.HasSuffix(pattern, "/events") {
			continue // they do not end: TestEventsDoNotTellTwoWorldsApart
		}
		paths := []string{pattern}
		for _, part := range regexp.MustCompile(`\{[^/]+\}`).FindAllString(pattern, -1) {
			require.NotEmpty(t, places[part], "the route %s has a part that this test does not know", pattern)
			var filled []string
			for _, path := range paths {
				for _, with := range places[part] {
					filled = append(filled, strings.ReplaceAll(path, part, with))
				}
			}
			paths = filled
		}
		for _, path := range paths {
			for _, query := range queries {
				out = append(out, strings.TrimSuffix(path+"?"+query, "?"))
			}
		}
	}
	require.Greater(t, len(out), 300)
	return out
}

var (
	// tooFine are the lines of metrics that count time and memory, or this process.
	tooFine = regexp.MustCompile(`(?m)^(?:# .*|[^b].*|.*(?:duration|_bytes|_gate_).*)\n`)
	// nonce is what a process makes up for itself.
	nonce = regexp.MustCompile(`(?m)^id: [0-9A-Z]+\.|^retry: [0-9]+$`)
)

// told is all that an answer tells.
func (w worlds) told(t *testing.T, p *platform, method, question string, headers []string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, p.url+question, nil)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	isMetrics := strings.HasPrefix(question, "/v1/metrics")
	if isMetrics {
		request.Header.Del("Accept-Encoding")
	}
	response, err := p.client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body := new(strings.Builder)
	_, err = bufio.NewReader(response.Body).WriteTo(body)
	require.NoError(t, err)
	text := body.String()
	response.Header.Del("Date")
	if isMetrics {
		text = tooFine.ReplaceAllString(text, "")
		response.Header.Del("Content-Length")
		require.True(t, text == "" || strings.Contains(text, "bayplan_images{") || response.StatusCode != http.StatusOK, text)
	}
	return fmt.Sprintf("%d %v\n%s", response.StatusCode, response.Header, text)
}

// require asks both worlds everything and compares what is answered.
func (w worlds) require(t *testing.T, when string, askers ...[]string) {
	t.Helper()
	w.full.harbor.ResetRequests()
	w.empty.harbor.ResetRequests()
	for _, question := range w.questions(t) {
		for _, headers := range askers {
			if len(headers) > 0 && headers[0] == "X-Toolforge-Tool" && strings.HasPrefix(question, "/v1/tool/"+headers[1]+"/") {
				continue // what is a tool's own
			}
			method := http.MethodGet
			if strings.HasPrefix(question, "/v1/webhooks/") {
				method = http.MethodPost
			}
			full, empty := w.told(t, w.full, method, question, headers), w.told(t, w.empty, method, question, headers)
			require.Equal(t, empty, full, "%s: %s %v", when, question, headers)
			if tag := regexp.MustCompile(`Etag:\[([^]]+)\]`).FindStringSubmatch(full); tag != nil && headers == nil {
				again := append(slices.Clone(headers), "If-None-Match", tag[1])
				require.Equal(t, w.told(t, w.empty, method, question, again), w.told(t, w.full, method, question, again), "%s: 304: %s %v", when, question, headers)
			}
		}
	}
}

// requireAsked compares what both worlds asked Harbor since the last comparison
// began.
func (w worlds) requireAsked(t *testing.T) {
	t.Helper()
	require.NotEmpty(t, asked(w.full.harbor))
	require.Equal(t, asked(w.empty.harbor), asked(w.full.harbor))
}

// asked gives what Harbor was asked, each once: how often within one second of
// another, the clock decides.
func asked(h *harbortest.Server) []string {
	lines := map[string]bool{}
	for _, r := range h.Requests() {
		lines[fmt.Sprint(r.Kind, " ", r.Method, " ", r.Path)] = true
	}
	out := make([]string, 0, len(lines))
	for line := range lines {
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

// both does the same in both worlds.
func (w worlds) both(f func(p *platform)) { f(w.full); f(w.empty) }

// Whatever is private, and whatever happens to it, nobody else can tell: no
// answer, header, entity tag, 304, count, near miss or question to Harbor
// differs, on any route.
func TestTwoWorldsCannotBeToldApart(t *testing.T) {
	w := newWorlds(t)
	w.require(t, "at rest", askers...)
	w.requireAsked(t)

	pushUser(t, w.full.harbor, "!tool-secret/vault:v8")
	pushUser(t, w.full.harbor, "!tool-new/vault:v1")
	w.full.harbor.DeleteRepository("tool-aaa/app")
	w.both(func(p *platform) { p.round(t) })
	w.require(t, "after pushes and deletions", nil, askers[2])
	w.requireAsked(t)

	// One of them may not be read.
	w.full.harbor.Fault(harbortest.PathContains("/projects/tool-secret/"), harbortest.Status(http.StatusForbidden))
	pushUser(t, w.full.harbor, "!tool-secret/vault:v9")
	w.both(func(p *platform) { _ = p.resolver.RefreshUsers(context.Background()) })
	require.Positive(t, w.full.resolver.Status().Sources[usersAt(w.full)].Users.Denied)
	w.require(t, "after refusals", nil, askers[2])
	w.full.harbor.ClearFaults()

	// One of them cannot be read.
	w.full.harbor.Fault(harbortest.PathContains("/projects/tool-secret/"), harbortest.Status(http.StatusInternalServerError))
	pushUser(t, w.full.harbor, "!tool-secret/vault:v10")
	w.both(func(p *platform) { _ = p.resolver.RefreshUsers(context.Background()) })
	w.require(t, "after failures", nil, askers[2]) // a round reads it again, whoever wants one

	w.both(func(p *platform) {
		p.harbor.ClearFaults()
		p.harbor.CoreDown(true)
		p.round(t)
	})
	w.require(t, "while Harbor is down", nil, askers[2])
}

// usersAt is the place of the source of user-built images in the status.
func usersAt(p *platform) int {
	return slices.IndexFunc(p.resolver.Status().Sources, func(s resolver.SourceStatus) bool { return s.Users != nil })
}

// The public stream, and another tool's, tell nothing of what is private: neither
// an event nor a gap in the numbers.
func TestEventsDoNotTellTwoWorldsApart(t *testing.T) {
	w := newWorlds(t)
	read := func(p *platform, path string) func() string {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+path, nil)
		require.NoError(t, err)
		request.Header.Set("X-Toolforge-Tool", "other")
		response, err := p.client.Do(request)
		require.NoError(t, err)
		t.Cleanup(func() { _ = response.Body.Close() })
		lines := bufio.NewScanner(response.Body)
		return func() string {
			text := new(strings.Builder)
			for lines.Scan() {
				fmt.Fprintln(text, lines.Text())
				if strings.Contains(lines.Text(), "the-last-one") {
					return nonce.ReplaceAllString(text.String(), "")
				}
			}
			require.NoError(t, lines.Err())
			return text.String()
		}
	}
	streams := map[string][2]func() string{}
	for _, path := range []string{"/v1/events", "/v1/tool/other/events"} {
		streams[path] = [2]func() string{read(w.full, path), read(w.empty, path)}
	}
	for _, image := range []string{"!tool-secret/vault:v8", "!tool-new/app:latest"} {
		pushUser(t, w.full.harbor, image)
		w.both(func(p *platform) { p.round(t) })
	}
	w.full.harbor.DeleteRepository("tool-secret/vault")
	w.both(func(p *platform) { p.round(t) })
	// Each push has other content, and the two have seen different numbers of them.
	w.both(func(p *platform) {
		require.NoError(t, p.harbor.Tag("tool-other/app", "latest", "the-last-one"))
		p.round(t)
	})
	for path, worlds := range streams {
		full, empty := worlds[0](), worlds[1]()
		// When Harbor got it differs by what came before.
		when := regexp.MustCompile(`"(pushed_at|created_at)":"[^"]*"`)
		full, empty = when.ReplaceAllString(full, ""), when.ReplaceAllString(empty, "")
		etag := regexp.MustCompile(`"etag":"[^"]*"`)
		require.Equal(t, etag.ReplaceAllString(empty, ""), etag.ReplaceAllString(full, ""), path)
		require.Contains(t, full, "the-last-one")
	}
}
