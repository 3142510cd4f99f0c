package harbortest_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// recordedCall is one line of testdata/harbor/calls.json.
type recordedCall struct {
	Name, Who, Method, URL string
	With                   []string
}

// unlike are the recordings whose body is not compared, with the reason. Status
// and headers are.
var unlike = map[string]string{
	"error.404.old-api": "a page of HTML with Harbor's own style sheet; the stand-in has a plainer one",
}

// TestReplay sends every recorded call and compares the answers: status, the
// headers that matter, and bodies byte for byte, after what cannot be the same
// (times, digests, sizes, tokens) is blotted out on both sides.
func TestReplay(t *testing.T) {
	direct, proxied := startRecorded(t, false), startRecorded(t, true)
	var calls []recordedCall
	read(t, "calls.json", &calls)
	require.Len(t, calls, 276)
	for _, late := range []bool{false, true} {
		for _, c := range calls {
			if lateCall(c.Name) != late {
				continue
			}
			target := direct
			if strings.Contains(c.URL, ":18081") {
				target = proxied
			}
			t.Run(c.Name, func(t *testing.T) { target.replay(t, c) })
		}
		if !late {
			direct.fillOneDigest(t)
		}
	}
}

// lateCall tells which were recorded after the repository with 120 tags came.
func lateCall(name string) bool {
	return name == "artifacts.one-digest-120-tags" || name == "artifact.tags.page_size-0"
}

func (r recorded) replay(t *testing.T, c recordedCall) {
	switch {
	case strings.HasPrefix(c.Name, "down.registry"):
		r.RegistryDown(true)
		defer r.RegistryDown(false)
	case strings.HasPrefix(c.Name, "down.database") && c.Name != "down.database.afterwards":
		r.DatabaseDown(true)
		defer r.DatabaseDown(false)
	case strings.HasPrefix(c.Name, "down.core"):
		r.CoreDown(true)
		defer r.CoreDown(false)
	}
	if c.Name == "webhook-policies" {
		r.addRecordedPolicies()
	}
	want := recordedAnswer(t, c.Name)
	got := r.send(t, c)
	require.Equal(t, want.status, got.status, "%s", got.body)
	exact := blot(want.body) == lines(string(compact(want.body)))
	require.Equal(t, want.compared(exact), got.compared(exact))
	if _, ok := unlike[c.Name]; !ok && c.Method != http.MethodHead {
		same(t, blot(want.body), blot(got.body))
	}
}

// send sends a recorded call here, with the host that was recorded.
func (r recorded) send(t *testing.T, c recordedCall) recordedMessage {
	u, err := url.Parse(c.URL)
	require.NoError(t, err)
	target := r.URL + r.translate(u.EscapedPath())
	if u.RawQuery != "" {
		target += "?" + u.RawQuery
	}
	var body io.Reader
	headers := http.Header{}
	for _, with := range c.With {
		switch with {
		case "JSON body":
			body = strings.NewReader(`{"project_name":"tool-alpha","metadata":{"public":"true"}}`)
		case "Accept: manifests":
			headers["Accept"] = manifestTypes
		case "If-None-Match":
			headers.Set("If-None-Match", r.etag(t, c))
		case "If-Modified-Since":
			headers.Set("If-Modified-Since", "Mon, 23 Nov 2099 00:00:00 GMT")
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), c.Method, target, body)
	require.NoError(t, err)
	req.Header = headers
	req.Host = recordedHost
	if u.Host != "" {
		req.Host = u.Host
	}
	r.authorize(t, req, c)
	resp, err := http.DefaultTransport.RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return recordedMessage{resp.StatusCode, resp.Header, content, resp.ContentLength}
}

var manifestTypes = []string{strings.Join([]string{
	"application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json",
	"application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.distribution.manifest.list.v2+json",
}, ", ")}

// translate puts our digests in the place of recorded ones.
func (r recorded) translate(text string) string {
	return digestPattern.ReplaceAllStringFunc(text, func(d string) string {
		if ours, ok := r.digests[d]; ok {
			return ours
		}
		return d
	})
}

