package harbortest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

const adminPassword = "Harbor12345"

// ticking is a clock that goes on by a millisecond each time it is read, so that
// no two stamps are the same.
func ticking() func() time.Time {
	start := time.Date(2026, 11, 23, 4, 57, 6, 0, time.UTC)
	var n atomic.Int64
	return func() time.Time { return start.Add(time.Duration(n.Add(1)) * time.Millisecond) }
}

// client talks to a stand-in under test as one user.
type client struct {
	t              testing.TB
	server         *harbortest.Server
	user, password string
}

func asAdmin(t testing.TB, s *harbortest.Server) client {
	return client{t, s, "admin", adminPassword}
}

// reply is the head of an answer.
type reply struct {
	StatusCode int
	Header     http.Header
}

// do sends a request with Basic credentials, if there are any, and reads the answer.
func (c client) do(method, path string, body []byte, headers ...string) (reply, []byte) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.server.URL+path, bytes.NewReader(body))
	require.NoError(c.t, err)
	if c.user != "" {
		req.SetBasicAuth(c.user, c.password)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(c.t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	return reply{resp.StatusCode, resp.Header}, answer
}

// must is do that expects a status.
func (c client) must(status int, method, path string, body []byte, headers ...string) []byte {
	c.t.Helper()
	resp, answer := c.do(method, path, body, headers...)
	require.Equal(c.t, status, resp.StatusCode, "%s %s: %s", method, path, answer)
	return answer
}

func (c client) reference(image string) name.Reference {
	c.t.Helper()
	ref, err := name.ParseReference(c.server.Host+"/"+image, name.Insecure)
	require.NoError(c.t, err)
	return ref
}

func (c client) remote() []remote.Option {
	return []remote.Option{
		remote.WithAuth(&authn.Basic{Username: c.user, Password: c.password}), remote.WithContext(c.t.Context()), remote.WithJobs(1),
	}
}

// push pushes an image as crane does and gives its digest.
func (c client) push(image string, img v1.Image) string {
	c.t.Helper()
	require.NoError(c.t, remote.Write(c.reference(image), img, c.remote()...))
	d, err := img.Digest()
	require.NoError(c.t, err)
	return d.String()
}

// retag puts the manifest that one reference names under another one, by OCI.
func (c client) retag(from, to string) {
	c.t.Helper()
	got, err := remote.Get(c.reference(from), c.remote()...)
	require.NoError(c.t, err)
	tag, err := name.NewTag(c.server.Host+"/"+to, name.Insecure)
	require.NoError(c.t, err)
	require.NoError(c.t, remote.Tag(tag, got, c.remote()...))
}

// putManifest puts raw content under a tag or digest.
func (c client) putManifest(repository, reference, mediaType string, raw []byte) {
	c.t.Helper()
	c.must(http.StatusCreated, http.MethodPut, "/v2/"+repository+"/manifests/"+reference, raw, "Content-Type", mediaType)
}

// putBlob uploads raw content in one go.
func (c client) putBlob(repository string, raw []byte) v1.Descriptor {
	c.t.Helper()
	hash, size, err := v1.SHA256(bytes.NewReader(raw))
	require.NoError(c.t, err)
	resp, _ := c.do(http.MethodPost, "/v2/"+repository+"/blobs/uploads/", nil)
	require.Equal(c.t, http.StatusAccepted, resp.StatusCode)
	c.must(http.StatusCreated, http.MethodPut, resp.Header.Get("Location")+"?digest="+hash.String(), raw)
	return v1.Descriptor{Digest: hash, Size: size}
}

// ociDescriptor has its keys in the order of the OCI libraries, which Helm uses.
type ociDescriptor struct {
	MediaType types.MediaType `json:"mediaType"`
	Digest    v1.Hash         `json:"digest"`
	Size      int64           `json:"size"`
}

// ociManifest is an OCI manifest of our own making.
type ociManifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType,omitempty"`
	ArtifactType  string            `json:"artifactType,omitempty"`
	Config        v1.Descriptor     `json:"config"`
	Layers        []v1.Descriptor   `json:"layers"`
	Subject       *v1.Descriptor    `json:"subject,omitempty"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

// artifact pushes an artifact of any type and gives its digest.
func (c client) artifact(repository, reference, configType string, config []byte, change func(*ociManifest)) string {
	c.t.Helper()
	m := ociManifest{SchemaVersion: 2, MediaType: string(types.OCIManifestSchema1)}
	m.Config = c.putBlob(repository, config)
	m.Config.MediaType = types.MediaType(configType)
	layer := c.putBlob(repository, []byte(repository+reference+configType))
	layer.MediaType = types.OCILayer
	m.Layers = []v1.Descriptor{layer}
	if change != nil {
		change(&m)
	}
	raw, err := json.Marshal(m)
	require.NoError(c.t, err)
	hash, _, err := v1.SHA256(bytes.NewReader(raw))
	require.NoError(c.t, err)
	if reference == "" {
		reference = hash.String()
	}
	c.putManifest(repository, reference, string(types.OCIManifestSchema1), raw)
	return hash.String()
}

// imageOptions say how a test's image looks.
type imageOptions struct {
	oci          bool
	architecture string
	noLabels     bool
	created      bool
}

// image makes a small image like the recorded ones.
func image(t testing.TB, o imageOptions) v1.Image {
	t.Helper()
	img, err := random.Image(512, 2)
	require.NoError(t, err)
	config, err := img.ConfigFile()
	require.NoError(t, err)
	config = config.DeepCopy()
	config.Author, config.OS, config.Architecture = "tester@example.org", "linux", "amd64"
	if o.created {
		config.Created = v1.Time{Time: time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)}
	}
	if o.architecture != "" {
		config.Architecture = o.architecture
	}
	config.Config = v1.Config{
		Cmd: []string{"/bin/true"}, Env: []string{"PATH=/usr/bin"}, ExposedPorts: map[string]struct{}{"8000/tcp": {}},
	}
	if !o.noLabels {
		config.Config.Labels = map[string]string{"maintainer": "tester", "org.opencontainers.image.title": "demo"}
	}
	img, err = mutate.ConfigFile(img, config)
	require.NoError(t, err)
	if o.oci {
		img = mutate.ConfigMediaType(mutate.MediaType(img, types.OCIManifestSchema1), types.OCIConfigJSON)
		if !o.noLabels {
			img = mutate.Annotations(img, map[string]string{"org.opencontainers.image.source": "https://example.org/src"}).(v1.Image)
		}
	}
	return img
}

// hexOf is a digest as it stands in cosign's tags.
func hexOf(digest string) string { return strings.TrimPrefix(digest, "sha256:") }

func numbered(form string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(form, i)
	}
	return list
}
