package fake_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/cmd/bayplan/fake"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api/apitest"
)

func splitLines(text string) []string { return strings.Split(strings.TrimSuffix(text, "\n"), "\n") }

// Each fault does what its word says, where it says, and nothing elsewhere.
func TestFaults(t *testing.T) {
	r := start(t, write(t, "platform.yaml", platform), "")
	whole := r.good("/v1/images", "")
	for text, check := range map[string]judge{
		"images=503":      expect(503, "application/json", `{"error":["a fault of the test server"],"code":"not_ready"}`, "1"),
		"images=503:7":    expect(503, "application/json", "not_ready", "7"),
		"images=500":      expect(500, "application/json", `"code":"internal"`, ""),
		"images=401":      expect(401, "application/json", `"code":"unauthorized"`, ""),
		"images=404":      expect(404, "application/json", `"code":"route_not_found"`, ""),
		"images=429":      expect(429, "text/html", "<html>", "1"),
		"images=502":      expect(502, "text/html", "<html>", ""),
		"images=html":     expect(200, "text/html", "<html>", ""),
		"images=html:504": expect(504, "text/html", "<html>", ""),
		"images=down":     expect(502, "text/html", "<html>", ""),
		"images=empty":    expect(200, "application/json", `{"images":[],"messages":{}}`, ""),
		"images=null":     expect(200, "application/json", "null", ""),
		"images=slow:1ms": expect(200, "application/json", whole, ""),
		"*=503":           expect(503, "application/json", "not_ready", "1"),
		"/v1/images=503":  expect(503, "application/json", "not_ready", "1"),
		"images=redirect:http://elsewhere.invalid/a": expect(302, "text/html; charset=utf-8", "http://elsewhere.invalid/a", ""),
		"images=reset": func(t *testing.T, response *http.Response, _ string, err error) {
			require.Error(t, err)
			require.Nil(t, response)
		},
		"images=cut": func(t *testing.T, _ *http.Response, body string, err error) {
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			require.Equal(t, whole[:len(whole)/2], body)
		},
	} {
		t.Run(text, func(t *testing.T) {
			r.set(text)
			require.Equal(t, []string{text}, r.fake.Faults.List())
			request, response, body, err := r.get("/v1/images", "")
			check(t, response, string(body), err)
			if documented := response != nil && response.Header.Get("Content-Type") == "application/json" && response.StatusCode >= 500; documented {
				apitest.Validate(t, request, response, body)
			}
			if !strings.HasPrefix(text, "*") {
				r.good("/v1/images/bookworm", "")
				r.good("/v1/catalog", "")
			}
			r.set()
			require.Equal(t, whole, r.good("/v1/images", ""), "and then it is over")
		})
	}
}

// judge looks at an answer, or at the error in place of one.
type judge func(t *testing.T, response *http.Response, body string, err error)

func expect(status int, contentType, part, retryAfter string) judge {
	return func(t *testing.T, response *http.Response, body string, err error) {
		require.NoError(t, err)
		require.Equal(t, status, response.StatusCode)
		require.Equal(t, contentType, response.Header.Get("Content-Type"))
		require.Equal(t, retryAfter, response.Header.Get("Retry-After"))
		require.Contains(t, body, part)
	}
}

