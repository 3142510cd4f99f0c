package web_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/web"
)

// pages gives a page of each kind in which a text stands wherever a text of a
// catalog, a registry or an address can stand.
func pages(text string) []web.Page {
	no := false
	frame := func() web.Frame {
		return web.Frame{
			Title: text, Root: "../", Place: text, Canonical: "images/" + new(web.Frame).Path(text),
			Troubles: []web.Trouble{{Source: text, What: text, Reason: text, Since: noon}}, Refused: &web.Refusal{Version: text, Reason: text},
		}
	}
	at := noon
	standard := api.Image{
		ShortName: text, Type: api.TypeStandard, State: text, Aliases: []string{text, text + "2"}, Image: text, Digest: text, Pinned: text, Exists: &no,
		Variants: api.Map[api.Variant]{
			text:         {Image: text, Digest: text, Pinned: text, Exists: &no, Extra: map[string]any{text: text, "wstype": text, "more": []any{text}}},
			"webservice": {Image: text, Digest: text, Pinned: text, Exists: &no, Extra: map[string]any{text: text, "wstype": text, "more": []any{text}}},
		},
		WebserviceDefaults: map[string]any{text: text, "list": []any{text}}, Description: text, Notice: text, ReplacedBy: text,
		Links:     []api.Link{{Title: text, URL: text}, {URL: "javascript:" + text}, {URL: "https://example.org/" + text}, {Title: text, URL: "data:text/html," + text}},
		Lifecycle: &api.Lifecycle{Deprecated: "2027-01-01" + text, Unsupported: "2027-01-01" + text, Removed: "2027-01-01" + text},
		Sources:   map[string]string{text: text, "metadata": "chart", "live": text}, Tags: []string{text},
	}
	built := standard
	built.Type, built.Tool, built.Platforms, built.PushedAt, built.SizeBytes = api.TypeBuildservice, text, []string{text}, at, 5
	built.Stack = &api.Stack{Name: text, State: api.StateDeprecated, ReplacedBy: text}
	grave := web.Tombstone{ShortName: text, Date: text, Reason: text, ReplacedBy: text}
	dates := web.Dates{Day: "2026-08-01"}
	return []web.Page{
		&web.Images{
			Frame: frame(), Dates: dates, Query: web.Query{Text: text, State: text, Type: text, Tool: text, StackState: text, After: text},
			Standard: []api.Image{standard}, Built: []api.Image{built}, Removed: []web.Tombstone{grave}, Next: text, Means: text, Suggestions: []string{text},
		},
		&web.Images{Frame: frame(), Dates: dates, Query: web.Query{Text: text}, Suggestions: []string{text}},
		&web.Image{
			Frame: frame(), Dates: dates, AskedAs: text, Image: standard, Version: text, Hosts: []web.Host{{Name: text}, {Name: text, Trouble: &web.Trouble{Reason: text}}},
		},
		&web.Image{Frame: frame(), Dates: dates, Image: built, Siblings: []api.Image{built, standard}},
		&web.Tool{Frame: frame(), Dates: dates, Name: text, Images: []api.Image{built, standard}, Asked: true},
		&web.Tools{Frame: frame(), Wrong: text},
		&web.Failure{Frame: frame(), Text: []string{text}, Suggestions: []string{text}, Tombstone: &grave, RetryAfter: 1},
	}
}

var noon = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

func newSite(t testing.TB) *web.Site {
	t.Helper()
	site, err := web.New()
	require.NoError(t, err)
	return site
}

func draw(t testing.TB, site *web.Site, page web.Page) []byte {
	t.Helper()
	out, err := site.Draw(page)
	require.NoError(t, err)
	return out
}

