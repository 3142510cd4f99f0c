package server_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	hosts "gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/history"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// shelf is a service whose catalog comes from a registry with several versions,
// and whose tools' images are in a Harbor.
type shelf struct {
	*endpoint
	charts     *registrytest.Server
	client     *artifact.Client
	harbor     *harbortest.Server
	registries *registries
	resolver   *resolver.Resolver
	digests    map[string]string
}

// chartPlace is the repository of the catalog.
var chartPlace = artifact.Reference{Host: "charts.test", Path: "toolforge/image-config"}

// Three versions of a catalog; the second one is served.
const (
	versionOne = `formatVersion: "1.0"
images:
  bookworm: {state: stable, image: one.test/bookworm, aliases: [debian]}
  bullseye: {state: stable, image: "one.test/bullseye@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
  buster: {state: deprecated, image: one.test/buster}
`
	versionTwo = `formatVersion: "1.0"
images:
  bookworm: {state: stable, image: one.test/bookworm, aliases: [debian]}
  bullseye: {state: deprecated, image: two.test/bullseye, lifecycle: {deprecated: 2026-07-01}}
tombstones:
  buster: {date: 2026-06-30, reason: no security updates, replacedBy: bookworm}
`
	versionThree = `formatVersion: "1.0"
images:
  trixie: {state: stable, image: one.test/trixie, aliases: [debian]}
  bookworm: {state: stable, image: one.test/bookworm, lifecycle: {deprecated: 2026-07-31}}
  bullseye: {state: deprecated, image: two.test/bullseye}
`
)

func startShelf(t *testing.T, sel artifact.Selection) *shelf {
	t.Helper()
	s := &shelf{charts: registrytest.InProcess(t), registries: &registries{}, digests: map[string]string{}}
	directory, err := hosts.New(map[string]hosts.Config{chartPlace.Host: {URL: s.charts.URL}}, hosts.Options{})
	require.NoError(t, err)
	t.Cleanup(directory.CloseIdle)
	s.client = artifact.New(directory, artifact.Options{Attempts: 1, Wait: func(context.Context, time.Duration) error { return nil }})
	s.publish(t, "1.0.0", versionOne)
	s.publish(t, "1.1.0", versionTwo)
	s.publish(t, "2.0.0-rc.1+b", versionThree)
	h, users := startHarbor(t, harbortest.StartOptions{})
	s.harbor = h
	pushUser(t, h, "tool-alpha/web:latest")
	s.resolver = resolver.New(resolver.FromRepository(s.client, chartPlace, sel, resolver.Trust{}), s.registries.live,
		resolver.Options{Now: func() time.Time { return noon }, Users: users})
	t.Cleanup(s.resolver.Close)
	handlers, err := server.New(s.resolver, server.Options{})
	require.NoError(t, err)
	s.endpoint = listen(t, handlers.Handler())
	require.NoError(t, s.resolver.Refresh(t.Context()))
	s.charts.Forget()
	return s
}

func (s *shelf) publish(t *testing.T, version, values string) {
	t.Helper()
	done, err := s.client.Publish(t.Context(), chartPlace, artifact.Package{Created: noon.Add(-time.Hour), Archive: packed(t, version, values)})
	require.NoError(t, err)
	s.digests[version] = done.Digest
}

// packed packs a catalog chart.
func packed(t *testing.T, version, values string) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	for _, file := range [][2]string{
		{"Chart.yaml", "apiVersion: v2\nname: image-config\nversion: " + version + "\n"}, {"values.yaml", values},
	} {
		require.NoError(t, archive.WriteHeader(&tar.Header{Name: "image-config/" + file[0], Mode: 0o644, Size: int64(len(file[1])), Typeflag: tar.TypeReg}))
		_, err := archive.Write([]byte(file[1]))
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
	require.NoError(t, zipped.Close())
	return out.Bytes()
}

func (s *shelf) versions(t *testing.T, query string) api.VersionsAnswer {
	t.Helper()
	return into[api.VersionsAnswer](s.get(t, "/v1/catalog/versions"+query), http.StatusOK)
}

