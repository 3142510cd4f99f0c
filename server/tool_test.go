package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// toolImages are of several tools; c is the one that tests look at.
var toolImages = []string{
	"tool-b/b:latest", "tool-c/web:latest", "tool-c/web:v2", "tool-c/web-2:latest", "tool-c/a/deep/one:latest",
	"tool-c-d/app:latest", "tool-a-char.sep-b/app:latest",
}

// ofC are those of tool c in the order of a list: byte by byte, so that web-2
// comes before web's tags.
var ofC = []string{"tool-c/a/deep/one:latest", "tool-c/web-2:latest", "tool-c/web:latest", "tool-c/web:v2"}

func sorted(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return all
}

func TestAToolsListIsTheStandardImagesAndItsOwn(t *testing.T) {
	p := startPlatform(t, setup{}, toolImages...)
	want := sorted(standardNames, ofC)
	require.Equal(t, want, p.toolNames(t, "c", ""))
	slices.Reverse(want)
	require.Equal(t, want, p.toolNames(t, "c", "?sort=-short_name"))
	require.Equal(t, sorted(standardNames, []string{"tool-b/b:latest"}), p.toolNames(t, "b", ""))
	require.Equal(t, sorted(standardNames, []string{"tool-a-char.sep-b/app:latest"}), p.toolNames(t, "a--b", ""), "its project has another name")
}

func TestARecordOfAUserBuiltImage(t *testing.T) {
	p := startPlatform(t, setup{})
	p.harbor.AddProject("tool-a-char.sep-b", harbortest.Public)
	digest, err := p.harbor.Push("tool-a-char.sep-b/web/app", "v1", harbortest.Profile{StackID: "heroku-20"})
	require.NoError(t, err)
	require.NoError(t, p.harbor.Tag("tool-a-char.sep-b/web/app", "v1", "latest"))
	p.round(t)
	short := "tool-a-char.sep-b/web/app:v1"
	info, _ := p.harbor.Repository("tool-a-char.sep-b/web/app")

	image := into[api.ImagesAnswer](p.toolList(t, "a--b", "?name="+short), http.StatusOK).Images[0]
	yes := true
	require.Positive(t, image.SizeBytes)
	image.SizeBytes = 0
	require.Equal(t, api.Image{
		ShortName: short, Type: "buildservice", Tool: "a--b", State: "stable", Aliases: api.List[string]{short + "@" + digest},
		Host: harborHost, Path: "tool-a-char.sep-b/web/app", Tag: "v1", Image: harborHost + "/" + short,
		Digest: digest, Pinned: harborHost + "/" + short + "@" + digest, Exists: &yes, Variants: api.Map[api.Variant]{},
		PushedAt: info.Artifacts[0].Pushed.UTC().Truncate(1e6), Platforms: []string{"linux/amd64"},
		Stack:   &api.Stack{Name: "heroku-20", State: "deprecated", ReplacedBy: "heroku-24"},
		Notice:  image.Notice,
		Sources: api.Map[string]{"metadata": harborHost, "live": harborHost},
	}, image)
	require.Contains(t, image.Notice, "heroku-24")

	for _, name := range []string{short, short + "@" + digest} {
		one := into[api.ImageAnswer](p.get(t, "/v1/images/"+name), http.StatusOK)
		one.Image.SizeBytes = 0
		require.Equal(t, image, one.Image, "the same everywhere")
	}
	tags := into[api.ImagesAnswer](p.toolList(t, "a--b", "?fields=tags&type=buildservice"), http.StatusOK).Images
	require.Equal(t, []string{"latest", "v1"}, []string(tags[0].Tags), "those on the same digest")
}

func TestAToolThatBuiltNothingGetsTheStandardImages(t *testing.T) {
	p := startPlatform(t, setup{}, toolImages...)
	for _, tool := range []string{"nobody", "d", "x", "c-d-e"} {
		a := p.toolList(t, tool, "")
		require.Equal(t, standardNames, namesOf(a))
		require.Empty(t, into[api.ImagesAnswer](a, http.StatusOK).Messages)
		require.Equal(t, standardNames, p.toolNames(t, tool, "", "Cache-Control", "no-cache"))
	}
	empty := start(t, setup{values: toolSample})
	require.Equal(t, standardNames, empty.toolNames(t, "c", "", "Cache-Control", "no-cache"), "a platform where nobody builds")
}

