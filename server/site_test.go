package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// everyPage is one path for each kind of page that a service of toolSample has.
var everyPage = []string{"/", "/?q=o", "/images/bookworm", "/images/tool/x", "/images/tool-a/app:latest", "/images/old", "/tools", "/tools?name=%21", "/tools/a", "/drift"}

// clockPage knows the clock, and has no entity tag.
const clockPage = "/catalog"

func TestEveryPageIsServed(t *testing.T) {
	p := startPlatform(t, setup{}, "tool-a/app:latest")
	for _, path := range everyPage {
		page := p.page(t, path, http.StatusOK)
		require.Equal(t, "no-cache", page.header.Get("Cache-Control"), path)
		require.Equal(t, "Accept-Encoding", page.header.Get("Vary"), path)

		tag := page.header.Get("ETag")
		require.Regexp(t, `^"[0-9a-f]{32}"$`, tag)
		for coding, suffix := range map[string]string{"gzip": "-gzip", "zstd": "-zstd"} {
			a := rawAsk(t, p.endpoint, http.MethodGet, path, "Accept-Encoding", coding)
			require.Equal(t, coding, a.header.Get("Content-Encoding"), path)
			require.Equal(t, strings.TrimSuffix(tag, `"`)+suffix+`"`, a.header.Get("ETag"))
			require.Less(t, len(a.body), len(page.body)*2/3)
			require.Equal(t, http.StatusNotModified, rawAsk(t, p.endpoint, http.MethodGet, path, "Accept-Encoding", coding, "If-None-Match", a.header.Get("ETag")).status)
		}
		head := rawAsk(t, p.endpoint, http.MethodHead, path)
		require.Equal(t, http.StatusOK, head.status)
		require.Empty(t, head.body)
		require.Equal(t, tag, head.header.Get("ETag"))

		for _, method := range []string{http.MethodPost, http.MethodDelete, http.MethodOptions} {
			a := rawAsk(t, p.endpoint, method, path)
			require.Equal(t, "GET, HEAD", a.header.Get("Allow"))
			require.Equal(t, "method_not_allowed", into[api.Error](a, http.StatusMethodNotAllowed).Code)
		}
	}
}

// rawAsk asks without the document, which does not know pages.
func rawAsk(t testing.TB, e *endpoint, method, path string, headers ...string) answer {
	t.Helper()
	request, err := http.NewRequest(method, e.url+path, nil)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	response, err := e.client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return answer{t: t, status: response.StatusCode, header: response.Header, body: body}
}

// All that a page refers to is there, under any prefix that a gateway puts before
// it and takes away again, and may be kept for ever.
func TestPagesWorkUnderAPrefix(t *testing.T) {
	p := startPlatform(t, setup{}, "tool-a/app:latest")
	backend, err := url.Parse(p.url)
	require.NoError(t, err)
	gateway := httptest.NewServer(http.StripPrefix("/builds", httputil.NewSingleHostReverseProxy(backend)))
	t.Cleanup(gateway.Close)
	e := &endpoint{url: gateway.URL, client: bareClient(t)}
	for _, path := range append(everyPage, clockPage, clockPage+"?from=1.2.3") {
		page := e.page(t, "/builds"+path, http.StatusOK)
		page.Find("a[href]:not(.external), link[href], script[src], form[action]").Each(func(_ int, s *goquery.Selection) {
			to, err := page.Url.Parse(s.AttrOr("href", "") + s.AttrOr("src", "") + s.AttrOr("action", ""))
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(to.Path, "/builds/"), "%s on %s leaves the prefix", to, path)
			a := rawAsk(t, e, http.MethodGet, to.RequestURI())
			require.Equal(t, http.StatusOK, a.status, "%s on %s", to, path)
			if strings.Contains(to.Path, "/assets/") {
				require.Equal(t, "public, max-age=31536000, immutable", a.header.Get("Cache-Control"))
				require.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"))
			}
		})
	}
}

// While one version of the program takes the place of another, the pages of one
// may get the assets of the other: better than none, and never kept.
func TestAssetsOfAnotherVersion(t *testing.T) {
	s := start(t, setup{values: sample})
	for path, contentType := range map[string]string{
		"/assets/style.000000000000.css": "text/css; charset=utf-8", "/assets/page.000000000000.js": "text/javascript; charset=utf-8",
	} {
		a := rawAsk(t, s.endpoint, http.MethodGet, path)
		require.Equal(t, http.StatusOK, a.status)
		require.Equal(t, contentType, a.header.Get("Content-Type"))
		require.Equal(t, "no-cache", a.header.Get("Cache-Control"))
	}
	for _, path := range []string{"/assets/style.css", "/assets/nope.000000000000.css", "/assets/", "/assets/..", "/assets/style.0.0.css", "/assets"} {
		require.Equal(t, http.StatusNotFound, s.get(t, path).status, path)
	}
}

