package harbortest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// addRecordedPolicies adds the two policies that were recorded, switched off.
func (r recorded) addRecordedPolicies() {
	for _, p := range []harbortest.Webhook{
		{Name: "default-format", Address: "http://127.0.0.1:18095/default", Format: harbortest.FormatDefault},
		{Name: "cloudevents", Address: "http://127.0.0.1:18095/cloudevents", Format: harbortest.FormatCloudEvents},
	} {
		p.AuthHeader, p.Disabled = "<secret>", true
		r.AddWebhook("tool-beta", p)
	}
}

// receiver keeps what webhooks deliver, in the form of the recordings.
type receiver struct {
	*httptest.Server
	mu   sync.Mutex
	got  []string
	fail int // answers so many with 500 first
}

func startReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.fail > 0 {
			r.fail--
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		if err == nil {
			r.got = append(r.got, delivered(req.Method, req.URL.Path, req.Header, body))
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// take gives what came since the last time, sorted: the order is not promised.
func (r *receiver) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	slices.Sort(got)
	return got
}

// delivered is a delivery on one line, blotted.
func delivered(method, path string, header http.Header, body []byte) string {
	return fmt.Sprintf("%s %s %s %s %s", method, path, header.Get("Content-Type"), header.Get("Authorization"), blot(body))
}

// recordedDeliveries gives those of an action.
func recordedDeliveries(t *testing.T, action string) []string {
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "harbor", "webhook."+action+".*.json"))
	require.NoError(t, err)
	list := []string{}
	for _, file := range files {
		rest := strings.TrimPrefix(filepath.Base(file), "webhook."+action+".")
		if !strings.HasPrefix(rest, "default") && !strings.HasPrefix(rest, "cloudevents") {
			continue // another action whose name begins the same
		}
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		var m struct {
			Method, Path string
			Headers      http.Header
			Body         json.RawMessage
		}
		require.NoError(t, json.Unmarshal(content, &m))
		m.Headers.Set("Authorization", "secret")
		list = append(list, delivered(m.Method, m.Path, m.Headers, m.Body))
	}
	slices.Sort(list)
	return list
}

// TestWebhookReplay does what was done when the deliveries were recorded, and
// expects the same ones: as many, with the same fields, in any order. The names
// of policies and projects are those of the recording.
func TestWebhookReplay(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{Options: harbortest.Options{Now: ticking(), PullFlush: -1, Host: recordedHost}})
	for _, name := range []string{"toolforge", "tool-alpha", "tool-beta"} { // numbers 2, 3 and 4
		require.True(t, s.AddProject(name, harbortest.Public))
	}
	c, hook := asAdmin(t, s), startReceiver(t)
	c.push("tool-alpha/web:1.1.0", image(t, imageOptions{}))
	c.push("toolforge/jobs-api:0.1.0", image(t, imageOptions{}))
	for _, project := range []string{"tool-beta", "toolforge"} {
		s.AddWebhook(project, harbortest.Webhook{Address: hook.URL + "/default", AuthHeader: "secret"})
		s.AddWebhook(project, harbortest.Webhook{Address: hook.URL + "/cloudevents", AuthHeader: "secret", Format: harbortest.FormatCloudEvents})
	}
	steps := webhookSteps(c, hook)
	require.Len(t, steps, len(webhookActions)+3, "and three that send no event")
	for _, step := range steps {
		require.True(t, step.quiet || slices.Contains(webhookActions, step.action))
		t.Run(step.action, func(t *testing.T) {
			step.do()
			require.NoError(t, s.WaitDelivered(t.Context()))
			got := hook.take()
			if step.quiet {
				require.Empty(t, got)
				return
			}
			want := recordedDeliveries(t, step.action)
			require.NotEmpty(t, want)
			require.Equal(t, plainSource(want), plainSource(got))
		})
	}
}

// sourcePattern is where a cloud event comes from.
var sourcePattern = regexp.MustCompile(`"source":"/projects/(\d+)/webhook/policies/\d+"`)

// plainSource forgets which number a policy had in the recording of the charts.
func plainSource(list []string) []string {
	for i := range list {
		list[i] = sourcePattern.ReplaceAllString(list[i], `"source":"/projects/$1/webhook/policies/<n>"`)
	}
	slices.Sort(list)
	return list
}

// webhookActions are those that deliveries were recorded of.
var webhookActions = []string{
	"image-push", "tag-added-by-oci-put", "tag-moved-by-oci-put", "same-manifest-same-tag-again", "get-manifest", "index-push",
	"referrer-push", "cosign-signature-push", "artifact-deleted-with-tags-by-api", "untagged-artifact-deleted-by-api",
	"manifest-deleted-by-oci", "artifact-copied-by-api", "repository-deleted", "chart-push", "chart-deleted-by-api",
	"image-push-slash",
}

type webhookStep struct {
	action string
	quiet  bool // no event is expected
	do     func()
}