// etag is what a conditional call was conditional on.
func (r recorded) etag(t *testing.T, c recordedCall) string {
	if d := digestPattern.FindString(c.URL); d != "" {
		return fmt.Sprintf("%q", r.translate(d))
	}
	info, ok := r.Repository("tool-alpha/web")
	require.True(t, ok)
	for _, a := range info.Artifacts {
		if a.Tags[0] == "latest" {
			return fmt.Sprintf("%q", a.Digest)
		}
	}
	return ""
}

// authorize gives the request the credentials of who called.
func (r recorded) authorize(t *testing.T, req *http.Request, c recordedCall) {
	switch c.Who {
	case "admin":
		req.SetBasicAuth("admin", adminPassword)
	case "alice":
		req.SetBasicAuth("alice", "secret")
	case "robot":
		req.SetBasicAuth("robot$reader", "secret")
	case "robot-pull-only":
		req.SetBasicAuth("robot$pull-only", "secret")
	case "robot-catalog":
		req.SetBasicAuth("robot$catalog", "secret")
	case "anonymous-token":
		req.Header.Set("Authorization", "Bearer "+r.anonymousToken(t, req.URL.Path))
	case "wrong", "wrong-secret":
		switch {
		case strings.HasSuffix(c.Name, "bearer"):
			req.Header.Set("Authorization", "Bearer nonsense")
		case strings.HasSuffix(c.Name, "robot"):
			req.SetBasicAuth("robot$nobody", "wrong")
		default:
			req.SetBasicAuth("robot$reader", "wrong")
		}
	default:
		require.Equal(t, "anonymous", c.Who)
	}
}

var repositoryPath = regexp.MustCompile(`^/v2/(.+)/(?:tags|manifests|blobs|referrers)/`)

func (r recorded) anonymousToken(t *testing.T, path string) string {
	scope := "registry:catalog:*"
	if found := repositoryPath.FindStringSubmatch(path); found != nil {
		scope = "repository:" + found[1] + ":pull"
	}
	var got struct{ Token string }
	anonymous := client{t: t, server: r.Server}
	answer := anonymous.must(http.StatusOK, http.MethodGet, "/service/token?service=harbor-registry&scope="+url.QueryEscape(scope), nil)
	require.NoError(t, json.Unmarshal(answer, &got))
	return got.Token
}

// recordedMessage is an answer, recorded or of the stand-in.
type recordedMessage struct {
	status int
	header http.Header
	body   []byte
	length int64
}

func recordedAnswer(t *testing.T, name string) recordedMessage {
	head := recordedFile(t, name+".headers.txt")
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(head)), &http.Request{Method: http.MethodHead})
	require.NoError(t, err)
	defer resp.Body.Close()
	m := recordedMessage{status: resp.StatusCode, header: resp.Header, length: resp.ContentLength}
	for _, ending := range []string{".json", ".txt"} {
		content, err := os.ReadFile(filepath.Join("..", "..", "testdata", "harbor", name+ending))
		if err == nil {
			m.body = content
		}
	}
	return m
}

// comparedHeaders are those that a client may build on.
var comparedHeaders = []string{
	"Accept-Ranges", "Cache-Control", "Content-Security-Policy", "Content-Type", "Docker-Content-Digest",
	"Docker-Distribution-Api-Version", "Etag", "Link", "Location", "Oci-Filters-Applied", "Server", "Set-Cookie",
	"Www-Authenticate", "X-Frame-Options", "X-Total-Count",
}

// compared gives the headers that matter, one a line. The length is among them
// where nothing in the body was blotted out.
func (m recordedMessage) compared(exact bool) string {
	var b strings.Builder
	for _, name := range comparedHeaders {
		for _, value := range m.header[name] {
			fmt.Fprintf(&b, "%s: %s\n", name, blotHeader(value))
		}
	}
	if m.header.Get("X-Request-Id") != "" {
		b.WriteString("X-Request-Id\n")
	}
	if exact && m.length >= 0 && m.status >= http.StatusBadRequest && m.header.Get("Server") == "" && m.header.Get("Content-Type") != htmlType {
		fmt.Fprintf(&b, "Content-Length: %d\n", m.length)
	}
	return b.String()
}

const htmlType = "text/html; charset=utf-8"