// What is no tool's name is refused and never comes to Harbor.
func TestBadToolNames(t *testing.T) {
	p := startPlatform(t, setup{})
	p.harbor.ResetRequests()
	for _, tool := range []string{"A", "1a", "a.b", "a-", "-a", "a%20b", "..", "%2e%2e", "a%00", "tool%0Ax", "ä", strings.Repeat("a", 300), "a_"} {
		request, err := http.NewRequest(http.MethodGet, p.url+"/v1/tool/"+tool+"/images", nil)
		require.NoError(t, err)
		name, _ := strings.CutPrefix(strings.TrimSuffix(request.URL.Path, "/images"), "/v1/tool/")
		request.Header["X-Toolforge-Tool"] = []string{name}
		request.Header.Set("Cache-Control", "no-cache")
		if strings.ContainsAny(name, "\x00\n") { // no header can say that
			request.Header["X-Toolforge-Tool"] = []string{"a"}
			require.Equal(t, "forbidden", into[api.Error](p.send(t, request), http.StatusForbidden).Code)
			continue
		}
		failure := into[api.Error](p.send(t, request), http.StatusBadRequest)
		require.Equal(t, "bad_parameter", failure.Code)
		require.Contains(t, failure.Error[0], "is no tool's name")
	}
	require.Zero(t, p.harbor.Count())
}

func TestFiltersOfAToolsList(t *testing.T) {
	p := startPlatform(t, setup{}, toolImages...)
	for query, want := range map[string][]string{
		"?type=buildservice":                   ofC,
		"?type=standard":                       standardNames,
		"?type=standard&type=buildservice":     sorted(standardNames, ofC),
		"?type=other":                          {},
		"?state=deprecated":                    {"tool-b"},
		"?state=beta&state=deprecated":         {"tool-b", "tool-c.x"},
		"?state=stable&type=buildservice":      ofC,
		"?stack_state=stable":                  ofC,
		"?stack_state=deprecated":              {},
		"?variant=webservice":                  {"toolforge"},
		"?tool=c":                              ofC,
		"?tool=b":                              {},
		"?tool=b&tool=c":                       ofC,
		"?name=tool-c/web:v2":                  {"tool-c/web:v2"},
		"?name=tool-b/b:latest":                {},
		"?name=old&name=tool-c/web:v2":         {"tool-b", "tool-c/web:v2"},
		"?q=WEB":                               {"tool-c/web-2:latest", "tool-c/web:latest", "tool-c/web:v2"},
		"?q=web-2&q=bookworm":                  {"bookworm", "tool-c/web-2:latest"},
		"?exists=true":                         sorted(standardNames, ofC),
		"?exists=false":                        {},
		"?exists=unknown&exists=false":         {},
		"?limit=2&sort=-short_name":            {"zz", "toolforge"},
		"?fields=short_name&type=buildservice": ofC,
	} {
		require.Equal(t, want, p.toolNames(t, "c", query), query)
	}
	for query, code := range map[string]string{
		"?stat=x": "did you mean", "?limit=0": "limit", "?cursor=YQ": "goes together with limit", "?exists=perhaps": "perhaps", "?tool=": "tool has no value",
	} {
		failure := into[api.Error](p.toolList(t, "c", query, "Cache-Control", "no-cache"), http.StatusBadRequest)
		require.Contains(t, failure.Error[0], code)
	}
}