var followed = artifact.Selection{Version: "1.1.0"}

func TestVersionsOfTheCatalog(t *testing.T) {
	s := startShelf(t, followed)
	at := noon.Add(-time.Hour)
	want := api.List[api.Version]{
		{Version: "2.0.0-rc.1+b", Digest: s.digests["2.0.0-rc.1+b"], PublishedAt: at},
		{Version: "1.1.0", Digest: s.digests["1.1.0"], PublishedAt: at, Served: true},
		{Version: "1.0.0", Digest: s.digests["1.0.0"], PublishedAt: at},
	}
	a := s.get(t, "/v1/catalog/versions")
	require.Equal(t, api.VersionsAnswer{Versions: want}, into[api.VersionsAnswer](a, http.StatusOK))
	require.Equal(t, want[:2], s.versions(t, "?limit=2").Versions)
	require.Equal(t, http.StatusNotModified, s.get(t, "/v1/catalog/versions", "If-None-Match", a.header.Get("ETag")).status)
	for _, query := range []string{"?limit=0", "?limit=x", "?limit=1001", "?from=1", "?limit=1&limit=2"} {
		require.Equal(t, "bad_parameter", s.failure(t, "/v1/catalog/versions"+query, http.StatusBadRequest).Code)
	}
}

func TestWhichVersionAConstraintPicks(t *testing.T) {
	s := startShelf(t, artifact.Selection{Constraint: "<1.1"})
	served, selected := "", ""
	for _, v := range s.versions(t, "").Versions {
		if v.Served {
			served += v.Version
		}
		if v.Selected {
			selected += v.Version
		}
	}
	require.Equal(t, "1.0.0", served)
	require.Equal(t, "1.0.0", selected)
}

// What is served is listed whether its registry still has it or not.
func TestTheServedVersionIsListedWhateverHappens(t *testing.T) {
	s := startShelf(t, followed)
	s.charts.Hook(refuseAll(http.StatusServiceUnavailable))
	a := s.versions(t, "")
	require.Equal(t, api.List[api.Version]{{Version: "1.1.0", Digest: s.digests["1.1.0"], Served: true}}, a.Versions)
	require.Equal(t, []string{"oci://charts.test/toolforge/image-config cannot be asked now: other versions than the one that is served are not known"}, a.Messages.Warning)

	s = startShelf(t, followed)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, s.charts.URL+"/v2/"+chartPlace.Path+"/manifests/1.1.0", nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	a = s.versions(t, "")
	require.Equal(t, []string{"2.0.0-rc.1+b", "1.1.0", "1.0.0"}, versionNames(a))
	require.True(t, a.Versions[1].Served)
	require.Equal(t, []string{"version 1.1.0 is served, but oci://charts.test/toolforge/image-config does not list it any more"}, a.Messages.Warning)
}

func versionNames(a api.VersionsAnswer) []string {
	out := []string{}
	for _, v := range a.Versions {
		out = append(out, v.Version)
	}
	return out
}

func refuseAll(status int) registrytest.Hook {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
		w.WriteHeader(status)
		return true
	}
}

func TestACatalogWithoutVersions(t *testing.T) {
	s := start(t, setup{values: sample})
	a := into[api.VersionsAnswer](s.get(t, "/v1/catalog/versions"), http.StatusOK)
	require.Equal(t, api.VersionsAnswer{Versions: api.List[api.Version]{{Version: "1.2.3", Served: true}}}, a)
	diff := into[api.DiffAnswer](s.get(t, "/v1/catalog/diff?from=1.2.3"), http.StatusOK)
	require.Equal(t, api.DiffAnswer{From: api.VersionName{Version: "1.2.3"}, To: api.VersionName{Version: "1.2.3"}, Changes: api.List[api.Change]{}}, diff)
	failure := s.failure(t, "/v1/catalog/diff?from=1.2.2", http.StatusNotFound)
	require.Equal(t, "version_not_found", failure.Code)
	require.Equal(t, []string{`there is no version "1.2.2" of the catalog; there are 1.2.3`}, failure.Error)
	list := into[api.ImagesAnswer](s.get(t, "/v1/images?version=1.2.3"), http.StatusOK)
	require.Len(t, list.Images, len(sampleNames))
	require.Nil(t, list.Images[0].Exists)
	s.private(t, s.get(t, "/v1/images?version=nope"))
}

