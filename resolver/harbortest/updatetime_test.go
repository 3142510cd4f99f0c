package harbortest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

const webAPI = "/api/v2.0/projects/tool-a/repositories/web"

// TestUpdateTime holds the table of the recordings' README: what moves the
// update_time of a repository and what does not.
func TestUpdateTime(t *testing.T) {
	tests := []struct {
		what    string
		changes bool
		do      func(c client, digest string)
		// put, if set, is the tag under which the manifest of tag 1 is put by OCI.
		put string
	}{
		{what: "new image pushed", changes: true, do: func(c client, _ string) { c.push("tool-a/web:2", image(c.t, imageOptions{})) }},
		{what: "referrer pushed", changes: true, do: func(c client, d string) { c.refer("tool-a/web", d, "x") }},
		{what: "cosign signature pushed", changes: true, do: func(c client, d string) {
			c.artifact("tool-a/web", "sha256-"+hexOf(d)+".sig", string(types.OCIConfigJSON), []byte("{}"), nil)
		}},
		{what: "tag added by OCI", changes: true, put: "new"},
		{what: "tag added by API", changes: true, do: func(c client, _ string) {
			c.must(http.StatusCreated, http.MethodPost, webAPI+"/artifacts/1/tags", []byte(`{"name":"new"}`))
		}},
		{what: "tag moved", changes: true, put: "old"},
		{what: "tag deleted", changes: true, do: func(c client, _ string) { c.must(http.StatusOK, http.MethodDelete, webAPI+"/artifacts/1/tags/1", nil) }},
		{what: "artifact deleted by API", changes: true, do: func(c client, _ string) { c.must(http.StatusOK, http.MethodDelete, webAPI+"/artifacts/1", nil) }},
		{what: "artifact deleted by OCI", changes: true, do: func(c client, d string) {
			c.must(http.StatusAccepted, http.MethodDelete, "/v2/tool-a/web/manifests/"+d, nil)
		}},
		{what: "artifact copied in", changes: true, do: func(c client, _ string) {
			c.push("tool-a/other:3", image(c.t, imageOptions{}))
			c.must(http.StatusCreated, http.MethodPost, webAPI+"/artifacts?from=tool-a/other:3", nil)
		}},
		{what: "description written", changes: true, do: func(c client, _ string) {
			c.must(http.StatusOK, http.MethodPut, webAPI, []byte(`{"description":""}`))
		}},
		{what: "same manifest to the same tag", changes: false, put: "1"},
		{what: "label added", changes: false, do: func(c client, _ string) {
			c.must(http.StatusOK, http.MethodPost, webAPI+"/artifacts/1/labels", []byte(`{"name":"prod"}`))
		}},
		{what: "HEAD of a manifest", changes: false, do: func(c client, _ string) { c.must(http.StatusOK, http.MethodHead, "/v2/tool-a/web/manifests/1", nil) }},
		{what: "GET of a manifest answered 304", changes: false, do: func(c client, d string) {
			c.must(http.StatusNotModified, http.MethodGet, "/v2/tool-a/web/manifests/1", nil, "If-None-Match", `"`+d+`"`)
		}},
		{what: "GET of a manifest by tag", changes: true, do: func(c client, _ string) { c.must(http.StatusOK, http.MethodGet, "/v2/tool-a/web/manifests/1", nil) }},
		{what: "GET of a manifest by digest", changes: true, do: func(c client, d string) { c.must(http.StatusOK, http.MethodGet, "/v2/tool-a/web/manifests/"+d, nil) }},
		{what: "reading through the API", changes: false, do: func(c client, _ string) { c.must(http.StatusOK, http.MethodGet, webAPI+"/artifacts", nil) }},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			s := harbortest.Start(t, harbortest.StartOptions{Options: harbortest.Options{Now: ticking(), PullFlush: -1}})
			s.AddProject("tool-a", harbortest.Public)
			c := asAdmin(t, s)
			c.push("tool-a/web:old", image(t, imageOptions{}))
			img := image(t, imageOptions{})
			digest := c.push("tool-a/web:1", img)
			s.FlushPulls()
			before, _ := s.Repository("tool-a/web")
			if tt.put != "" {
				raw, err := img.RawManifest()
				require.NoError(t, err)
				c.putManifest("tool-a/web", tt.put, string(types.DockerManifestSchema2), raw)
			} else {
				tt.do(c, digest)
			}
			s.FlushPulls()
			after, _ := s.Repository("tool-a/web")
			require.Equal(t, tt.changes, after.Updated.After(before.Updated))
		})
	}
}

