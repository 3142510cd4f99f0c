package server_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// ticking starts a Harbor in which no two things happen at one moment.
func ticking(t *testing.T, images ...string) *harbortest.Server {
	t.Helper()
	var ticks atomic.Int64
	h := harbortest.Start(t, harbortest.StartOptions{Options: harbortest.Options{
		Now: func() time.Time { return noon.Add(time.Duration(ticks.Add(1)) * time.Millisecond) },
	}})
	for _, image := range images {
		pushUser(t, h, image)
	}
	return h
}

// startMarked is startPlatform where markers are read.
func startMarked(t *testing.T, s setup, images ...string) *platform {
	t.Helper()
	return platformOf(t, ticking(t, images...), s, true)
}

// platformOf serves what a Harbor holds, with markers or without.
func platformOf(t *testing.T, h *harbortest.Server, s setup, markers bool) *platform {
	t.Helper()
	account := h.AddRobot("bayplan", "for-tests-only", harbortest.ReaderPermissions()...)
	users := inventoryWith(t, h, account, inventory.Options{ProofEvery: 1, Markers: markers})
	if s.values == "" {
		s.values = toolSample
	}
	s.users = users
	return &platform{service: start(t, s), harbor: h, inventory: users}
}

// mark puts tags on an image ("tool-x/app:tag"), and lets a round find them.
func (p *platform) mark(t testing.TB, image string, tags ...string) {
	t.Helper()
	project, repository, tag := splitUser(t, image)
	for _, marker := range tags {
		require.NoError(t, p.harbor.Tag(project+"/"+repository, tag, marker))
	}
	p.round(t)
}

// one asks for one image that there is.
func (e *endpoint) one(t testing.TB, name string) api.Image {
	t.Helper()
	return into[api.ImageAnswer](e.get(t, "/v1/images/"+name), http.StatusOK).Image
}

// What an owner says of a repository is in the record of each of its images.
func TestOwnersSpeakForTheirRepository(t *testing.T) {
	p := startMarked(t, setup{}, "tool-c/web:v1", "tool-c/web:latest", "tool-c/cron:latest")
	other := p.one(t, "tool-c/cron:latest")
	plain := p.one(t, "tool-c/web:v1")
	require.Equal(t, api.Map[string]{"metadata": harborHost, "live": harborHost}, plain.Sources)

	p.mark(t, "tool-c/web:latest", "state-deprecated", "wstype-python", "resources-jdk", "aliases-front_-my__front")
	require.Equal(t, other, p.one(t, "tool-c/cron:latest"), "of no other")
	latest := p.one(t, "tool-c/web:latest")
	require.Equal(t, "deprecated", latest.State)
	require.Equal(t, "Image tool-c/web:latest is deprecated.", latest.Notice)
	require.Equal(t, api.List[string]{"tool-c/web:latest@" + latest.Digest, "tool-c/front", "tool-c/my_front"}, latest.Aliases)
	require.Equal(t, api.Map[api.Variant]{"webservice": {
		Image: latest.Image, Host: harborHost, Path: "tool-c/web", Tag: "latest", Digest: latest.Digest, Pinned: latest.Pinned,
		Exists: latest.Exists, Extra: api.Map[any]{"wstype": "python", "resources": "jdk"},
	}}, latest.Variants)
	require.Equal(t, api.Map[string]{
		"metadata": harborHost, "live": harborHost, "aliases": "markers", "state": "markers", "wstype": "markers", "resources": "markers",
	}, latest.Sources)

	old := p.one(t, "tool-c/web:v1")
	require.Equal(t, "deprecated", old.State)
	require.Len(t, old.Aliases, 1, "an alias leads to one image")
	require.NotContains(t, old.Sources, "aliases")
	require.Equal(t, "tool-c/web:v1", old.Variants["webservice"].Path+":"+old.Variants["webservice"].Tag)
}

// A marker is no image, nor is it among the tags of one.
func TestMarkersAreNoImages(t *testing.T) {
	p := startMarked(t, setup{}, "tool-c/web:latest")
	p.mark(t, "tool-c/web:latest", "state-beta", "aliases-front", "v2", "state-frozen", "aliases-a_b")
	ofC := []string{"tool-c/web:aliases-a_b", "tool-c/web:latest", "tool-c/web:state-frozen", "tool-c/web:v2"}
	require.Equal(t, ofC, p.names(t, "?type=buildservice"), "what does not parse is a tag like others")
	tags := p.images(t, "?fields=tags&name=tool-c/web:v2")[0].Tags
	require.Equal(t, api.List[string]{"aliases-a_b", "latest", "state-frozen", "v2"}, tags)
	into[api.Error](p.get(t, "/v1/images/tool-c/web:state-beta"), http.StatusNotFound)
}