// Who looks gets a page, programs get JSON, and below /v1/ all do.
func TestWhatIsNotThereIsAPageForBrowsers(t *testing.T) {
	s := start(t, setup{values: sample})
	p := s.page(t, "/nowhere/<b>at all", http.StatusNotFound)
	require.Contains(t, p.text(), "Nothing is at /nowhere/<b>at all.")
	require.Equal(t, "no-store", p.header.Get("Cache-Control"))
	require.Equal(t, "../", p.Find("html").AttrOr("data-root", ""))
	a := s.get(t, "/v1/nowhere", "Accept", "text/html")
	require.Equal(t, "route_not_found", into[api.Error](a, http.StatusNotFound).Code)
	operations := listen(t, s.server.Operations())
	require.Equal(t, "application/json", rawAsk(t, operations, http.MethodGet, "/", "Accept", "text/html").header.Get("Content-Type"))
}

func TestPagesBeforeTheFirstSnapshot(t *testing.T) {
	s := start(t, setup{values: sample, cold: true})
	for _, path := range append(everyPage, clockPage) {
		p := s.page(t, path, http.StatusServiceUnavailable)
		require.Equal(t, "2", p.header.Get("Retry-After"))
		require.Equal(t, "no-store", p.header.Get("Cache-Control"))
		require.Empty(t, p.header.Get("ETag"))
		require.Contains(t, p.text(), "There is nothing to show yet: the catalog is being fetched.")
		require.Equal(t, "2", p.Find("[data-retry]").AttrOr("data-retry", ""))
	}
}

// A source that does not answer is named with since when and why, and the rest
// is served. The entity tag tells the two apart, and comes back with the source.
func TestPagesWarnOfStaleSources(t *testing.T) {
	s := start(t, setup{values: sample})
	good := s.page(t, "/", http.StatusOK)
	require.Zero(t, good.Find(".banner").Length())

	s.registries.fail("one.test", refused("one.test"))
	s.refresh(t)
	p := s.page(t, "/", http.StatusOK)
	require.Equal(t, "one.test (standard images) does not answer. What you see of it is from its last good answer, 2026-08-01 12:00 UTC.", spaced(p.Find(".banner li")))
	require.NotEqual(t, good.header.Get("ETag"), p.header.Get("ETag"))
	require.Equal(t, p.header.Get("ETag"), s.page(t, "/", http.StatusOK).header.Get("ETag"))

	s.registries.fail("one.test", nil)
	s.refresh(t)
	require.Equal(t, good.header.Get("ETag"), s.page(t, "/", http.StatusOK).header.Get("ETag"))
}

// With Harbor down the images of tools are shown as it last said, and that is said.
func TestPagesWhileHarborIsDown(t *testing.T) {
	p := startPlatform(t, setup{}, "tool-a/app:latest")
	before := map[string]string{}
	for _, path := range everyPage {
		before[path] = p.page(t, path, http.StatusOK).text()
	}
	p.harbor.Fault(harbortest.Any, harbortest.Status(http.StatusInternalServerError))
	_ = p.resolver.RefreshUsers(t.Context()) // it fails
	for _, path := range everyPage {
		now := p.page(t, path, http.StatusOK)
		require.Contains(t, now.Find(".banner").Text(), harborHost+" (images that tools built) does not answer.", path)
		require.Contains(t, now.Find(".banner").Text(), "What you see of it is from its last good answer", path)
	}
	require.Contains(t, p.page(t, "/", http.StatusOK).rows("built")[0], "stale")
	require.Contains(t, p.page(t, "/", http.StatusOK).text(), "Not every source answers: see above.")
	require.NotContains(t, before["/"], "Not every source answers")
}

// A catalog that is not taken is named, with the reason; the one before stays.
func TestPagesWarnOfARefusedCatalog(t *testing.T) {
	s := start(t, setup{values: sample})
	s.write(t, "values.yaml", strings.Replace(sample, "state: stable", "state: 3", 1))
	s.write(t, "Chart.yaml", "apiVersion: v2\nname: image-config\nversion: 1.2.4\n")
	_ = s.resolver.Refresh(t.Context())
	p := s.page(t, "/", http.StatusOK)
	require.Contains(t, spaced(p.Find(".banner li")), "A newer catalog was not taken: the catalog has 1 error: images.bookworm.state: ")
	require.Contains(t, p.text(), "Catalog 1.2.3.")
}
