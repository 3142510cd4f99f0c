package images_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/docs/examples/builds-api/internal/gen"
)

// TestAgainstBayplan asks one server, through builds-api, all that tools ask.
func TestAgainstBayplan(t *testing.T) {
	bayplan := startFake(t)
	api := buildsAPI(t, bayplan.url, 0)
	wikibugs := gateway(t, api, "wikibugs")
	list := wikibugs + "/v1/tool/wikibugs/images"

	t.Run("the list is Bayplan's, byte for byte", func(t *testing.T) {
		direct := get(t, bayplan.url+"/v1/tool/wikibugs/images", "X-Toolforge-Tool", "wikibugs")
		through := get(t, list)
		require.NoError(t, through.err)
		require.Equal(t, string(direct.body), string(through.body))
		for _, name := range []string{"Etag", "Content-Type", "Cache-Control", "Vary"} {
			require.NotEmpty(t, through.header.Get(name), name)
			require.Equal(t, direct.header.Get(name), through.header.Get(name), name)
		}
		images := into[gen.ImagesAnswer](t, through, http.StatusOK).Images
		require.Greater(t, len(images), 2)
		require.Equal(t, "bookworm", images[0].ShortName)
		again := get(t, list, "If-None-Match", through.header.Get("Etag"))
		require.Equal(t, http.StatusNotModified, again.status)
		require.Empty(t, again.body)
		require.Equal(t, "gzip", get(t, list, "Accept-Encoding", "gzip").header.Get("Content-Encoding"))
	})

	t.Run("filters and pages work below the prefix", func(t *testing.T) {
		page := get(t, list+"?type=buildservice&limit=1&fields=state")
		require.Len(t, into[gen.ImagesAnswer](t, page, http.StatusOK).Images, 1)
		here, err := url.Parse(list)
		require.NoError(t, err)
		link := page.header.Get("Link")
		next, err := here.Parse(link[1 : len(link)-len(`>; rel="next"`)])
		require.NoError(t, err)
		require.Equal(t, "/builds/v1/tool/wikibugs/images", next.Path)
		require.Len(t, into[gen.ImagesAnswer](t, get(t, next.String()), http.StatusOK).Images, 1)
	})

	t.Run("one spelling", func(t *testing.T) {
		one := into[gen.ResolveAnswer](t, get(t, list+"/resolve?name=tool-wikibugs/wikibugs"), http.StatusOK)
		require.Equal(t, "tool-wikibugs/wikibugs:latest", one.Match.ShortName)
		require.Equal(t, "latest", one.Match.Rule)
	})

	t.Run("many spellings", func(t *testing.T) {
		many := into[gen.ResolutionsAnswer](t, get(t, list+"/resolve?name=tf-python39&name=nobody"), http.StatusOK)
		require.Equal(t, []int{200, 404}, []int{many.Results[0].Status, many.Results[1].Status})
	})

	t.Run("what is not there", func(t *testing.T) {
		missing := into[gen.Error](t, get(t, list+"/resolve?name=bokworm"), http.StatusNotFound)
		require.Equal(t, "image_not_found", missing.Code)
		require.Contains(t, *missing.Suggestions, "bookworm")
		require.NotEmpty(t, *missing.Error, "the messages object itself")
	})

	t.Run("private images are for their own tool", func(t *testing.T) {
		require.NotContains(t, string(get(t, list).body), "tool-secret")
		secret := gateway(t, api, "secret")
		require.Contains(t, string(get(t, secret+"/v1/tool/secret/images").body), "tool-secret/secret:latest")
	})

	t.Run("the middleware refuses what its document does not have", func(t *testing.T) {
		for address, status := range map[string]int{
			list + "?limit=0":                               http.StatusBadRequest,
			list + "?exists=perhaps":                        http.StatusBadRequest,
			list + "/resolve":                               http.StatusBadRequest,
			wikibugs + "/v1/images":                         http.StatusNotFound,
			wikibugs + "/v1/catalog":                        http.StatusNotFound,
			wikibugs + "/v1/tool/wikibugs/images/../events": http.StatusNotFound,
		} {
			a := get(t, address)
			require.Equal(t, status, a.status, address)
			require.Contains(t, string(a.body), `"message"`, "echo's own form")
		}
		unknown := into[gen.Error](t, get(t, list+"?stat=stable"), http.StatusBadRequest)
		require.Contains(t, (*unknown.Error)[0], `did you mean "state"?`, "Bayplan's word is handed on")
	})

	t.Run("Harbor's outages are not builds-api's", func(t *testing.T) {
		before := into[gen.ImagesAnswer](t, get(t, list), http.StatusOK)
		defer bayplan.faults()
		bayplan.faults("harbor=down")
		images := into[gen.ImagesAnswer](t, get(t, list), http.StatusOK)
		require.Len(t, images.Images, len(before.Images))
		require.NotEmpty(t, *images.Messages.Warning)
	})

	t.Run("an outage of Bayplan", func(t *testing.T) { outages(t, bayplan) })
}