// Every way to an image knows aliases and states of markers.
func TestFiltersSeeMarkers(t *testing.T) {
	p := startMarked(t, setup{}, "tool-b/app:latest", "tool-c/web:latest", "tool-c/web:v1")
	p.mark(t, "tool-c/web:latest", "state-beta", "aliases-old_.front")
	p.registries.mark("bookworm", "aliases-debian12")
	p.refresh(t)
	ofC := []string{"tool-c/web:latest", "tool-c/web:v1"}
	for query, wanted := range map[string][]string{
		"?state=beta":                          {"tool-c.x", "tool-c/web:latest", "tool-c/web:v1"},
		"?state=beta&type=buildservice":        ofC,
		"?state=stable&type=buildservice":      {"tool-b/app:latest"},
		"?name=tool-c/old/front":               {"tool-c/web:latest"},
		"?q=OLD/fro":                           {"tool-c/web:latest"},
		"?name=debian12&name=tool-c/old/front": {"bookworm", "tool-c/web:latest"},
		"?q=debian":                            {"bookworm"},
		"?name=front":                          {},
		"?name=old/front":                      {},
	} {
		require.Equal(t, wanted, p.names(t, query), query)
	}
	require.Equal(t, "tool-c/web:latest", p.one(t, "tool-c/old/front").ShortName)
	require.Equal(t, "bookworm", p.one(t, "debian12").ShortName)
	require.Equal(t, []string{"tool-c/web:latest"}, p.toolNames(t, "c", "?name=tool-c/old/front"))
	require.Equal(t, []string{"bookworm"}, p.toolNames(t, "b", "?name=debian12&name=tool-c/old/front"), "and a tool sees its own only")
}

// What markers say of a private tool's images is for that tool alone.
func TestMarkersOfAPrivateTool(t *testing.T) {
	p := startMarked(t, setup{}, "!tool-secret/vault:latest", "tool-other/app:latest")
	public := p.get(t, "/v1/images").header.Get("ETag")
	p.mark(t, "tool-secret/vault:latest", "state-beta", "aliases-hidden", "aliases-bookwurm")
	require.Equal(t, public, p.get(t, "/v1/images").header.Get("ETag"))
	for _, a := range p.publicAnswers(t, "tool-secret/hidden") {
		require.NotContains(t, string(a.body), "tool-secret/hidden@")
		require.NotContains(t, string(a.body), `"tool-secret`)
	}
	failure := into[api.Error](p.get(t, "/v1/images/tool-secret/hidden"), http.StatusNotFound)
	unknown := into[api.Error](p.get(t, "/v1/images/tool-nobody/hidden"), http.StatusNotFound)
	require.Equal(t, unknown.Suggestions, failure.Suggestions)
	require.Equal(t, unknown.Warning, failure.Warning)
	require.Empty(t, p.toolNames(t, "other", "?name=tool-secret/hidden"))
	require.Equal(t, []string{"tool-secret/vault:latest"}, p.toolNames(t, "secret", "?name=tool-secret/hidden&state=beta"))
}

// Replicas that learnt of markers in another order say the same, byte for byte.
func TestReplicasAgreeAboutMarkers(t *testing.T) {
	first := startMarked(t, setup{}, "tool-c/web:latest", "tool-c/cron:latest")
	first.mark(t, "tool-c/web:latest", "state-beta", "aliases-x", "aliases-z")
	first.mark(t, "tool-c/cron:latest", "aliases-x")
	first.mark(t, "tool-c/web:latest", "state-stable", "wstype-js")
	second := platformOf(t, first.harbor, setup{}, true)
	for _, path := range []string{"/v1/images", "/v1/tool/c/images", "/v1/images/tool-c/x", "/v1/images?state=stable"} {
		a := first.get(t, path, "X-Toolforge-Tool", "c")
		b := second.get(t, path, "X-Toolforge-Tool", "c")
		require.Equal(t, string(a.body), string(b.body), path)
		require.Equal(t, a.header.Get("ETag"), b.header.Get("ETag"))
	}
	require.Equal(t, "tool-c/cron:latest", first.one(t, "tool-c/x").ShortName, "the later push")
	require.Equal(t, "stable", first.one(t, "tool-c/z").State)
}

