package artifact_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

const (
	host = "registry.example"
	path = "toolforge/image-config"
)

// catalog names the chart that most tests are about.
var catalog = artifact.Reference{Host: host, Path: path}

// version selects an exact version.
func version(v string) artifact.Selection { return artifact.Selection{Version: v} }

// newClient gives a client for which registry.example is the server. It waits for
// nothing between attempts.
func newClient(t testing.TB, url string, opts artifact.Options) *artifact.Client {
	t.Helper()
	hosts, err := endpoint.New(map[string]endpoint.Config{host: {URL: url}}, endpoint.Options{})
	require.NoError(t, err)
	t.Cleanup(hosts.CloseIdle)
	if opts.Wait == nil {
		opts.Wait = func(context.Context, time.Duration) error { return nil }
	}
	return artifact.New(hosts, opts)
}

// chartYAML is a Chart.yaml as people write it, with what Helm tidies.
func chartYAML(name, version string) string {
	return fmt.Sprintf(`apiVersion: v2
name: %s
version: %s
appVersion: 1.10
description: |
  Names <images> & what
  they mean.
home: https://example.org/home
sources: [https://example.org/source, https://example.org/mirror]
keywords: [images]
maintainers:
  - name: Ann
    email: ann@example.org
  - name: Ben
annotations:
  category: infrastructure
`, name, version)
}

// archive makes a chart archive, the same bytes each time.
func archive(t testing.TB, version string) []byte {
	t.Helper()
	return archiveOf(t, map[string]string{
		"image-config/Chart.yaml":  chartYAML("image-config", version),
		"image-config/values.yaml": "formatVersion: 1\nimages: {}\n",
	})
}

func archiveOf(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var packed bytes.Buffer
	squeeze := gzip.NewWriter(&packed)
	writer := tar.NewWriter(squeeze)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text := files[name]
		require.NoError(t, writer.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}))
		_, err := writer.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, writer.Close())
	require.NoError(t, squeeze.Close())
	return packed.Bytes()
}

// publish puts a chart into the registry by the package's own means.
func publish(t testing.TB, client *artifact.Client, version string) artifact.Published {
	t.Helper()
	done, err := client.Publish(t.Context(), catalog, artifact.Package{Archive: archive(t, version)})
	require.NoError(t, err)
	return done
}

// describe makes a descriptor of data.
func describe(mediaType string, data []byte) ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(data), Size: int64(len(data))}
}

// manifestOf makes a manifest with the given config and layers.
func manifestOf(t testing.TB, config ocispec.Descriptor, layers ...ocispec.Descriptor) []byte {
	t.Helper()
	data, err := json.Marshal(ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, Config: config, Layers: layers,
	})
	require.NoError(t, err)
	return data
}

// putBlob and putManifest write to a registry without looking at what they write.
func putBlob(t testing.TB, server *registrytest.Server, mediaType string, data []byte) ocispec.Descriptor {
	t.Helper()
	desc := describe(mediaType, data)
	send(t, http.MethodPost, server.URL+"/v2/"+path+"/blobs/uploads/?digest="+desc.Digest.String(), "application/octet-stream", data)
	return desc
}

func putManifest(t testing.TB, server *registrytest.Server, tag, mediaType string, data []byte) {
	t.Helper()
	send(t, http.MethodPut, server.URL+"/v2/"+path+"/manifests/"+tag, mediaType, data)
}

func send(t testing.TB, method, url, mediaType string, data []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(data))
	require.NoError(t, err)
	req.Header.Set("Content-Type", mediaType)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusCreated, resp.StatusCode)
}

// methods gives the log of a server in short: "HEAD manifests", "GET blobs".
func methods(server *registrytest.Server) []string {
	var short []string
	for _, r := range server.Requests() {
		short = append(short, r.Method+" "+kindOf(r.Path))
	}
	return short
}

func kindOf(p string) string {
	for _, kind := range []string{"uploads", "manifests", "blobs", "tags"} {
		if bytes.Contains([]byte(p), []byte("/"+kind+"/")) {
			return kind
		}
	}
	return p
}

func requireKind(t testing.TB, kind string, err error) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, kind, fault.KindOf(err).String(), "%v", err)
}