func TestDifferencesOfVersions(t *testing.T) {
	s := startShelf(t, followed)
	a := s.get(t, "/v1/catalog/diff?from=1.0.0")
	diff := into[api.DiffAnswer](a, http.StatusOK)
	require.Equal(t, api.VersionName{Version: "1.0.0", Digest: s.digests["1.0.0"]}, diff.From)
	require.Equal(t, api.VersionName{Version: "1.1.0", Digest: s.digests["1.1.0"]}, diff.To, "what is served")
	kinds := map[string]api.Change{}
	for _, c := range diff.Changes {
		kinds[c.Kind+" "+c.Image] = c
	}
	require.Contains(t, kinds, "state_changed bullseye")
	require.Contains(t, kinds, "image_tombstoned buster")
	require.Contains(t, kinds, "lifecycle_changed bullseye")
	moved := kinds["reference_moved bullseye"]
	require.True(t, moved.Breaking)
	require.Equal(t, "images.bullseye.image", moved.Path)
	require.Equal(t, "two.test/bullseye", moved.New)
	require.Contains(t, moved.Parts, "host")
	require.NotEmpty(t, moved.Reason)

	byDigest := s.get(t, "/v1/catalog/diff?from="+s.digests["1.0.0"]+"&to="+s.digests["1.1.0"])
	require.Equal(t, a.body, byDigest.body)
	require.Equal(t, a.header.Get("ETag"), byDigest.header.Get("ETag"))
	require.Equal(t, http.StatusNotModified, s.get(t, "/v1/catalog/diff?from=1.0.0&to=1.1.0", "If-None-Match", a.header.Get("ETag")).status)
	require.Empty(t, into[api.DiffAnswer](s.get(t, "/v1/catalog/diff?from=1.1.0&to=1.1.0"), http.StatusOK).Changes)
	back := into[api.DiffAnswer](s.get(t, "/v1/catalog/diff?to=1.0.0&from="+url.QueryEscape("2.0.0-rc.1+b")), http.StatusOK)
	require.Equal(t, "2.0.0-rc.1+b", back.From.Version)
	plain := into[api.DiffAnswer](s.get(t, "/v1/catalog/diff?to=1.0.0&from=2.0.0-rc.1+b"), http.StatusOK)
	require.Equal(t, back, plain, "a plus sign that was not escaped")

	for _, query := range []string{"", "?to=1.0.0", "?from=", "?from=1.0.0&to=", "?from=1.0.0&x=y"} {
		require.Equal(t, "bad_parameter", s.failure(t, "/v1/catalog/diff"+query, http.StatusBadRequest).Code, query)
	}
	failure := s.failure(t, "/v1/catalog/diff?from=1.0.0&to=3.0.0", http.StatusNotFound)
	require.Equal(t, []string{`there is no version "3.0.0" of the catalog; there are 2.0.0-rc.1+b, 1.1.0, 1.0.0`}, failure.Error)
}

