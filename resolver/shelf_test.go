package resolver_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

// shelf is a registry that holds catalog charts.
type shelf struct {
	*registrytest.Server
	client *artifact.Client
}

// chartRef names the catalog chart on a shelf.
var chartRef = artifact.Reference{Host: "registry.example", Path: "toolforge/image-config"}

func newShelf(t testing.TB) *shelf {
	t.Helper()
	s := &shelf{Server: registrytest.InProcess(t)}
	hosts, err := endpoint.New(map[string]endpoint.Config{chartRef.Host: {URL: s.URL}}, endpoint.Options{})
	require.NoError(t, err)
	t.Cleanup(hosts.CloseIdle)
	s.client = artifact.New(hosts, artifact.Options{
		Attempts: 1, Wait: func(context.Context, time.Duration) error { return nil },
	})
	return s
}

// publish puts a catalog on the shelf and gives its digest.
func (s *shelf) publish(t testing.TB, version, values string) string {
	t.Helper()
	return s.publishFiles(t, map[string]string{"Chart.yaml": chartYAML(version), "values.yaml": values})
}

func (s *shelf) publishFiles(t testing.TB, files map[string]string) string {
	t.Helper()
	done, err := s.client.Publish(t.Context(), chartRef, artifact.Package{Archive: archive(t, files)})
	require.NoError(t, err)
	return done.Digest
}

// withdraw takes a tag off the shelf.
func (s *shelf) withdraw(t testing.TB, tag string) { s.manifest(t, http.MethodDelete, tag, nil, "") }

// retag makes a tag name the manifest of another.
func (s *shelf) retag(t testing.TB, from, to string) {
	body, kind := s.manifest(t, http.MethodGet, from, nil, "")
	s.manifest(t, http.MethodPut, to, body, kind)
}

func (s *shelf) manifest(t testing.TB, method, tag string, body []byte, kind string) ([]byte, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.URL+"/v2/"+chartRef.Path+"/manifests/"+tag, bytes.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", kind)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, answer.Body.Close()) }()
	require.Less(t, answer.StatusCode, 300)
	var text bytes.Buffer
	_, err = text.ReadFrom(answer.Body)
	require.NoError(t, err)
	return text.Bytes(), answer.Header.Get("Content-Type")
}

// archive packs a chart.
func archive(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	packed := tar.NewWriter(zipped)
	for _, name := range []string{"Chart.yaml", "values.yaml"} {
		text, ok := files[name]
		if !ok {
			continue
		}
		require.NoError(t, packed.WriteHeader(&tar.Header{Name: "image-config/" + name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}))
		_, err := packed.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, packed.Close())
	require.NoError(t, zipped.Close())
	return out.Bytes()
}

// follow makes a resolver of what a selection leads to. Every image exists.
func (s *shelf) follow(t testing.TB, sel artifact.Selection) *resolver.Resolver {
	t.Helper()
	return start(t, resolver.FromRepository(s.client, chartRef, sel, resolver.Trust{}), everywhere(present("sha256:a")), resolver.Options{})
}
