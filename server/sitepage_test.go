package server_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/web"
)

// page is an answer for a browser, already held against what every page promises.
type page struct {
	*goquery.Document
	t      testing.TB
	header http.Header
	body   []byte
}

// page asks for a page as a browser does.
func (e *endpoint) page(t testing.TB, path string, status int, headers ...string) *page {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, e.url+path, nil)
	require.NoError(t, err)
	request.Header.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := e.client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, status, response.StatusCode, "%s: %s", path, body)
	p := &page{t: t, header: response.Header, body: body}
	p.checkHeaders()
	p.Document, err = goquery.NewDocumentFromReader(bytes.NewReader(body))
	require.NoError(t, err)
	p.Url = response.Request.URL
	p.check()
	return p
}

func (p *page) checkHeaders() {
	p.t.Helper()
	for name, value := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": web.Policy, "X-Content-Type-Options": "nosniff",
		"Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
	} {
		require.Equal(p.t, value, p.header.Get(name), name)
	}
	require.Empty(p.t, p.header.Get("Set-Cookie"))
	require.Empty(p.t, p.header.Get("Location"))
}

var scheme = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*:`)

// check is what can be said of every page without a browser: it is whole, it can
// be read aloud and walked by headings, and it leads nowhere but to itself and
// what the catalog links to.
func (p *page) check() {
	p.t.Helper()
	t := p.t
	require.True(t, bytes.HasPrefix(p.body, []byte("<!doctype html>\n")), "%.60s", p.body)
	require.True(t, bytes.HasSuffix(p.body, []byte("</body>\n</html>\n")))
	require.NotContains(t, string(p.body), "ZgotmplZ", "a value was not fit for its place")
	require.NotContains(t, string(p.body), "<no value>")
	require.Equal(t, "en", p.Find("html").AttrOr("lang", ""))
	require.NotEmpty(t, strings.TrimSpace(strings.TrimSuffix(p.Find("title").Text(), "– Bayplan")))
	for _, landmark := range []string{"header.top", "nav", "main#main", "footer", "h1", "a.skip[href='#main']"} {
		require.Equal(t, 1, p.Find("body "+landmark).Length(), landmark)
	}
	require.Equal(t, 1, p.Find("main h1").Length(), "the page's own heading is in its main part")
	require.True(t, p.Find("body > a").First().HasClass("skip"), "the first thing to focus skips the rest")

	seen := map[string]bool{}
	p.Find("[id]").Each(func(_ int, s *goquery.Selection) {
		id := s.AttrOr("id", "")
		require.False(t, seen[id], "two elements have the id %q", id)
		seen[id] = true
	})
	for _, attribute := range []string{"aria-labelledby", "aria-describedby", "for", "data-copy", "aria-controls"} {
		p.Find("[" + attribute + "]").Each(func(_ int, s *goquery.Selection) {
			for _, id := range strings.Fields(s.AttrOr(attribute, "")) {
				require.True(t, seen[id], "%s names %q, which is not there", attribute, id)
			}
		})
	}
	level := 1
	p.Find("main").Find("h1, h2, h3, h4, h5, h6").Each(func(_ int, s *goquery.Selection) {
		next := int(goquery.NodeName(s)[1] - '0')
		require.LessOrEqual(t, next, level+1, "heading %q skips a level", s.Text())
		require.NotEmpty(t, strings.TrimSpace(s.Text()))
		level = next
	})
	p.Find("a, button").Each(func(_ int, s *goquery.Selection) {
		require.NotEmpty(t, strings.TrimSpace(s.Text()+s.AttrOr("aria-label", "")), "a link or button says nothing")
	})
	p.Find("input:not([type=hidden]), select").Each(func(_ int, s *goquery.Selection) {
		id := s.AttrOr("id", "?")
		require.True(t, s.AttrOr("aria-label", "") != "" || p.Find("label[for='"+id+"']").Length() == 1, "%s has no label", id)
	})
	p.Find("th").Each(func(_ int, s *goquery.Selection) {
		require.NotEmpty(t, s.AttrOr("scope", ""), "a header cell says what it heads: %q", s.Text())
	})
	p.checkScripts()
	p.checkAddresses()
}

// checkScripts holds the page to its own policy: a browser would refuse the rest
// and say so on its console.
func (p *page) checkScripts() {
	p.t.Helper()
	require.Zero(p.t, p.Find("script:not([src]), style, iframe, object, embed, base, meta[http-equiv]").Length())
	p.Find("*").Each(func(_ int, s *goquery.Selection) {
		for _, a := range s.Nodes[0].Attr {
			require.False(p.t, strings.HasPrefix(a.Key, "on") || a.Key == "style", "%s on %s", a.Key, goquery.NodeName(s))
		}
	})
}

// checkAddresses: they are relative, so that any prefix works, and only links
// leave the host.
func (p *page) checkAddresses() {
	p.t.Helper()
	p.Find("[href], [src], [action]").Each(func(_ int, s *goquery.Selection) {
		for _, name := range []string{"href", "src", "action"} {
			address, ok := s.Attr(name)
			if !ok {
				continue
			}
			if goquery.NodeName(s) == "a" && s.HasClass("external") {
				require.Regexp(p.t, "^https?://", address)
				require.Contains(p.t, s.AttrOr("rel", ""), "noopener")
				continue
			}
			require.False(p.t, scheme.MatchString(address) || strings.HasPrefix(address, "/"), "%s leads away: it has to be relative", address)
			_, err := url.Parse(address)
			require.NoError(p.t, err)
		}
	})
}

// text is the page's own part as it is read, blanks made one.
func (p *page) text() string { return spaced(p.Find("main")) }

func spaced(s *goquery.Selection) string { return strings.Join(strings.Fields(s.Text()), " ") }
