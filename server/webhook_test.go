package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

const (
	hookPath   = "/v1/webhooks/harbor"
	hookSecret = "Secret of-the-policy"
)

// hooked is a server that takes webhooks, and the projects that they hinted at.
type hooked struct {
	*endpoint
	log *logBuffer

	mu    sync.Mutex
	hints []string
	full  bool
}

// secretly gives the secrets of webhooks.
func secretly(secrets ...string) func() []string { return func() []string { return secrets } }

func startHooked(t testing.TB) *hooked {
	t.Helper()
	h := &hooked{log: &logBuffer{}}
	s, err := server.New(view{
		follow: func(func(*snapshot.Snapshot)) {},
		hint: func(project string) bool {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.hints = append(h.hints, project)
			return !h.full
		},
	}, server.Options{WebhookSecrets: secretly(hookSecret), Logger: slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	require.NoError(t, err)
	h.endpoint = listen(t, s.Handler())
	return h
}

// taken gives the hints since the last time.
func (h *hooked) taken() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	hints := h.hints
	h.hints = nil
	return hints
}

// post sends an event with headers: name, value, name, value.
func (e *endpoint) post(t testing.TB, body string, headers ...string) answer {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, e.url+hookPath, strings.NewReader(body))
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	return e.send(t, request)
}

func (h *hooked) event(t testing.TB, body string) answer {
	t.Helper()
	return h.post(t, body, "Authorization", hookSecret, "Content-Type", "application/json")
}

// outcome counts the events that came to something.
func (h *hooked) outcome(t testing.TB, word string) float64 {
	t.Helper()
	return value(t, h.scrape(t), "bayplan_webhook_events_total", "outcome", word)
}

// All events that a real Harbor was seen to send say where to look.
func TestRecordedWebhooks(t *testing.T) {
	h := startHooked(t)
	files, err := filepath.Glob("../testdata/harbor/webhook.*.json")
	require.NoError(t, err)
	require.Greater(t, len(files), 30)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			var recorded struct {
				Headers map[string][]string
				Body    json.RawMessage
			}
			require.NoError(t, json.Unmarshal(text, &recorded))
			project := ""
			for _, word := range []string{`"namespace": "tool-beta"`, `"namespace": "toolforge"`} {
				if bytes.Contains(recorded.Body, []byte(word)) {
					project = strings.Trim(strings.TrimPrefix(word, `"namespace": `), `"`)
				}
			}
			require.NotEmpty(t, project)
			a := h.post(t, string(recorded.Body), "Authorization", hookSecret, "Content-Type", recorded.Headers["Content-Type"][0])
			require.Equal(t, http.StatusAccepted, a.status)
			require.JSONEq(t, `{"messages":{}}`, string(a.body))
			require.Equal(t, "no-store", a.header.Get("Cache-Control"))
			require.Equal(t, []string{project}, h.taken())
		})
	}
	require.EqualValues(t, len(files), h.outcome(t, "heeded"))
}

func TestWhoMaySendWebhooks(t *testing.T) {
	h := startHooked(t)
	push := `{"type":"PUSH_ARTIFACT","event_data":{"repository":{"namespace":"tool-c"}}}`
	for name, values := range map[string][]string{
		"nobody": nil, "empty": {""}, "wrong": {"Secret of-the-polizy"}, "shorter": {"Secret"}, "longer": {hookSecret + "x"},
		"twice": {hookSecret, hookSecret}, "right and wrong": {hookSecret, "x"}, "other case": {strings.ToUpper(hookSecret)},
		"a list": {hookSecret + ", " + hookSecret}, "bearer": {"Bearer " + hookSecret}, "long": {strings.Repeat("x", 8000)},
	} {
		t.Run(name, func(t *testing.T) {
			headers := []string{"Content-Type", "application/json"}
			for _, v := range values {
				headers = append(headers, "Authorization", v)
			}
			a := h.post(t, push, headers...)
			require.Equal(t, "unauthorized", into[api.Error](a, http.StatusUnauthorized).Code)
			require.NotContains(t, string(a.body), hookSecret)
			require.Empty(t, h.taken())
		})
	}
	require.EqualValues(t, 11, h.outcome(t, "unauthorized"))
	require.Equal(t, http.StatusAccepted, h.event(t, push).status)
	require.NotContains(t, h.log.String(), "of-the-policy")
}