func webhookSteps(c client, hook *receiver) []webhookStep {
	const hooked = "tool-beta/hooked"
	api := "/api/v2.0/projects/tool-beta/repositories/hooked"
	first, second, third := image(c.t, imageOptions{}), image(c.t, imageOptions{}), image(c.t, imageOptions{})
	digest := func(img v1.Image) string {
		d, err := img.Digest()
		require.NoError(c.t, err)
		return d.String()
	}
	drop := func() { // what the step needs first is not what it is about
		require.NoError(c.t, c.server.WaitDelivered(c.t.Context()))
		hook.take()
	}
	raw, err := first.RawManifest()
	require.NoError(c.t, err)
	put := func(tag string) func() {
		return func() { c.putManifest(hooked, tag, string(types.DockerManifestSchema2), raw) }
	}
	var referrer, chart string
	return []webhookStep{
		{action: "image-push", do: func() { c.push(hooked+":1.0", first) }},
		{action: "tag-added-by-oci-put", do: put("1")},
		{action: "tag-added-by-api", quiet: true, do: func() {
			c.must(http.StatusCreated, http.MethodPost, api+"/artifacts/1.0/tags", []byte(`{"name":"api"}`), "Content-Type", "application/json")
		}},
		{action: "tag-moved-by-oci-put", do: put("2.0")},
		{action: "same-manifest-same-tag-again", do: put("2.0")},
		{action: "tag-deleted-by-api", quiet: true, do: func() {
			c.must(http.StatusOK, http.MethodDelete, api+"/artifacts/1.0/tags/api", nil)
		}},
		{action: "head-manifest", quiet: true, do: func() {
			c.must(http.StatusOK, http.MethodHead, "/v2/"+hooked+"/manifests/1.0", nil)
		}},
		{action: "get-manifest", do: func() {
			c.must(http.StatusOK, http.MethodGet, "/v2/"+hooked+"/manifests/1.0", nil)
		}},
		{action: "index-push", do: func() {
			index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: second}, mutate.IndexAddendum{Add: third})
			for _, img := range []v1.Image{second, third} {
				c.push(hooked+"@"+digest(img), img)
			}
			require.NoError(c.t, remote.WriteIndex(c.reference(hooked+":multi"), index, c.remote()...))
		}},
		{action: "referrer-push", do: func() { referrer = c.refer(hooked, digest(first), "sbom") }},
		{action: "cosign-signature-push", do: func() {
			c.artifact(hooked, "sha256-"+hexOf(digest(first))+".sig", string(types.OCIConfigJSON), []byte("{}"), nil)
		}},
		{action: "artifact-deleted-with-tags-by-api", do: func() {
			require.NotEmpty(c.t, referrer)
			c.must(http.StatusOK, http.MethodDelete, api+"/artifacts/1.0", nil)
		}},
		{action: "untagged-artifact-deleted-by-api", do: func() {
			d := c.artifact(hooked, "", string(types.OCIConfigJSON), []byte(`{"os":"linux"}`), nil)
			drop()
			c.must(http.StatusOK, http.MethodDelete, api+"/artifacts/"+d, nil)
		}},
		{action: "manifest-deleted-by-oci", do: func() {
			img := image(c.t, imageOptions{})
			c.push(hooked+":3.0", img)
			drop()
			c.must(http.StatusAccepted, http.MethodDelete, "/v2/"+hooked+"/manifests/"+digest(img), nil)
		}},
		{action: "artifact-copied-by-api", do: func() {
			c.must(http.StatusCreated, http.MethodPost, api+"/artifacts?from=tool-alpha/web:1.1.0", nil)
		}},
		{action: "repository-deleted", do: func() { c.must(http.StatusOK, http.MethodDelete, api, nil) }},
		{action: "chart-push", do: func() {
			raw := c.chart("toolforge/jobs-api")
			hash, _, err := v1.SHA256(strings.NewReader(string(raw)))
			require.NoError(c.t, err)
			chart = hash.String()
			c.putManifest("toolforge/jobs-api", chart, string(types.OCIManifestSchema1), raw)
			c.must(http.StatusOK, http.MethodGet, "/v2/toolforge/jobs-api/manifests/"+chart, nil, "Accept", string(types.OCIManifestSchema1))
			c.putManifest("toolforge/jobs-api", "0.4.0", string(types.OCIManifestSchema1), raw)
		}},
		{action: "chart-deleted-by-api", do: func() {
			c.must(http.StatusOK, http.MethodDelete, "/api/v2.0/projects/toolforge/repositories/jobs-api/artifacts/"+chart, nil)
		}},
		{action: "image-push-slash", do: func() { c.push("tool-beta/sub/dir:1.0", image(c.t, imageOptions{})) }},
	}
}

// chart uploads the blobs of a chart and gives its manifest.
func (c client) chart(repository string) []byte {
	m := chartManifest{SchemaVersion: 2, Config: c.chartBlob(repository, "config.v1+json", []byte(`{"name":"jobs-api","version":"0.4.0"}`))}
	m.Layers = []ociDescriptor{c.chartBlob(repository, "chart.content.v1.tar+gzip", []byte("archive"))}
	raw, err := json.Marshal(m)
	require.NoError(c.t, err)
	return raw
}