func TestListsOfAnotherVersion(t *testing.T) {
	s := startShelf(t, followed)
	a := s.get(t, "/v1/images?version=1.0.0")
	list := into[api.ImagesAnswer](a, http.StatusOK)
	require.Equal(t, []string{"bookworm", "bullseye", "buster"}, namesOf(a), "and nothing that tools built")
	require.Equal(t, []string{"this is what version 1.0.0 says: registries were not asked"}, list.Messages.Info)
	for _, i := range list.Images {
		require.Nil(t, i.Exists)
		require.Equal(t, api.Map[string]{"metadata": "chart"}, i.Sources)
	}
	require.Empty(t, list.Images[0].Digest)
	require.NotEmpty(t, list.Images[1].Digest, "the catalog pins it")
	require.Equal(t, []string{"buster"}, namesOf(s.get(t, "/v1/images?version=1.0.0&state=deprecated")))
	require.Equal(t, []string{"bookworm"}, namesOf(s.get(t, "/v1/images?version=1.0.0&name=debian")))
	require.Empty(t, namesOf(s.get(t, "/v1/images?version=1.0.0&type=buildservice")))
	require.Empty(t, namesOf(s.get(t, "/v1/images?version=1.0.0&exists=true")))
	require.Equal(t, http.StatusNotModified, s.get(t, "/v1/images?version="+s.digests["1.0.0"], "If-None-Match", a.header.Get("ETag")).status)

	first := s.get(t, "/v1/images?version=1.0.0&limit=2&fields=short_name,state")
	require.Equal(t, []string{"bookworm", "bullseye"}, namesOf(first))
	link := first.header.Get("Link")
	require.Contains(t, link, "version=1.0.0")
	next := strings.TrimSuffix(strings.TrimPrefix(link, "<"), `>; rel="next"`)
	require.Equal(t, []string{"buster"}, namesOf(s.get(t, "/v1/"+next)))

	rc := into[api.ImagesAnswer](s.get(t, "/v1/images?version=2.0.0-rc.1+b&name=bookworm"), http.StatusOK).Images[0]
	require.Equal(t, "deprecated", rc.State, "as of the day of the snapshot")
	require.Empty(t, namesOf(s.get(t, "/v1/images?version=1.1.0&name=buster")))

	tool := s.get(t, "/v1/tool/alpha/images?version=1.0.0", "X-Toolforge-Tool", "alpha")
	require.Equal(t, namesOf(a), namesOf(tool))
	require.Equal(t, "private, no-cache", tool.header.Get("Cache-Control"))
	require.Equal(t, "forbidden", s.failure(t, "/v1/tool/alpha/images?version=1.0.0", http.StatusForbidden, "X-Toolforge-Tool", "beta").Code)
	require.Equal(t, []string{"bookworm", "bullseye"}, namesOf(s.get(t, "/v1/images?type=standard")), "what is served is as it was")
}

func TestOneImageOfAnotherVersion(t *testing.T) {
	s := startShelf(t, followed)
	image := into[api.ImageAnswer](s.get(t, "/v1/images/buster?version=1.0.0"), http.StatusOK).Image
	require.Equal(t, "deprecated", image.State)
	require.Equal(t, "gone", map[bool]string{true: "gone"}[s.get(t, "/v1/images/buster").status == http.StatusGone])
	require.Equal(t, "image_removed", s.failure(t, "/v1/images/buster?version=1.1.0", http.StatusGone).Code)
	failure := s.failure(t, "/v1/images/bullsey?version=1.0.0", http.StatusNotFound)
	require.Equal(t, "image_not_found", failure.Code)
	require.Equal(t, api.List[string]{"bullseye"}, failure.Suggestions)
	require.Equal(t, "image_not_found", s.failure(t, "/v1/images/tool-alpha/web:latest?version=1.0.0", http.StatusNotFound).Code)
	cut := s.get(t, "/v1/images/debian?version=2.0.0-rc.1%2Bb&fields=state")
	require.JSONEq(t, `{"image": {"short_name": "trixie", "state": "stable"}, "messages": {"info": ["this is what version 2.0.0-rc.1+b says: registries were not asked"]}}`, string(cut.body))
	require.Equal(t, "bad_parameter", s.failure(t, "/v1/images/debian?version=", http.StatusBadRequest).Code)
}

func TestTheLegacyViewOfAnotherVersion(t *testing.T) {
	s := startShelf(t, followed)
	require.Contains(t, string(s.get(t, "/v1/image-config?version=1.0.0").body), "buster:")
	require.NotContains(t, string(s.get(t, "/v1/image-config").body), "buster:")
	json := s.get(t, "/v1/image-config?version=1.0.0", "Accept", "application/json")
	require.Contains(t, string(json.body), `"buster"`)
	require.Equal(t, "version_not_found", s.failure(t, "/v1/image-config?version=9", http.StatusNotFound).Code)
}