func TestPlacesOfFaults(t *testing.T) {
	r := start(t, write(t, "platform.yaml", platform), "")
	for word, paths := range map[string][]string{
		"images":       {"/v1/images", "/v1/tool/wikibugs/images"},
		"image":        {"/v1/images/bookworm", "/v1/images/a/b", "/v1/images/%0A"},
		"resolve":      {"/v1/tool/wikibugs/images/resolve?name=x"},
		"image-config": {"/v1/image-config"},
		"catalog":      {"/v1/catalog"},
		"versions":     {"/v1/catalog/versions"},
		"diff":         {"/v1/catalog/diff"},
		"drift":        {"/v1/drift"},
		"events":       {"/v1/events", "/v1/tool/wikibugs/events"},
		"healthz":      {"/v1/healthz"},
		"readyz":       {"/v1/readyz"},
		"metrics":      {"/v1/metrics"},
		"openapi":      {"/openapi.json"},
	} {
		r.set(word + "=418")
		for _, path := range paths {
			_, response, _, err := r.get(path, "wikibugs")
			require.NoError(t, err)
			require.Equal(t, http.StatusTeapot, response.StatusCode, "%s %s", word, path)
		}
		for _, other := range []string{"/v1/images", "/v1/images/bookworm", "/v1/catalog"} {
			if paths[0] != other {
				r.good(other, "")
			}
		}
	}
}

// The first that fits strikes, as often as it says.
func TestTimesAndOrder(t *testing.T) {
	r := start(t, write(t, "platform.yaml", platform), "")
	r.set("images=503*2", "images=500*1", "catalog=404")
	for _, want := range []int{503, 503, 500, 200, 200} {
		_, response, _, err := r.get("/v1/images", "")
		require.NoError(t, err)
		require.Equal(t, want, response.StatusCode)
	}
	require.Equal(t, []int{2, 1, 0}, r.fake.Faults.Struck())
	require.JSONEq(t, `{"faults": ["images=503*2", "images=500*1", "catalog=404"], "struck": [2, 1, 0]}`, r.tell(http.MethodGet, "/fake/faults", "", 200))
}

// Who is held up goes on when the faults change, or leaves.
func TestStall(t *testing.T) {
	r := start(t, write(t, "platform.yaml", platform), "")
	r.set("images=stall*1")
	answered := make(chan string)
	go func() {
		_, _, body, _ := r.get("/v1/images", "") // the body says whether it went well
		answered <- string(body)
	}()
	require.Eventually(t, func() bool { return r.fake.Faults.Struck()[0] == 1 }, time.Minute, time.Millisecond)
	r.good("/v1/images", "") // nobody is held up twice
	r.set()
	require.Contains(t, <-answered, "bookworm")

	r.set("images=stall", "image=slow:1h")
	for _, path := range []string{"/v1/images", "/v1/images/bookworm"} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+path, http.NoBody)
		require.NoError(t, err)
		_, err = bare.Do(request)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		cancel()
	}
}

// Who holds the answer already gets none either.
func TestCutIsNoAnswer(t *testing.T) {
	r := start(t, write(t, "platform.yaml", platform), "")
	r.set("images=cut")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/v1/images", http.NoBody)
	require.NoError(t, err)
	request.Header.Set("If-None-Match", "*")
	response, err := bare.Do(request)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)
	_, err = io.ReadAll(response.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.NoError(t, response.Body.Close())
}

func TestEndless(t *testing.T) {
	r := start(t, write(t, "platform.yaml", platform), "")
	r.set("images=endless")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/v1/images", http.NoBody)
	require.NoError(t, err)
	response, err := bare.Do(request)
	require.NoError(t, err)
	_, err = io.CopyN(io.Discard, response.Body, 10<<20)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
}

func TestHead(t *testing.T) {
	r := start(t, write(t, "platform.yaml", platform), "")
	r.set("images=503", "image=cut")
	_, response, body, err := r.send(http.MethodHead, "/v1/images", "")
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	require.Empty(t, body)
}