func TestAToolsListIsForThatToolAlone(t *testing.T) {
	p := startPlatform(t, setup{}, toolImages...)
	plain := p.toolList(t, "c", "")
	require.Equal(t, "private, no-cache", plain.header.Get("Cache-Control"))
	require.Equal(t, "Accept-Encoding, X-Toolforge-Tool", plain.header.Get("Vary"))
	tags := map[string]bool{}
	for _, coding := range []string{"identity", "gzip", "zstd"} {
		a := p.toolList(t, "c", "", "Accept-Encoding", coding)
		require.Equal(t, plain.body, unpack(t, coding, a.body))
		tags[a.header.Get("ETag")] = true
		again := p.toolList(t, "c", "", "Accept-Encoding", coding, "If-None-Match", "W/"+a.header.Get("ETag"))
		require.Equal(t, http.StatusNotModified, again.status)
		require.Equal(t, "private, no-cache", again.header.Get("Cache-Control"))
		require.Equal(t, "Accept-Encoding, X-Toolforge-Tool", again.header.Get("Vary"))
		head := p.ask(t, http.MethodHead, "/v1/tool/c/images", "X-Toolforge-Tool", "c", "Accept-Encoding", coding)
		require.Equal(t, a.header.Get("ETag"), head.header.Get("ETag"))
		require.Equal(t, a.header.Get("Content-Length"), head.header.Get("Content-Length"))
		require.Equal(t, a.header.Get("Content-Encoding"), head.header.Get("Content-Encoding"))
	}
	require.Len(t, tags, 3, "one for each coding")
	filtered := p.toolList(t, "c", "?tool=c")
	require.Equal(t, "private, no-cache", filtered.header.Get("Cache-Control"))
	require.Equal(t, "Accept-Encoding, X-Toolforge-Tool", filtered.header.Get("Vary"))
	refused := p.get(t, "/v1/tool/c/images")
	require.Equal(t, "no-store", refused.header.Get("Cache-Control"))
}

// A pull and a round that finds nothing change no byte; a push changes the
// list of its tool and no other's.
func TestAToolsListChangesWithItsOwnImagesAlone(t *testing.T) {
	p := startPlatform(t, setup{}, toolImages...)
	tag := func(tool string) string { return p.toolList(t, tool, "").header.Get("ETag") }
	before, other := tag("c"), tag("b")
	require.NoError(t, p.harbor.Pull("tool-c/web", "latest", 3))
	p.harbor.FlushPulls()
	p.round(t)
	require.Equal(t, before, tag("c"))

	pushUser(t, p.harbor, "tool-b/new:latest")
	p.round(t)
	require.Equal(t, before, tag("c"))
	require.NotEqual(t, other, tag("b"))
	require.Equal(t, http.StatusNotModified, p.toolList(t, "c", "", "If-None-Match", before).status)

	digest := pushUser(t, p.harbor, "tool-c/web:latest")
	p.harbor.DeleteTag("tool-c/web", "v2")
	p.round(t)
	require.NotEqual(t, before, tag("c"))
	list := into[api.ImagesAnswer](p.toolList(t, "c", "?name=tool-c/web:latest&name=tool-c/web:v2"), http.StatusOK).Images
	require.Len(t, list, 1)
	require.Equal(t, digest, list[0].Digest)
}

// Two replicas that know the same say the same, byte for byte.
func TestReplicasGiveTheSameTags(t *testing.T) {
	h, one := startHarbor(t, harbortest.StartOptions{})
	for _, image := range toolImages {
		pushUser(t, h, image)
	}
	first := &platform{service: start(t, setup{values: toolSample, users: one}), harbor: h}
	pushUser(t, h, "tool-x/late:latest")
	first.round(t)
	second := start(t, setup{values: toolSample, users: inventoryOf(t, h)})
	for _, path := range []string{"/v1/images", "/v1/images?tool=c", "/v1/tool/c/images", "/v1/tool/none/images", "/v1/images/tool-c/web:v2"} {
		for _, coding := range []string{"identity", "gzip", "zstd"} {
			tool := "c"
			if strings.Contains(path, "none") {
				tool = "none"
			}
			a := first.get(t, path, "X-Toolforge-Tool", tool, "Accept-Encoding", coding)
			b := second.get(t, path, "X-Toolforge-Tool", tool, "Accept-Encoding", coding)
			require.Equal(t, a.body, b.body, path)
			require.Equal(t, a.header.Get("ETag"), b.header.Get("ETag"))
		}
	}
}