// None of the routes takes a registry that does not answer for one that has no
// such version, and what is in memory goes on to be answered.
func TestVersionsWhileTheRegistryMisbehaves(t *testing.T) {
	release := make(chan struct{})
	for name, c := range map[string]struct {
		hook   registrytest.Hook
		status int
		code   string
	}{
		"dead":   {refuseAll(http.StatusServiceUnavailable), http.StatusServiceUnavailable, "version_unavailable"},
		"denied": {refuseAll(http.StatusForbidden), http.StatusServiceUnavailable, "version_unavailable"},
		"busy":   {refuseAll(http.StatusTooManyRequests), http.StatusServiceUnavailable, "overloaded"},
		"slow": {func(_ http.ResponseWriter, r *http.Request, _ http.Handler) bool {
			select {
			case <-release:
			case <-r.Context().Done():
			}
			return true
		}, http.StatusServiceUnavailable, "version_unavailable"},
		"lying": {func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<html>Welcome</html>")
			return true
		}, http.StatusUnprocessableEntity, "version_unusable"},
		"other content": {func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
			if !strings.Contains(r.URL.Path, "/blobs/") {
				return false
			}
			fmt.Fprint(w, strings.Repeat("x", 600))
			return true
		}, http.StatusUnprocessableEntity, "version_unusable"},
	} {
		t.Run(name, func(t *testing.T) {
			s := startShelf(t, followed)
			s.get(t, "/v1/images?version=1.0.0")
			s.charts.Hook(c.hook)
			for _, path := range []string{"/v1/images?version=", "/v1/images/bookworm?version=", "/v1/image-config?version=", "/v1/catalog/diff?from="} {
				failure := s.failure(t, path+s.digests["2.0.0-rc.1+b"], c.status)
				require.Equal(t, c.code, failure.Code, "%s: %v", path, failure.Error)
				if c.status == http.StatusServiceUnavailable {
					require.NotEmpty(t, s.get(t, path+s.digests["2.0.0-rc.1+b"]).header.Get("Retry-After"))
				}
				require.Equal(t, http.StatusOK, s.get(t, path+"1.0.0").status, "it is in memory")
				require.Equal(t, http.StatusOK, s.get(t, path+"1.1.0").status, "it is served")
			}
			require.Equal(t, http.StatusOK, s.get(t, "/v1/catalog/versions").status)
			require.Equal(t, []string{"bookworm", "bullseye"}, namesOf(s.get(t, "/v1/images?type=standard")))
		})
	}
	close(release)
}

func TestAVersionThatIsNoCatalog(t *testing.T) {
	s := startShelf(t, followed)
	s.publish(t, "1.2.0", strings.Replace(versionOne, "state: stable", "state: stabel", 1))
	failure := s.failure(t, "/v1/images?version=1.2.0", http.StatusUnprocessableEntity)
	require.Equal(t, "version_unusable", failure.Code)
	require.Contains(t, failure.Error[0], `version "1.2.0" cannot be used: the catalog has 1 error: images.bookworm.state: `)
	require.Equal(t, "version_unusable", s.failure(t, "/v1/catalog/diff?from=1.2.0", http.StatusUnprocessableEntity).Code)
}