func TestWebhooksThatSayOtherThings(t *testing.T) {
	h := startHooked(t)
	for _, c := range []struct {
		body    string
		outcome string
		hints   []string
	}{
		{`{"type":"PUSH_ARTIFACT","event_data":{"repository":{"namespace":"tool-c"}}}`, "heeded", []string{"tool-c"}},
		{`{"specversion":"1.0","data":{"repository":{"namespace":"tool-c"}}}`, "heeded", []string{"tool-c"}},
		{`{"type":"OF_A_LATER_HARBOR","event_data":{"repository":{"namespace":"tool-c"}}}`, "heeded", []string{"tool-c"}},
		{`{"event_data":{"repository":{"namespace":"../../x"}}}`, "heeded", []string{"../../x"}}, // the resolver knows no such project
		{`{"type":"REPLICATION","event_data":{"replication":{"harbor_hostname":"x"}}}`, "ignored", nil},
		{`{"type":"QUOTA_EXCEED","event_data":{"repository":{},"custom_attributes":{}}}`, "ignored", nil},
		{`{"type":"OF_A_LATER_HARBOR","event_data":["tool-c"]}`, "ignored", nil},
		{`{"type":["x"],"event_data":"tool-c"}`, "ignored", nil},
		{`{"event_data":null,"data":null}`, "ignored", nil},
		{`{"event_data":{"repository":{"namespace":7}}}`, "ignored", nil},
		{`{"event_data":{"repository":{"namespace":null}}}`, "ignored", nil},
		{`{}`, "ignored", nil},
		{``, "unreadable", nil},
		{`null`, "unreadable", nil},
		{`[]`, "unreadable", nil},
		{`"tool-c"`, "unreadable", nil},
		{`{"event_data":{"repository":{"namespace":"tool-c"}}`, "unreadable", nil},
		{`{"event_data":{"repository":{"namespace":"tool-c"}}} {}`, "unreadable", nil},
		{"\x1f\x8b gzip", "unreadable", nil},
		{strings.Repeat("[", 100_000), "unreadable", nil},
	} {
		t.Run(c.body[:min(len(c.body), 40)], func(t *testing.T) {
			before := h.outcome(t, c.outcome)
			a := h.event(t, c.body)
			if c.outcome == "unreadable" {
				require.Equal(t, "bad_parameter", into[api.Error](a, http.StatusBadRequest).Code)
				require.NotContains(t, string(a.body), "tool-c")
			} else {
				require.Equal(t, http.StatusAccepted, a.status)
			}
			require.Equal(t, c.hints, h.taken())
			require.Equal(t, before+1, h.outcome(t, c.outcome))
		})
	}
	require.NotContains(t, h.log.String(), "tool-c", "nothing that is sent comes into the log")
}

// An event is read up to its bound, whether its length is told beforehand or not, and
// says what is wrong with it beyond.
func TestLongWebhooks(t *testing.T) {
	h := startHooked(t)
	of := func(bytes int) string {
		const head, tail = `{"event_data":{"repository":{"namespace":"tool-c"}},"more":"`, `"}`
		return head + strings.Repeat("x", bytes-len(head)-len(tail)) + tail
	}
	for _, told := range []bool{true, false} {
		send := func(body string) answer {
			request, err := http.NewRequest(http.MethodPost, h.url+hookPath, strings.NewReader(body))
			require.NoError(t, err)
			request.Header.Set("Authorization", hookSecret)
			if !told {
				request.ContentLength = -1
			}
			return h.send(t, request)
		}
		require.Equal(t, http.StatusAccepted, send(of(256<<10)).status)
		require.Equal(t, []string{"tool-c"}, h.taken())
		for _, bytes := range []int{256<<10 + 1, 4 << 20} {
			before := h.outcome(t, "unreadable")
			failure := into[api.Error](send(of(bytes)), http.StatusRequestEntityTooLarge)
			require.Equal(t, "content_too_large", failure.Code)
			require.Equal(t, []string{"the event has more than 262144 bytes"}, failure.Error)
			require.Empty(t, h.taken())
			require.Equal(t, before+1, h.outcome(t, "unreadable"))
		}
	}
}

