package history_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/history"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

// chartRef names the chart of all tests.
var chartRef = artifact.Reference{Host: "registry.example", Path: "toolforge/image-config"}

// published is when all versions were, as they say.
var published = time.Date(2026, 7, 22, 0, 13, 36, 0, time.UTC)

// shelf is a registry that holds charts, and a clock.
type shelf struct {
	*registrytest.Server
	client *artifact.Client

	mu  sync.Mutex
	now time.Time
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	s := &shelf{Server: registrytest.InProcess(t), now: published.Add(time.Hour)}
	s.client = clientOf(t, endpoint.Config{URL: s.URL})
	return s
}

func clientOf(t *testing.T, config endpoint.Config) *artifact.Client {
	t.Helper()
	hosts, err := endpoint.New(map[string]endpoint.Config{chartRef.Host: config}, endpoint.Options{})
	require.NoError(t, err)
	t.Cleanup(hosts.CloseIdle)
	return artifact.New(hosts, artifact.Options{Attempts: 1, Wait: func(context.Context, time.Duration) error { return nil }})
}

func (s *shelf) time() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// later moves the clock on.
func (s *shelf) later(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// history begins to look at the shelf.
func (s *shelf) history(opts history.Options, sel artifact.Selection) *history.History {
	opts.Now = s.time
	return history.New(history.Repository{Client: s.client, Reference: chartRef, Selection: sel}, opts)
}

// publish puts a version on the shelf and gives its digest.
func (s *shelf) publish(t *testing.T, version string) string {
	t.Helper()
	return publish(t, s.client, version, fmt.Sprintf(valuesOf, version))
}

// valuesOf is a catalog that speaks of its version.
const valuesOf = "formatVersion: \"1.0\"\nimages:\n  bookworm: {state: stable, image: a.example/bookworm, description: %q}\n"

func publish(t *testing.T, client *artifact.Client, version, values string) string {
	t.Helper()
	done, err := client.Publish(t.Context(), chartRef, artifact.Package{Created: published, Archive: archive(t, map[string]string{
		"Chart.yaml":  fmt.Sprintf("apiVersion: v2\nname: image-config\nversion: %s\n", version),
		"values.yaml": values,
	})})
	require.NoError(t, err)
	return done.Digest
}

func archive(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	packed := tar.NewWriter(zipped)
	for _, name := range []string{"Chart.yaml", "values.yaml"} {
		require.NoError(t, packed.WriteHeader(&tar.Header{Name: "image-config/" + name, Mode: 0o644, Size: int64(len(files[name])), Typeflag: tar.TypeReg}))
		_, err := packed.Write([]byte(files[name]))
		require.NoError(t, err)
	}
	require.NoError(t, packed.Close())
	require.NoError(t, zipped.Close())
	return out.Bytes()
}

// withdraw takes a tag off the shelf.
func (s *shelf) withdraw(t *testing.T, tag string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, s.URL+"/v2/"+chartRef.Path+"/manifests/"+tag, nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusAccepted, answer.StatusCode)
}

// count gives how often each kind of thing was asked for since the last time.
func (s *shelf) count() map[string]int {
	out := map[string]int{}
	for _, r := range s.Requests() {
		switch {
		case strings.Contains(r.Path, "/tags/list"):
			out["list"]++
		case strings.Contains(r.Path, "/manifests/"):
			out[r.Method]++
		case strings.Contains(r.Path, "/blobs/"):
			out["blob"]++
		}
	}
	s.Forget()
	return out
}

// refuse answers everything with a status.
func refuse(status int) registrytest.Hook {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
		w.WriteHeader(status)
		return true
	}
}

// names writes the versions of a list in order.
func names(l *history.List) []string {
	out := []string{}
	for _, v := range l.Versions {
		out = append(out, v.Version)
	}
	return out
}