func TestPullsShowWithTheFlush(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{Options: harbortest.Options{Now: ticking(), PullFlush: -1}})
	name := s.Seed(harbortest.Seed{Projects: 1})[0]
	c := client{t: t, server: s}
	require.NoError(t, s.Pull(name, "latest", 3))
	info, _ := s.Repository(name)
	require.Zero(t, info.PullCount)
	require.True(t, info.Artifacts[0].Pulled.IsZero())
	s.FlushPulls()
	info, _ = s.Repository(name)
	require.EqualValues(t, 3, info.PullCount)
	require.False(t, info.Artifacts[0].Pulled.IsZero())
	rows := list[repositoryRow](c, "/api/v2.0/repositories")
	require.EqualValues(t, 3, rows[0].PullCount)
	require.True(t, rows[0].UpdateTime.After(rows[0].CreationTime))
}

func TestPullsAreFlushedByThemselves(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{Options: harbortest.Options{PullFlush: time.Millisecond}})
	name := s.Seed(harbortest.Seed{Projects: 1})[0]
	require.NoError(t, s.Pull(name, "latest", 1))
	require.Eventually(t, func() bool {
		info, _ := s.Repository(name)
		return info.PullCount == 1
	}, 5*time.Second, time.Millisecond)
}

// A write that is stamped before another one may be seen after it.
func TestALateCommit(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{Options: harbortest.Options{Now: ticking()}})
	names := s.Seed(harbortest.Seed{Projects: 2})
	held := s.HoldNextCommit()
	_, err := s.Push(names[0], "latest", harbortest.Profile{})
	require.NoError(t, err)
	<-held.Stamped()
	_, err = s.Push(names[1], "latest", harbortest.Profile{})
	require.NoError(t, err)
	c := client{t: t, server: s}
	newest := "/api/v2.0/repositories?sort=-update_time&page_size=1"
	seen := list[repositoryRow](c, newest)[0]
	require.Equal(t, names[1], seen.Name)
	held.Release()
	require.Equal(t, seen, list[repositoryRow](c, newest)[0], "the late one lies before it")
	late, _ := s.Repository(names[0])
	require.True(t, late.Updated.Before(seen.UpdateTime))
	require.Len(t, late.Artifacts, 2)
}

func TestAPushWaitsForItsCommit(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{Options: harbortest.Options{CommitDelay: 20 * time.Millisecond}})
	s.AddProject("tool-a", harbortest.Public)
	begun := time.Now()
	asAdmin(t, s).push("tool-a/web:1", image(t, imageOptions{}))
	info, ok := s.Repository("tool-a/web")
	require.True(t, ok)
	require.WithinRange(t, info.Updated, begun.Add(-time.Millisecond), time.Now().Add(-19*time.Millisecond))
}

func TestOlderHarborsKeepTheUpdateTime(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{Options: harbortest.Options{
		Now: ticking(), PullFlush: -1, PushesKeepUpdateTime: true, NoProjectArtifacts: true, Version: "v2.5.0",
	}})
	name := s.Seed(harbortest.Seed{Projects: 1})[0]
	before, _ := s.Repository(name)
	_, err := s.Push(name, "latest", harbortest.Profile{})
	require.NoError(t, err)
	after, _ := s.Repository(name)
	require.Equal(t, before.Updated, after.Updated)
	c := asAdmin(t, s)
	c.must(http.StatusNotFound, http.MethodGet, "/api/v2.0/projects/tool-000000/artifacts", nil)
	require.Contains(t, string(c.must(http.StatusOK, http.MethodGet, "/api/v2.0/systeminfo", nil)), `"v2.5.0"`)
	c.user = ""
	require.NotContains(t, string(c.must(http.StatusOK, http.MethodGet, "/api/v2.0/systeminfo", nil)), "v2.5.0")
}