// What a sender calls its content does not matter: the secret says who it is.
func TestContentTypesOfWebhooks(t *testing.T) {
	h := startHooked(t)
	body := `{"event_data":{"repository":{"namespace":"tool-c"}}}`
	for _, contentType := range []string{"application/json", "application/json; charset=utf-8", "application/cloudevents+json", "text/plain", ""} {
		headers := []string{"Authorization", hookSecret}
		if contentType != "" {
			headers = append(headers, "Content-Type", contentType)
		}
		require.Equal(t, http.StatusAccepted, h.post(t, body, headers...).status, contentType)
		require.Equal(t, []string{"tool-c"}, h.taken())
	}
}

func TestMethodsOfWebhooks(t *testing.T) {
	h := startHooked(t)
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		a := h.ask(t, method, hookPath, "Authorization", hookSecret)
		require.Equal(t, http.StatusMethodNotAllowed, a.status)
		require.Equal(t, "POST", a.header.Get("Allow"))
	}
	require.Empty(t, h.taken())
}

// Without a secret there is nothing that anybody could guess.
func TestWithoutASecretThereAreNoWebhooks(t *testing.T) {
	s := start(t, setup{values: toolSample})
	for _, authorization := range []string{"", "x"} {
		request, err := http.NewRequest(http.MethodPost, s.url+hookPath, strings.NewReader("{}"))
		require.NoError(t, err)
		request.Header["Authorization"] = []string{authorization}
		response, err := s.client.Do(request)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		failure := into[api.Error](answer{t: t, status: response.StatusCode, body: body}, http.StatusNotFound)
		require.Equal(t, "route_not_found", failure.Code)
	}
}

// Too many events cost a count, not the sender's time.
func TestAFloodOfWebhooks(t *testing.T) {
	h := startHooked(t)
	h.full = true
	body := `{"event_data":{"repository":{"namespace":"tool-c"}}}`
	var senders sync.WaitGroup
	for range 8 {
		senders.Go(func() {
			for range 25 {
				if status := h.event(t, body).status; status != http.StatusAccepted {
					t.Errorf("status %d", status)
				}
			}
		})
	}
	senders.Wait()
	require.Len(t, h.taken(), 200)
	require.EqualValues(t, 200, h.outcome(t, "dropped"))
}

// From a push at Harbor over its webhook to the list, without a round; and the
// same event again, and again, harms nothing.
func TestFromAPushOverAWebhookToTheList(t *testing.T) {
	p := startPlatform(t, setup{pause: time.Hour, options: server.Options{WebhookSecrets: secretly(hookSecret)}}, toolImages...)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	running := make(chan struct{})
	go func() { defer close(running); _ = p.resolver.Run(ctx) }()
	for _, format := range []string{harbortest.FormatDefault, harbortest.FormatCloudEvents} {
		id := p.harbor.AddWebhook("tool-c", harbortest.Webhook{
			Address: p.url + hookPath, AuthHeader: hookSecret, Format: format, Events: []string{harbortest.EventPush},
		})
		name := "tool-c/hooked:" + strings.ToLower(format)
		pushUser(t, p.harbor, name)
		require.Eventually(t, func() bool {
			return strings.Contains(string(p.toolList(t, "c", "").body), name)
		}, 10*time.Second, 10*time.Millisecond)
		require.NoError(t, p.harbor.WaitDelivered(t.Context()))
		p.harbor.RemoveWebhook(id)
	}
	before := p.toolList(t, "c", "").header.Get("ETag")
	for range 20 {
		replay := `{"type":"DELETE_ARTIFACT","event_data":{"resources":[{"tag":"latest"}],"repository":{"namespace":"tool-c","name":"web"}}}`
		require.Equal(t, http.StatusAccepted, p.post(t, replay, "Authorization", hookSecret).status)
	}
	p.round(t)
	require.Equal(t, before, p.toolList(t, "c", "").header.Get("ETag"))
	stop()
	<-running
}