// Off, such tags are tags, and no byte is another.
func TestMarkersOff(t *testing.T) {
	h := ticking(t, "tool-c/web:latest", "!tool-d/app:v1")
	off, on := platformOf(t, h, setup{}, false), platformOf(t, h, setup{}, true)
	for _, path := range []string{"/v1/images", "/v1/images?fields=tags", "/v1/tool/d/images", "/v1/images/tool-c/web:latest"} {
		a, b := off.get(t, path, "X-Toolforge-Tool", "d"), on.get(t, path, "X-Toolforge-Tool", "d")
		require.Equal(t, a.body, b.body, "without markers it does not matter")
		require.Equal(t, a.header.Get("ETag"), b.header.Get("ETag"), path)
	}
	require.NoError(t, off.harbor.Tag("tool-c/web", "latest", "state-deprecated"))
	off.round(t)
	require.Equal(t, []string{"tool-c/web:latest", "tool-c/web:state-deprecated"}, off.names(t, "?type=buildservice"))
	require.Equal(t, "stable", off.one(t, "tool-c/web:latest").State)
}

// The catalog wins: markers of standard images complete it, and say so.
func TestStandardImagesWithMarkers(t *testing.T) {
	s := start(t, setup{values: toolSample})
	before := s.get(t, "/v1/images").header.Get("ETag")
	legacy := s.get(t, "/v1/image-config").header.Get("ETag")
	s.registries.mark("toolforge-web", "wstype-generic", "aliases-tf")
	s.registries.mark("tool-b", "state-stable", "aliases-older_-zz_-old")
	s.refresh(t)
	require.NotEqual(t, before, s.get(t, "/v1/images").header.Get("ETag"))
	require.Equal(t, legacy, s.get(t, "/v1/image-config").header.Get("ETag"), "it is what the catalog says")

	web := s.one(t, "tf")
	require.Equal(t, "toolforge", web.ShortName)
	require.Equal(t, api.Map[any]{"wstype": "generic"}, web.Variants["webservice"].Extra)
	require.Equal(t, api.Map[string]{"metadata": "chart", "live": "one.test", "aliases": "markers", "wstype": "markers"}, web.Sources)
	old := s.one(t, "older")
	require.Equal(t, "deprecated", old.State)
	require.Equal(t, api.List[string]{"old", "older"}, old.Aliases)
	require.Equal(t, api.Map[string]{"metadata": "chart", "live": "one.test", "aliases": "chart, markers"}, old.Sources)
	require.Equal(t, "zz", s.one(t, "zz").ShortName)
	near := into[api.Error](s.get(t, "/v1/images/oldr"), http.StatusNotFound)
	require.Contains(t, near.Suggestions, "tool-b")

	s.registries.mark("toolforge-web")
	s.registries.mark("tool-b")
	s.refresh(t)
	require.Equal(t, before, s.get(t, "/v1/images").header.Get("ETag"), "as if they had never been")
}

// Whoever put a marker sees it at once, if they ask for it.
func TestAMarkerShowsOnDemand(t *testing.T) {
	p := startMarked(t, setup{}, "tool-c/web:latest")
	require.NoError(t, p.harbor.Tag("tool-c/web", "latest", "aliases-front"))
	require.Empty(t, p.toolNames(t, "c", "?name=tool-c/front"))
	require.Equal(t, []string{"tool-c/web:latest"}, p.toolNames(t, "c", "?name=tool-c/front", "Cache-Control", "no-cache"))
}

// A marker is told as what it is: another record of the images in its repository.
func TestAMarkerIsAnEvent(t *testing.T) {
	p := startMarked(t, setup{}, "tool-c/web:latest", "tool-c/web:v1", "!tool-secret/vault:latest")
	anyone, secret := p.open(t, "/v1/events"), p.openTool(t, "secret")
	anyone.next()
	secret.next()
	p.mark(t, "tool-c/web:latest", "state-beta")
	require.Equal(t, []string{"changed tool-c/web:latest", "changed tool-c/web:v1"}, anyone.told(p.server.LastEvent("")))
	p.mark(t, "tool-c/web:latest", "aliases-front")
	event := anyone.next()
	require.Equal(t, "changed", event.Name)
	changed := dataOf[api.ImageEvent](t, event)
	require.Equal(t, p.one(t, "tool-c/front"), *changed.Image, "of the one that the alias leads to alone")
	require.Equal(t, anyone.last, p.server.LastEvent(""))

	p.mark(t, "tool-secret/vault:latest", "aliases-hidden")
	require.Equal(t, anyone.last, p.server.LastEvent(""))
	require.Equal(t, []string{"changed tool-secret/vault:latest"}, secret.told(p.server.LastEvent("tool-secret")))
}