// Behind Bayplan a fault is met by Bayplan, which goes on with what it knows.
func TestFaultsBehind(t *testing.T) {
	r := start(t, write(t, "platform.yaml", platform), "")
	for _, what := range []string{"down", "reset", "500", "html", "null"} {
		r.tell(http.MethodPost, "/fake/faults", `{"faults": ["harbor=`+what+`", "registries=`+what+`"]}`, http.StatusOK)
		list := r.good("/v1/images", "")
		require.Contains(t, list, "tool-wikibugs/wikibugs:latest", what)
		require.Contains(t, list, `"stale":true`, what)
		require.Contains(t, list, `"warning":`, what)
		r.tell(http.MethodDelete, "/fake/faults", "", http.StatusOK)
		require.NotContains(t, r.good("/v1/images", ""), `"stale":true`, "%s: it is over", what)
	}
	r.tell(http.MethodPost, "/fake/faults", `{"faults": ["harbor=empty"]}`, http.StatusOK)
	require.Contains(t, r.good("/v1/images", ""), "tool-wikibugs/wikibugs:latest", "that much nothing is not believed")
}

func TestTextsThatAreNoFaults(t *testing.T) {
	for text, want := range map[string]string{
		"":                 "is no fault such as",
		"images":           "is no fault such as",
		"=503":             "there is no place",
		"image-cofnig=503": "did you mean image-config?",
		"images=":          "there is nothing called",
		"images=rest":      "did you mean reset?",
		"images=200":       "there is nothing called",
		"images=600":       "there is nothing called",
		"images=503:soon":  "seconds of Retry-After",
		"images=503:-1":    "seconds of Retry-After",
		"images=slow":      "slow wants a time",
		"images=slow:-1s":  "slow wants a time",
		"images=html:7":    "html wants a status",
		"images=redirect":  "redirect wants a URL",
		"images=reset:1":   "takes nothing after it",
		"catalog=empty":    "empty is for images",
		"images=503*0":     "there is nothing called",
	} {
		f := fake.NewFaults()
		require.NoError(t, f.Set([]string{"images=503"}))
		require.ErrorContains(t, f.Set([]string{"images=500", text}), want, text)
		require.Equal(t, []string{"images=503"}, f.List(), "what was before stays")
	}
}

func TestControl(t *testing.T) {
	r := start(t, write(t, "platform.yaml", platform), "")
	require.JSONEq(t, `{"faults": []}`, r.tell(http.MethodGet, "/fake/faults", "", 200))
	require.JSONEq(t, `{"faults": ["images=503"], "struck": [0]}`, r.tell(http.MethodPost, "/fake/faults", `{"faults": ["images=503"]}`, 200))
	require.Contains(t, r.tell(http.MethodPost, "/fake/faults", `{"faults": ["imags=503"]}`, 400), "did you mean image?")
	require.Contains(t, r.tell(http.MethodPost, "/fake/faults", `{"fault": []}`, 400), "unknown field")
	require.Contains(t, r.tell(http.MethodPost, "/fake/faults", strings.Repeat(" ", 2<<20), 400), "too large")
	require.JSONEq(t, `{"faults": ["images=503"], "struck": [0]}`, r.tell(http.MethodGet, "/fake/faults", "", 200))
	require.JSONEq(t, `{"faults": []}`, r.tell(http.MethodDelete, "/fake/faults", "", 200))
	r.tell(http.MethodPut, "/fake/faults", "", http.StatusMethodNotAllowed)
	r.tell(http.MethodGet, "/v1/images", "", http.StatusNotFound)

	// What is built while it runs is there for whoever cannot wait.
	r.tell(http.MethodPost, "/fake/images", `{"tools": {"wikibugs": ["new:latest"]}}`, 200)
	require.Contains(t, r.tell(http.MethodPost, "/fake/images", `{"tools": {"Wikibugs": ["new:latest"]}}`, 400), "no tool's name")
	r.tell(http.MethodPost, "/fake/images", `{"missing": []}`, 400)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/v1/tool/wikibugs/images", http.NoBody)
	require.NoError(t, err)
	request.Header.Set("X-Toolforge-Tool", "wikibugs")
	request.Header.Set("Cache-Control", "no-cache")
	response, err := bare.Do(request)
	require.NoError(t, err)
	body := apitest.Body(t, response)
	apitest.Validate(t, request, response, body)
	require.Contains(t, string(body), "tool-wikibugs/new:latest")
}