// shape is a page without what it says: its elements and the names of their
// attributes, in order. A text that breaks out of its place changes it.
func shape(t testing.TB, page []byte) string {
	t.Helper()
	var out strings.Builder
	tokens := html.NewTokenizer(bytes.NewReader(page))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return out.String()
		case html.CommentToken:
			out.WriteString("<!-->")
		case html.StartTagToken, html.SelfClosingTagToken:
			token := tokens.Token()
			if token.Data == "mark" { // some letters have no other case of the same length
				continue
			}
			out.WriteString("<" + token.Data)
			for _, a := range token.Attr {
				out.WriteString(" " + a.Key)
			}
			out.WriteString(">")
		case html.EndTagToken:
			if token := tokens.Token(); token.Data != "mark" {
				out.WriteString("</" + token.Data + ">")
			}
		case html.TextToken, html.DoctypeToken:
		}
	}
}

// hostile are texts that have broken out of pages elsewhere: of text, of
// attributes with either quote and none, of addresses, comments, scripts, styles.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)",
	`</title><script>alert(1)</script>`, `<!--`, `-->`, `]]>`, `{{.}}`, `{{template "main"}}`, `</textarea><svg onload=alert(1)>`, "\x00<b>", "\u2028<i>", "&lt;b&gt;", "&#x3c;b&#x3e;",
	"x onfocus=alert(1) autofocus", "`${alert(1)}`", "</style><style>*{background:url(//evil.test)}", "expression(alert(1))", "//evil.test/x", `\"><b>`, "data:text/html,<b>",
	"a b", "?q=1&x=2#y", "../../../x", "%3Cscript%3E", "%", "日本語", "\u202egnp.exe", "\xff\xfe", "<<>>", "\"'`=<>&/",
}

func TestWhatTriesToBreakOutStaysText(t *testing.T) {
	site := newSite(t)
	for i, page := range pages("harmless") {
		want := shape(t, draw(t, site, page))
		for _, text := range hostile {
			got := draw(t, site, pages(text)[i])
			checkHarmless(t, want, got, text)
		}
	}
}

func checkHarmless(t testing.TB, want string, page []byte, text string) {
	t.Helper()
	require.NotContains(t, string(page), "ZgotmplZ", "%q", text)
	document, err := goquery.NewDocumentFromReader(bytes.NewReader(page))
	require.NoError(t, err)
	document.Find("a[href], link[href], script[src], form[action]").Each(func(_ int, s *goquery.Selection) {
		address := s.AttrOr("href", "") + s.AttrOr("src", "") + s.AttrOr("action", "")
		inside := address == "" || strings.HasPrefix(address, "../") || strings.HasPrefix(address, "#main")
		outside := s.HasClass("external") && (strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://"))
		require.True(t, inside || outside, "%q leads to %q", text, address)
	})
	// Links of the catalog are links or text, as they may be; the rest is the same.
	want, got := withoutLinks(want), withoutLinks(shape(t, page))
	same := 0
	for same < min(len(want), len(got)) && want[same] == got[same] {
		same++
	}
	require.True(t, want == got, "%q changed the page behind %s: it is %.60q, not %.60q", text, want[max(0, same-60):same], got[same:], want[same:])
}

// withoutLinks leaves out how often there is a link among the catalog's.
func withoutLinks(shape string) string {
	before, rest, ok := strings.Cut(shape, "<ul class><li>")
	if !ok {
		return shape
	}
	_, after, _ := strings.Cut(rest, "</ul>")
	return before + after
}

// FuzzPages: whatever stands where texts stand, the page keeps its shape and leads
// nowhere else.
func FuzzPages(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	site := newSite(f)
	var want []string
	for _, page := range pages("harmless") {
		want = append(want, shape(f, draw(f, site, page)))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1000 || strings.TrimSpace(text) == "" || known[text] {
			return
		}
		for i, page := range pages(text) {
			checkHarmless(t, want[i], draw(t, site, page), text)
		}
	})
}

// known are words that mean something to a page, and so change it.
var known = map[string]bool{
	"deprecated": true, "stable": true, "beta": true, "removed": true, "standard": true, "buildservice": true, "chart": true, "markers": true, "chart, markers": true,
	"webservice": true, "wstype": true, "more": true, "list": true, "metadata": true, "live": true, "Images": true, "Tools": true,
}
