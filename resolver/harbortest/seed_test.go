package harbortest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// repositoryRow is what these tests read of a repository.
type repositoryRow struct {
	Name          string    `json:"name"`
	UpdateTime    time.Time `json:"update_time"`
	CreationTime  time.Time `json:"creation_time"`
	PullCount     int64     `json:"pull_count"`
	ArtifactCount int64     `json:"artifact_count"`
}

type artifactRow struct {
	Digest   string    `json:"digest"`
	PullTime time.Time `json:"pull_time"`
	Tags     []struct {
		Name string `json:"name"`
	} `json:"tags"`
	ExtraAttrs struct {
		Config struct{ Labels map[string]string }
	} `json:"extra_attrs"`
	ScanOverview map[string]struct {
		Summary struct{ Total, Fixable int }
	} `json:"scan_overview"`
}

func list[T any](c client, path string) []T {
	c.t.Helper()
	var rows []T
	require.NoError(c.t, json.Unmarshal(c.must(http.StatusOK, http.MethodGet, path, nil), &rows))
	return rows
}

func TestSeedIsTheSameEachTime(t *testing.T) {
	fill := func() (*harbortest.Server, []string) {
		s := harbortest.Start(t, harbortest.StartOptions{Options: harbortest.Options{Now: ticking()}})
		return s, s.Seed(harbortest.Seed{Projects: 3, Repositories: 2, Artifacts: 2})
	}
	one, names := fill()
	two, again := fill()
	require.Equal(t, names, again)
	require.Equal(t, []string{
		"tool-000000/tool-000000", "tool-000000/app-2", "tool-000001/tool-000001", "tool-000001/app-2",
		"tool-000002/tool-000002", "tool-000002/app-2",
	}, names)
	first, _ := one.Repository(names[0])
	second, _ := two.Repository(names[0])
	require.Equal(t, first.Artifacts[0].Digest, second.Artifacts[0].Digest)
	require.Equal(t, []string{"latest"}, first.Artifacts[0].Tags)
	require.Equal(t, []string{"v1"}, first.Artifacts[1].Tags)
}

func TestSeededImagesCanBePulled(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{})
	name := s.Seed(harbortest.Seed{Projects: 1})[0]
	c := client{t: t, server: s}
	img, err := remote.Image(c.reference(name+":latest"), remote.WithContext(t.Context()))
	require.NoError(t, err)
	layers, err := img.Layers()
	require.NoError(t, err)
	content, err := layers[0].Uncompressed()
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, content) // its digest is checked on the way
	require.NoError(t, err)
	config, err := img.ConfigFile()
	require.NoError(t, err)
	require.Equal(t, "linux", config.OS)
	d, err := img.Digest()
	require.NoError(t, err)
	info, _ := s.Repository(name)
	require.Equal(t, info.Artifacts[0].Digest, d.String())
}

func TestSeededRowsLookReal(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{})
	name := s.Seed(harbortest.Seed{Projects: 1, Profile: harbortest.Profile{StackID: "heroku-22"}})[0]
	c := client{t: t, server: s}
	body := c.must(http.StatusOK, http.MethodGet, "/api/v2.0/projects/tool-000000/repositories/tool-000000/artifacts", nil)
	require.InDelta(t, 5000, len(body), 600, "%s", name)
	var rows []artifactRow
	require.NoError(t, json.Unmarshal(body, &rows))
	labels := rows[0].ExtraAttrs.Config.Labels
	require.Equal(t, "heroku-22", labels["io.buildpacks.stack.id"])
	require.True(t, json.Valid([]byte(labels["io.buildpacks.lifecycle.metadata"])))
}

// A hundred thousand repositories are few hundred bytes each, and the page that
// a poll reads is found without a walk through them.
func TestSeedOfAHundredThousand(t *testing.T) {
	h := harbortest.New(harbortest.Options{})
	defer h.Close()
	before := heap()
	h.Seed(harbortest.Seed{Projects: 50_000, Repositories: 2})
	require.Equal(t, 100_000, h.Repositories())
	require.Less(t, (heap()-before)/100_000, uint64(900), "bytes for a repository and its share of a project")
	h.AddProject("hidden", harbortest.Private)
	_, err := h.Push("hidden/app", "latest", harbortest.Profile{})
	require.NoError(t, err)

	w := serve(h, "/api/v2.0/repositories?sort=-update_time&page_size=100")
	require.Equal(t, "100000", w.Header().Get("X-Total-Count"))
	var rows []repositoryRow
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &rows))
	require.Len(t, rows, 100)
	require.Equal(t, "tool-049999/app-2", rows[0].Name)
	last := serve(h, "/api/v2.0/repositories?sort=-update_time&page_size=100&page=1000")
	require.NoError(t, json.Unmarshal(last.Body.Bytes(), &rows))
	require.Equal(t, "tool-000000/tool-000000", rows[99].Name)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func serve(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func BenchmarkSeed(b *testing.B) {
	for _, projects := range []int{3_500, 50_000} {
		b.Run(fmt.Sprintf("%d repositories", 2*projects), func(b *testing.B) {
			for b.Loop() {
				h := harbortest.New(harbortest.Options{})
				h.Seed(harbortest.Seed{Projects: projects, Repositories: 2})
				h.Close()
			}
		})
	}
}

// BenchmarkAnswers shows that the stand-in is no bottleneck for what is measured
// against it.
func BenchmarkAnswers(b *testing.B) {
	h := harbortest.New(harbortest.Options{LogLimit: 1})
	defer h.Close()
	h.Seed(harbortest.Seed{Projects: 50_000, Repositories: 2})
	for name, path := range map[string]string{
		"newest 1":     "/api/v2.0/repositories?sort=-update_time&page_size=1",
		"newest 100":   "/api/v2.0/repositories?sort=-update_time&page_size=100",
		"page 1000":    "/api/v2.0/repositories?sort=-update_time&page_size=100&page=1000",
		"artifacts":    "/api/v2.0/projects/tool-000123/repositories/app-2/artifacts?page_size=100",
		"projects 100": "/api/v2.0/projects?page_size=100",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				serve(h, path)
			}
		})
	}
	b.Run("push", func(b *testing.B) {
		for b.Loop() {
			_, err := h.Push("tool-000123/app-2", "latest", harbortest.Profile{})
			require.NoError(b, err)
		}
	})
}
