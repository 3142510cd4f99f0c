package inventory_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// upload pushes through OCI, as people do, and gives the digest.
func (w *world) upload(image string, what remote.Taggable) string {
	w.t.Helper()
	ref, err := name.ParseReference(w.Server.Host+"/"+image, name.Insecure)
	require.NoError(w.t, err)
	admin := remote.WithAuth(&authn.Basic{Username: "admin", Password: "Harbor12345"})
	switch what := what.(type) {
	case v1.ImageIndex:
		err = remote.WriteIndex(ref, what, admin, remote.WithContext(w.t.Context()))
	case v1.Image:
		err = remote.Write(ref, what, admin, remote.WithContext(w.t.Context()))
	}
	require.NoError(w.t, err)
	d, err := what.(interface{ Digest() (v1.Hash, error) }).Digest()
	require.NoError(w.t, err)
	return d.String()
}

// picture makes an image with a config of a media type.
func (w *world) picture(config types.MediaType) v1.Image {
	w.t.Helper()
	image, err := random.Image(64, 1)
	require.NoError(w.t, err)
	return mutate.ConfigMediaType(mutate.MediaType(image, types.OCIManifestSchema1), config)
}

// Every tagged image of every tool is there once, and nothing else.
func TestEveryImageOfEveryTool(t *testing.T) {
	for name, s := range map[string]setup{
		"listed by project":                        {},
		"one by one, because that is not there":    {harbor: harbortest.StartOptions{Options: harbortest.Options{NoProjectArtifacts: true}}},
		"one by one, because we are nobody":        {anonymous: true},
		"behind nginx, which has its ways with /":  {harbor: harbortest.StartOptions{Options: harbortest.Options{Nginx: true}}},
		"where nothing follows a push, in a sweep": {harbor: harbortest.StartOptions{Options: harbortest.Options{PushesKeepUpdateTime: true, Version: "v2.9.0"}}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, s)
			w.project("tool-many", harbortest.Public, "web", "web-job", "sub/dir", "sub/dir/deep")
			w.project("tool-a-char.sep-b", harbortest.Public, "tool-a-char.sep-b")
			w.project("toolforge", harbortest.Public, "jobs-api")    // no tool's
			w.project("tool-1x", harbortest.Public, "web")           // tools begin with a letter
			w.project("tool-x-char.sepy", harbortest.Public, "web")  // nor does that come of a name
			w.project("library", harbortest.Public, "debian", "web") // the same
			for n := range 130 {
				w.push("tool-many/web", fmt.Sprintf("v%03d", n))
			}
			w.push("tool-many/web", "") // untagged
			image := string(types.OCIConfigJSON)
			two := w.picture(types.MediaType(image))
			first := w.upload("tool-many/two:first", two)
			require.Equal(t, first, w.upload("tool-many/two:second", two))
			w.upload("tool-many/kinds:chart", w.picture("application/vnd.cncf.helm.config.v1+json"))
			w.upload("tool-many/kinds:wasm", w.picture("application/vnd.wasm.config.v1+json"))
			w.upload("tool-many/kinds:odd", w.picture("application/vnd.example.thing.config.v1+json"))
			w.upload("tool-many/kinds:image", w.picture(types.MediaType(image)))
			for _, ending := range []string{"sig", "att", "sbom"} {
				w.upload("tool-many/two:sha256-"+first[len("sha256:"):]+"."+ending, w.picture(types.MediaType(image)))
			}
			w.upload("tool-many/two:sha256-short.sig", w.picture(types.MediaType(image)))
			index := mutate.AppendManifests(empty.Index,
				mutate.IndexAddendum{Add: w.picture(types.MediaType(image)), Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "arm64"}}},
				mutate.IndexAddendum{Add: w.picture(types.MediaType(image)), Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}})
			multi := w.upload("tool-many/multi:latest", index)

			view := w.round()
			names := short(has(view))
			want := []string{
				"tool-a-char.sep-b/tool-a-char.sep-b:latest", "tool-many/kinds:image", "tool-many/multi:latest", "tool-many/sub/dir/deep:latest",
				"tool-many/sub/dir:latest", "tool-many/two:first", "tool-many/two:second", "tool-many/two:sha256-short.sig",
				"tool-many/web-job:latest", "tool-many/web:latest",
			}
			for n := range 130 {
				want = append(want, fmt.Sprintf("tool-many/web:v%03d", n))
			}
			slices.Sort(want)
			require.Equal(t, want, names)
			require.Equal(t, len(want), view.Images)
			require.Equal(t, 2, view.Tools)
			require.Equal(t, 8, view.Repositories)
			require.Equal(t, 4, view.LeftOut, "toolforge, library, and two that look like tools")

			require.Equal(t, "tool-a-char.sep-b", view.Tool("a--b").Project)
			require.Nil(t, view.Tool("1x"))
			require.Nil(t, view.Tool("nobody"))
			held, _ := w.Repository("tool-many/web")
			_, latest := view.Tool("many").Image("web", "v007")
			require.NotNil(t, latest)
			for _, a := range held.Artifacts {
				if slices.Contains(a.Tags, "v007") {
					require.Equal(t, a.Digest, latest.Digest.String())
					require.Equal(t, a.Pushed.Truncate(time.Millisecond), latest.PushedAt())
				}
			}
			require.Positive(t, latest.Size)
			require.Equal(t, "linux/amd64", latest.Details.Value().Platforms)
			require.Equal(t, "heroku-24", latest.Details.Value().Stack)
			r, both := view.Tool("many").Image("two", "second")
			require.Equal(t, []string{"first", "second"}, r.TagsOf(both.Digest))
			_, arm := view.Tool("many").Image("multi", "latest")
			require.Equal(t, multi, arm.Digest.String())
			require.Equal(t, "linux/amd64,linux/arm64", arm.Details.Value().Platforms)
			_, none := view.Tool("many").Image("web", "v13")
			require.Nil(t, none)

			before := w.State().View
			require.Same(t, before, w.round(), "nothing happened")
		})
	}
}

// Whatever is asked, it is a question to the API, and no image was pulled.
func TestNeverAPull(t *testing.T) {
	for _, anonymous := range []bool{false, true} {
		w := newWorld(t, setup{anonymous: anonymous})
		w.project("tool-x", harbortest.Public, "web", "job")
		w.project("tool-secret", harbortest.Private, "web")
		w.round()
		w.push("tool-x/web", "latest")
		w.round()
		w.DeleteRepository("tool-x/job")
		w.round()
		require.NoError(t, w.Refresh(t.Context(), "x"))
		require.NoError(t, w.Refresh(t.Context(), "nothing-yet"))
		w.clock.advance(2 * time.Hour)
		w.round()
		for n, r := range w.Requests() {
			require.Regexp(t, `^GET (/api/v2\.0/(systeminfo|repositories|projects)(\?|/|$)|/v2/$)`, r.String())
			require.Equal(t, n > 0, r.Cookie, "the session is kept")
		}
		w.FlushPulls()
		held, ok := w.Repository("tool-x/web")
		require.True(t, ok)
		require.Zero(t, held.PullCount)
		for _, a := range held.Artifacts {
			require.True(t, a.Pulled.IsZero())
		}
	}
}