// Nobody makes us pull without bound.
func TestHowManyVersionsMayBeAskedFor(t *testing.T) {
	s := startShelf(t, followed)
	for i := range 12 {
		s.publish(t, fmt.Sprintf("3.0.%d", i), versionOne)
	}
	refused := 0
	for i := range 12 {
		a := s.get(t, fmt.Sprintf("/v1/images?version=3.0.%d", i))
		if a.status == http.StatusOK {
			continue
		}
		require.Equal(t, "overloaded", into[api.Error](a, http.StatusServiceUnavailable).Code)
		require.NotEmpty(t, a.header.Get("Retry-After"))
		refused++
	}
	require.Positive(t, refused)
	s.charts.Forget()
	for i := range 200 {
		require.Equal(t, "version_not_found", s.failure(t, fmt.Sprintf("/v1/images?version=4.0.%d", i), http.StatusNotFound).Code)
	}
	require.LessOrEqual(t, len(s.charts.Requests()), 30, "a list now and then, however many names are invented")
	require.Equal(t, http.StatusOK, s.get(t, "/v1/images?version=3.0.0").status)
}

// Where there never was a list, what is served is the list.
func TestVersionsOfARegistryThatNeverAnswered(t *testing.T) {
	for name, hook := range map[string]registrytest.Hook{
		"dead": refuseAll(http.StatusBadGateway), "denied": refuseAll(http.StatusUnauthorized), "busy": refuseAll(http.StatusTooManyRequests),
		"lying": func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<html>Welcome</html>")
			return true
		},
		"null": func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
			fmt.Fprint(w, `{"name": "toolforge/image-config", "tags": null}`)
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := startShelf(t, followed)
			s.charts.Hook(hook)
			a := s.versions(t, "")
			require.Equal(t, []string{"1.1.0"}, versionNames(a))
			require.Len(t, a.Messages.Warning, 1)
			require.Equal(t, "version_unavailable", codeOr(s.get(t, "/v1/images?version=1.0.0"), "overloaded"))
			require.Equal(t, http.StatusOK, s.get(t, "/v1/images?version=1.1.0").status)
		})
	}
}

// codeOr gives the code of an answer 503; one code counts as version_unavailable.
func codeOr(a answer, same string) string {
	a.t.Helper()
	code := into[api.Error](a, http.StatusServiceUnavailable).Code
	if code == same {
		return "version_unavailable"
	}
	return code
}

// stale is a view whose registry does not answer now.
type stale struct{ *resolver.Resolver }

func (v stale) Versions(ctx context.Context) (*history.List, error) {
	list, err := v.Resolver.Versions(ctx)
	return &history.List{Versions: list.Versions, Err: refused("charts.test")}, err
}

func TestVersionsAsTheRegistryLastAnswered(t *testing.T) {
	s := startShelf(t, followed)
	handlers, err := server.New(stale{s.resolver}, server.Options{})
	require.NoError(t, err)
	a := into[api.VersionsAnswer](listen(t, handlers.Data()).get(t, "/v1/catalog/versions"), http.StatusOK)
	require.Len(t, a.Versions, 3)
	require.Equal(t, []string{"oci://charts.test/toolforge/image-config cannot be asked now: the versions are as it last answered"}, a.Messages.Warning)
}

// Ten other versions are fetched a minute; who asks for more is told when to come back,
// and what was fetched is answered all the while.
func TestHowManyVersionsAreFetched(t *testing.T) {
	s := startShelf(t, followed)
	for n := range 12 {
		s.publish(t, fmt.Sprintf("3.0.%d", n), versionOne)
	}
	fetched, began := 0, time.Now()
	for n := range 12 {
		a := s.get(t, fmt.Sprintf("/v1/images?version=3.0.%d", n))
		if a.status == http.StatusOK {
			fetched++
		} else {
			require.Equal(t, "overloaded", into[api.Error](a, http.StatusServiceUnavailable).Code)
			after, err := strconv.Atoi(a.header.Get("Retry-After"))
			require.NoError(t, err)
			require.True(t, 1 <= after && after <= 7, "one more each 6 s: %d", after)
		}
	}
	require.GreaterOrEqual(t, fetched, 10)
	require.LessOrEqual(t, fetched, 10+int(time.Since(began)/(6*time.Second)))
	require.Equal(t, http.StatusOK, s.get(t, "/v1/images?version=3.0.0").status)
	require.Equal(t, http.StatusOK, s.get(t, "/v1/images?version=1.1.0").status, "the one that is served")
}