// outages lets Bayplan fail in every way. The answer is builds-api's messages
// object, and never that there is no image.
func outages(t *testing.T, bayplan *fake) {
	defer bayplan.faults()
	patient := gateway(t, buildsAPI(t, bayplan.url, 0), "wikibugs") + "/v1/tool/wikibugs/images"
	hasty := gateway(t, buildsAPI(t, bayplan.url, 50*time.Millisecond), "wikibugs") + "/v1/tool/wikibugs/images"
	for _, what := range []string{"reset", "500", "502", "html", "html:404", "401", "403", "429", "redirect:http://127.0.0.1:1/"} {
		bayplan.faults("images="+what, "resolve="+what)
		for _, address := range []string{patient, patient + "/resolve?name=bookworm"} {
			a := get(t, address)
			failure := into[gen.Messages](t, a, http.StatusServiceUnavailable)
			require.NotEmpty(t, *failure.Error, what)
			require.NotContains(t, string(a.body), "127.0.0.1", "nothing of where Bayplan is")
			require.Equal(t, "2", a.header.Get("Retry-After"), what)
			require.Equal(t, "no-store", a.header.Get("Cache-Control"), what)
		}
	}
	bayplan.faults("images=503:7")
	own := get(t, patient)
	require.Equal(t, "not_ready", into[gen.Error](t, own, http.StatusServiceUnavailable).Code, "Bayplan's own word is handed on")
	require.Equal(t, "7", own.header.Get("Retry-After"))
	bayplan.faults("images=stall")
	require.NotEmpty(t, *into[gen.Messages](t, get(t, hasty), http.StatusServiceUnavailable).Error)
	for _, what := range []string{"cut", "endless"} {
		bayplan.faults("images=" + what)
		require.Error(t, get(t, patient).err, "%s: half a list is no list", what)
	}
}

// Who asks is who the gateway says, whatever a client sends.
func TestWhoAsks(t *testing.T) {
	var seen []*http.Request
	bayplan := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Set-Cookie", "a=b")
		w.Header().Set("Server", "somebody")
		_, _ = w.Write([]byte(`{"images":[],"messages":{}}`))
	}))
	t.Cleanup(bayplan.Close)
	api := buildsAPI(t, bayplan.URL+"/below", 0)
	front := gateway(t, api, "wikibugs")
	a := get(t, front+"/v1/tool/wikibugs/images?state=stable&state=beta", "X-Toolforge-Tool", "secret", "X-Toolforge-Tool", "other",
		"Cookie", "c=d", "Authorization", "Basic eDp5", "X-Forwarded-For", "1.2.3.4", "Cache-Control", "no-cache")
	require.Equal(t, http.StatusOK, a.status)
	require.Empty(t, a.header.Get("Set-Cookie"))
	require.Empty(t, a.header.Get("Server"))
	require.Len(t, seen, 1)
	require.Equal(t, "/below/v1/tool/wikibugs/images?state=stable&state=beta", seen[0].URL.RequestURI())
	require.Equal(t, []string{"wikibugs"}, seen[0].Header.Values("X-Toolforge-Tool"))
	require.Equal(t, "no-cache", seen[0].Header.Get("Cache-Control"))
	for _, name := range []string{"Cookie", "Authorization", "X-Forwarded-For"} {
		require.Empty(t, seen[0].Header.Get(name), name)
	}

	require.Equal(t, http.StatusForbidden, get(t, front+"/v1/tool/secret/images").status)
	alone := httptest.NewServer(api)
	t.Cleanup(alone.Close)
	for status, headers := range map[int][]string{
		http.StatusUnauthorized: {},
		http.StatusBadRequest:   {"X-Toolforge-Tool", "wikibugs", "X-Toolforge-Tool", "secret"},
	} {
		a := get(t, alone.URL+"/v1/tool/wikibugs/images", headers...)
		require.Equal(t, status, a.status)
		require.Contains(t, string(a.body), `"message"`)
	}
	require.Len(t, seen, 1, "nobody else came through")
}

// A tool's name is a name, and never another path of Bayplan's.
func TestNamesAreNoPaths(t *testing.T) {
	asked := ""
	bayplan := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.EscapedPath()
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"images":[],"messages":{}}`))
	}))
	t.Cleanup(bayplan.Close)
	front := gateway(t, buildsAPI(t, bayplan.URL, 0), "a/../../catalog?x#")
	require.Equal(t, http.StatusOK, get(t, front+"/v1/tool/"+url.PathEscape("a/../../catalog?x#")+"/images").status)
	require.Equal(t, "/v1/tool/a%2F..%2F..%2Fcatalog%3Fx%23/images", asked)
}
