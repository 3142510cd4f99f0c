package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api/apitest"
)

// fleetRoutes are the routes whose answers depend on facts alone, by the tool that
// asks.
var fleetRoutes = map[string][]string{
	"": {
		"/v1/images", "/v1/images?type=standard", "/v1/images?tool=alpha&fields=tags,short_name", "/v1/images?limit=2", "/v1/images?version=0.0.28",
		"/v1/images/bookworm", "/v1/images/tool-alpha/alpha:latest", "/v1/image-config", "/v1/catalog/versions",
		"/v1/catalog/diff?from=0.0.28&to=0.0.28", "/v1/drift", "/openapi.json",
	},
	"gamma": {
		"/v1/tool/gamma/images", "/v1/tool/gamma/images?limit=2&sort=-short_name", "/v1/tool/gamma/images/resolve?name=tool-gamma/gamma",
		"/v1/tool/gamma/images/resolve?name=bookworm&name=tool-gamma/gamma:latest&name=nowhere&explain=true",
	},
}

// Equal facts are the same bytes and the same entity tag, whoever answers, on
// every route and in every coding; so what one replica gave is confirmed by the
// others, and by whichever the balancer asks.
func TestReplicasAnswerAlike(t *testing.T) {
	f := newFleet(t)
	b := balance(t, f)
	for tool, paths := range fleetRoutes {
		for _, path := range paths {
			for _, coding := range []string{"identity", "gzip", "zstd"} {
				what := path + " in " + coding
				headers := []string{"X-Toolforge-Tool", tool, "Accept-Encoding", coding}
				first := f.members[0].get(t, path, headers...)
				require.Equal(t, http.StatusOK, first.status, what)
				tag := first.header.Get("ETag")
				require.NotEmpty(t, tag, what)
				for n, m := range f.members {
					other := m.get(t, path, headers...)
					require.Equal(t, first.status, other.status, what)
					require.Equal(t, tag, other.header.Get("ETag"), what)
					require.Equal(t, first.header.Get("Content-Encoding"), other.header.Get("Content-Encoding"), what)
					require.Equal(t, first.body, other.body, what)
					confirmed := f.members[(n+1)%3].get(t, path, append(headers, "If-None-Match", tag)...)
					require.Equal(t, http.StatusNotModified, confirmed.status, what)
				}
				for range f.members {
					through := b.get(t, path, append(headers, "If-None-Match", tag)...)
					require.Equal(t, http.StatusNotModified, through.status, what)
				}
			}
		}
	}
	for _, path := range []string{"/v1/images/nowhere", "/v1/nowhere", "/v1/images?limit=x", "/v1/images/tool-gamma/gamma:latest"} {
		first := f.members[0].get(t, path)
		for _, m := range f.members {
			require.Equal(t, first.body, m.get(t, path).body)
		}
		require.Equal(t, first.body, b.get(t, path).body)
	}
	// What knows the clock says the same of the catalog.
	served := map[string]bool{}
	for range f.members {
		var answer api.CatalogAnswer
		require.NoError(t, json.Unmarshal([]byte(b.get(t, "/v1/catalog").body), &answer))
		served[answer.Catalog.Digest+answer.Catalog.Reference] = true
	}
	require.Len(t, served, 1)
}

var nextLink = regexp.MustCompile(`<([^>]+)>; rel="next"`)

// A reader who follows the links through the balancer has each page from another
// replica, while images come and go: what was there throughout is met once.
func TestCursorsHoldAcrossReplicas(t *testing.T) {
	f := newFleet(t)
	steady := map[string]bool{"bookworm": true, "pinned": true, "tool-alpha/alpha:latest": true, "tool-alpha/worker:latest": true}
	for n := range 20 {
		name := fmt.Sprintf("tool-alpha/steady-%02d", n)
		_, err := f.harbor.Push(name, "latest", harbortest.Profile{})
		require.NoError(t, err)
		steady[name+":latest"] = true
	}
	f.alike(t, "tool-alpha/steady-19:latest")
	b := balance(t, f)
	base, err := url.Parse(b.url + "/v1/images?limit=3")
	require.NoError(t, err)
	seen, asked := map[string]int{}, map[string]bool{}
	for at := base; at != nil; {
		a := b.get(t, strings.TrimPrefix(at.Path, prefix)+"?"+at.RawQuery)
		asked[a.header.Get(servedBy)] = true
		var page api.ImagesAnswer
		require.NoError(t, json.Unmarshal([]byte(a.body), &page))
		for _, image := range page.Images {
			seen[image.ShortName]++
		}
		_, err := f.harbor.Push("tool-alpha/passing-"+fmt.Sprint(rand.IntN(40)), "latest", harbortest.Profile{})
		require.NoError(t, err)
		link := nextLink.FindStringSubmatch(a.header.Get("Link"))
		if link == nil {
			break
		}
		at, err = at.Parse(link[1])
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(at.Path, prefix), "the link loses the gateway's prefix: %s", at)
	}
	require.Len(t, asked, 3, "all replicas were asked")
	for name, times := range seen {
		require.Equal(t, 1, times, name)
	}
	for name := range steady {
		require.Equal(t, 1, seen[name], name)
	}
}

// A reader of events who is moved to another replica is told at once to list
// anew, and with which entity tag: that list is the same as everybody's.
func TestEventsBeginAnewOnAnotherReplica(t *testing.T) {
	f := newFleet(t)
	b := balance(t, f)
	first := follow(t, b, "/v1/events", "")
	event, err := first.Next()
	require.NoError(t, err)
	require.Equal(t, "start", event.Name)
	_, err = f.harbor.Push("tool-alpha/news", "latest", harbortest.Profile{})
	require.NoError(t, err)
	event, err = first.Next()
	require.NoError(t, err)
	require.Equal(t, "added", event.Name)
	require.Contains(t, event.Data, "tool-alpha/news:latest")
	f.alike(t, "tool-alpha/news:latest")

	resumed, reset := 0, 0
	for range 2 * len(f.members) {
		stream := follow(t, b, "/v1/events", event.ID)
		if stream.by == first.by {
			// Nothing happened since: the next event is the next change.
			resumed++
			more := fmt.Sprintf("tool-alpha/more:%d", resumed)
			_, err := f.harbor.Push("tool-alpha/more", fmt.Sprint(resumed), harbortest.Profile{})
			require.NoError(t, err)
			event, err = stream.Next()
			require.NoError(t, err)
			require.Contains(t, event.Data, more)
			f.alike(t, more)
			continue
		}
		reset++
		told, err := stream.Next()
		require.NoError(t, err)
		require.Equal(t, "reset", told.Name)
		var now api.ListEvent
		require.NoError(t, json.Unmarshal([]byte(told.Data), &now))
		list := b.get(t, "/v1/images")
		require.Equal(t, now.ETag, list.header.Get("ETag"))
		require.Contains(t, list.body, "tool-alpha/news:latest")
	}
	require.NotZero(t, resumed)
	require.NotZero(t, reset)
}

// stream is an open stream of events.
type stream struct {
	*apitest.EventReader
	by string // which replica it comes from
}

// follow opens a stream through the balancer, behind an event if there is an id.
func follow(t *testing.T, b *balancer, path, id string) *stream {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+path, nil)
	require.NoError(t, err)
	if id != "" {
		request.Header.Set("Last-Event-ID", id)
	}
	response, err := b.client.Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { _ = response.Body.Close() }) // it has no end of its own
	require.Equal(t, http.StatusOK, response.StatusCode)
	return &stream{EventReader: apitest.NewEventReader(response.Body), by: response.Header.Get(servedBy)}
}

// A replica that is cut off from Harbor goes on with its last good answer, and
// says so in each; the others go on. A reader who meets both by turns is told
// which is which, and never an error.
func TestAReplicaCutOffSaysSo(t *testing.T) {
	f := newFleet(t)
	b := balance(t, f)
	lost := f.members[1]
	lost.wire.cut.Store(true)
	require.Eventually(t, func() bool {
		a, err := lost.ask("/v1/images?fields=short_name,stale")
		return err == nil && strings.Count(a.body, `"short_name"`) == strings.Count(a.body, `"stale":true`)
	}, patience, pollEvery)
	_, err := f.harbor.Push("tool-alpha/since", "latest", harbortest.Profile{})
	require.NoError(t, err)
	for _, m := range []*member{f.members[0], f.members[2]} {
		require.Eventually(t, func() bool {
			a, err := m.ask("/v1/images")
			return err == nil && strings.Contains(a.body, "tool-alpha/since:latest")
		}, patience, pollEvery)
	}

	tags := map[bool]map[string]bool{true: {}, false: {}}
	for range 9 { // two questions each, so that each replica answers either
		a := b.get(t, "/v1/images")
		require.Equal(t, http.StatusOK, a.status)
		var list api.ImagesAnswer
		require.NoError(t, json.Unmarshal([]byte(a.body), &list))
		stale := a.header.Get(servedBy) == lost.address
		tags[stale][a.header.Get("ETag")] = true
		require.Equal(t, stale, strings.Contains(strings.Join(list.Messages.Warning, "\n"), harborHost+" cannot be asked now"), a.body)
		require.Equal(t, !stale, strings.Contains(a.body, "tool-alpha/since:latest"))
		for _, image := range list.Images {
			require.Equal(t, stale, image.Stale, image.ShortName)
		}
		// Each is its own answer: none is confirmed in the other's place.
		confirmed := b.get(t, "/v1/images", "If-None-Match", a.header.Get("ETag"))
		require.Equal(t, stale == (confirmed.header.Get(servedBy) == lost.address), confirmed.status == http.StatusNotModified)
	}
	require.Len(t, tags[true], 1)
	require.Len(t, tags[false], 1, "the others answer alike")
	for range f.members {
		a := b.get(t, "/v1/tool/gamma/images", "X-Toolforge-Tool", "gamma", "Cache-Control", "no-cache")
		require.Equal(t, http.StatusOK, a.status)
		require.Contains(t, a.body, "tool-gamma/gamma:latest")
	}
	require.True(t, lost.ready(), "stale answers are better than none")
	var catalog api.CatalogAnswer
	require.NoError(t, json.Unmarshal([]byte(lost.get(t, "/v1/catalog").body), &catalog))
	statuses := map[string]string{}
	for _, source := range catalog.Catalog.Sources {
		statuses[source.Kind] = source.Status
	}
	require.Equal(t, "failing", statuses["users"])

	lost.wire.cut.Store(false)
	f.alike(t, "tool-alpha/since:latest")
}
