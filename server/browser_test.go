package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/provenance"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/browsertest"
)

// TestInBrowser is everything that needs a browser: one for all, with a tab for
// each. What a page should not do fails the test that looked at it.
func TestInBrowser(t *testing.T) {
	b := browsertest.Start(t)
	for name, test := range map[string]func(*testing.T, *browsertest.Browser){
		"search as you type":        browseSearch,
		"filters and back":          browseFilters,
		"the keyboard alone":        browseKeyboard,
		"copy":                      browseCopy,
		"without JavaScript":        browseWithoutScript,
		"while Harbor is down":      browseOutage,
		"before the first answer":   browseNotReady,
		"hostile names":             browseHostile,
		"ten thousand rows":         browseManyRows,
		"bytes over the wire":       browseBytes,
		"under a prefix":            browsePrefix,
		"motion, paper and schemes": browseMedia,
		"versions":                  browseVersions,
	} {
		t.Run(name, func(t *testing.T) { test(t, b) })
	}
}

// shownRows is how many rows the list has.
const shownRows = `document.querySelectorAll("#results tbody tr").length`

// What is typed is looked for at once, in names and aliases, and the address says
// it; the server draws the same by that address.
func browseSearch(t *testing.T, b *browsertest.Browser) {
	p := startPlatform(t, setup{values: sample}, "tool-a/app:latest", "tool-a/pyapp:latest")
	tab := b.Open(t, p.url, "/", browsertest.Look{})
	require.Equal(t, 11, browsertest.Eval[int](tab, shownRows), "seven of the catalog, two of a tool, two that were removed")
	tab.Click("#q")
	tab.Press("py")
	tab.Await(shownRows + " === 3")
	require.Equal(t, "/?q=py", tab.Address())
	require.Equal(t, []string{"python3.11", "python3.7", "tool-a/pyapp:latest"}, namesIn(tab))
	require.Contains(t, tab.Text("#summary"), "2 standard images")
	tab.Press("thon37")
	tab.Await(shownRows + " === 1")
	require.Equal(t, []string{"python3.7"}, namesIn(tab), "an alias")
	require.Equal(t, "input Name or alias", tab.Focused(), "who types goes on typing")
	require.Equal(t, "python37", browsertest.Eval[string](tab, `document.querySelector("#q").value`))
	require.Contains(t, tab.Visible(), "python3.11", "what replaces it is in sight")

	tab.Press("xyz")
	tab.Await(shownRows + " === 0")
	require.Contains(t, tab.Text("#summary"), "Nothing fits")
	tab.Go("/?q=python37")
	require.Equal(t, []string{"python3.7"}, namesIn(tab))
	tab.Follow(`#results a[href$="python3.7"]`)
	require.Equal(t, "/images/python3.7", tab.Address())
}

func namesIn(tab *browsertest.Tab) []string {
	return browsertest.Eval[[]string](tab, `[...document.querySelectorAll("#results tbody th > a")].map(a => a.textContent)`)
}

// Filters live in the address; going back restores what was chosen, page by page.
func browseFilters(t *testing.T, b *browsertest.Browser) {
	p := startPlatform(t, setup{values: sample}, "tool-a/app:latest", "tool-b/app:latest")
	tab := b.Open(t, p.url, "/", browsertest.Look{})
	choose := func(field, value string) {
		t.Helper()
		browsertest.Eval[bool](tab, fmt.Sprintf(`(e => { e.value = %q; e.dispatchEvent(new Event("input", { bubbles: true })); return true; })(document.getElementById(%q))`, value, field))
	}
	choose("state", "deprecated")
	tab.Await(`new URLSearchParams(location.search).get("state") === "deprecated" && ` + shownRows + ` === 2`)
	require.Equal(t, []string{"python3.7", "ruby2.5"}, namesIn(tab))
	choose("state", "")
	choose("type", "buildservice")
	tab.Await(`new URLSearchParams(location.search).get("type") === "buildservice" && ` + shownRows + ` === 2`)
	tab.Click("#tool")
	tab.Press("b")
	tab.Await(shownRows + " === 1")
	require.Equal(t, []string{"tool-b/app:latest"}, namesIn(tab))
	require.Contains(t, tab.Address(), "tool=b")
	tab.Rest()

	tab.Follow(`#results tbody a`)
	require.Equal(t, "/images/tool-b/app:latest", tab.Address())
	tab.Back()
	tab.Await(`location.search.includes("tool=b") && ` + shownRows + " === 1")
	require.Equal(t, "b", browsertest.Eval[string](tab, `document.getElementById("tool").value`))
	tab.Back()
	tab.Await(shownRows + " === 2")
	require.Equal(t, "buildservice ", browsertest.Eval[string](tab, `document.getElementById("type").value + " " + document.getElementById("tool").value`))
}

// All that a mouse does the keyboard does: skip, search with a slash, walk, follow.
func browseKeyboard(t *testing.T, b *browsertest.Browser) {
	s := start(t, setup{values: sample})
	tab := b.Open(t, s.url, "/", browsertest.Look{})
	tab.Press(kb.Tab)
	require.Equal(t, "a Skip to content", tab.Focused())
	tab.Await(`document.querySelector(".skip").getBoundingClientRect().left === 0`) // it shows once it has the focus
	tab.Press(kb.Enter)
	require.Equal(t, "main", browsertest.Eval[string](tab, "document.activeElement.localName"))
	tab.Press("/")
	require.Equal(t, "input Name or alias", tab.Focused())
	tab.Press("a/b")
	require.Equal(t, "a/b", browsertest.Eval[string](tab, `document.getElementById("q").value`), "a slash in a name is a slash")
	tab.Go("/")
	tab.Press("/")

	order := []string{tab.Focused()}
	for range 6 {
		tab.Press(kb.Tab)
		order = append(order, tab.Focused())
	}
	require.Equal(t, []string{
		"input Name or alias", "select State", "select Type", "input Built by tool", "select Stands on a stack", "button Search", "a N",
	}, order, "the focus goes as people read")
	for name := range map[string]bool{"#q": true, "#state": true, "#results tbody a": true, "nav a": true, "button": true} {
		outline := browsertest.Eval[string](tab, fmt.Sprintf(`(e => { e.focus({ focusVisible: true }); const s = getComputedStyle(e); return s.outlineStyle + " " + s.outlineWidth; })(document.querySelector(%q))`, name))
		require.Equal(t, "solid 3px", outline, "the focus of %s is seen", name)
	}
	browsertest.Eval[bool](tab, `(document.querySelector("#results tbody a").focus(), true)`)
	tab.Submit(kb.Enter)
	require.Equal(t, "/images/N", tab.Address())
	tab.Go("/")
	tab.Press("/ruby")
	tab.Press(kb.Enter)
	tab.Await(shownRows + " === 1")
	require.Equal(t, "/?q=ruby", tab.Address(), "enter does what typing does")
}

// Each copy button puts what it stands beside on the clipboard, and says so.
func browseCopy(t *testing.T, b *browsertest.Browser) {
	s := start(t, setup{values: sample})
	tab := b.Open(t, s.url, "/images/bookworm", browsertest.Look{})
	buttons := browsertest.Eval[[]string](tab, `[...document.querySelectorAll("button.copy")].map(b => b.dataset.copy)`)
	require.GreaterOrEqual(t, len(buttons), 6, "two commands, two variants with their digests")
	for _, id := range buttons {
		tab.Click(`button[data-copy="` + id + `"]`)
		tab.Await(`document.querySelector('button[data-copy="` + id + `"]').textContent === "Copied"`)
		require.Equal(t, tab.Text("#"+id), tab.Clipboard())
		require.Equal(t, "Copied.", tab.Text("#announcement"), "who cannot see it hears it")
	}
	require.Contains(t, tab.Clipboard(), "one.test/bookworm-web:latest@sha256:")
}

// Without JavaScript everything is reached by links and forms, and no control shows
// that does nothing.
func browseWithoutScript(t *testing.T, b *browsertest.Browser) {
	images := []string{"tool-a/app:latest"}
	for i := range 120 {
		images = append(images, fmt.Sprintf("tool-a/many:v%03d", i))
	}
	p := startPlatform(t, setup{values: sample}, images...)
	tab := b.Open(t, p.url, "/", browsertest.Look{NoScript: true})
	require.Zero(t, tab.Count("button.copy:not([hidden])"))
	tab.Click("#q")
	tab.Press("python")
	tab.Submit(kb.Enter)
	require.Contains(t, tab.Address(), "q=python")
	require.Equal(t, []string{"python3.11", "python3.7"}, namesIn(tab))
	tab.Follow(`#results a[href$="python3.7"]`)
	require.Equal(t, "python3.7 deprecated", strings.Join(strings.Fields(tab.Text("h1")), " "))
	require.Zero(t, tab.Count("button.copy:not([hidden])"))

	tab.Go("/")
	tab.Follow("a[rel=next]")
	require.Contains(t, tab.Address(), "after=")
	require.Positive(t, len(namesIn(tab)))

	seen, queue := map[string]bool{}, []string{"/"}
	for len(queue) > 0 && len(seen) < 40 {
		path := queue[0]
		queue = queue[1:]
		if seen[path] {
			continue
		}
		seen[path] = true
		tab.Go(path)
		require.NotEmpty(t, tab.Text("h1"), path)
		for _, to := range browsertest.Eval[[]string](tab, `[...document.querySelectorAll("a:not(.external)")].map(a => a.pathname)`) {
			if !strings.HasPrefix(to, "/v1/") && to != "/openapi.json" && !strings.Contains(to, "/many") && to != "/images/gone" && to != "/images/node6" {
				queue = append(queue, to)
			}
		}
	}
	for _, path := range []string{"/", "/tools", "/catalog", "/drift", "/images/bookworm", "/images/team/tool", "/tools/a", "/images/tool-a/app:latest"} {
		require.True(t, seen[path], "%s is not reached by links: %v", path, seen)
	}
}

// With Harbor down the page says so, with since when, and goes on to serve.
func browseOutage(t *testing.T, b *browsertest.Browser) {
	p := startPlatform(t, setup{values: sample}, "tool-a/app:latest")
	tab := b.Open(t, p.url, "/", browsertest.Look{})
	require.Zero(t, tab.Count(".banner"))
	p.harbor.Fault(harbortest.Any, harbortest.Status(http.StatusServiceUnavailable))
	p.round(t)
	for _, path := range []string{"/", "/images/tool-a/app:latest", "/tools/a", "/catalog", "/drift"} {
		tab.Go(path)
		require.Contains(t, tab.Visible(), "Not everything here is fresh", path)
		require.Contains(t, tab.Text(".banner"), harborHost+" (images that tools built) does not answer", path)
		require.Contains(t, tab.Text(".banner"), "last good answer", path)
	}
	tab.Go("/?q=app")
	require.Equal(t, []string{"tool-a/app:latest"}, namesIn(tab), "what was known is still there")
	t.Run("axe", func(t *testing.T) {
		axe := browsertest.Axe(t)
		for _, dark := range []bool{false, true} {
			tab.As(browsertest.Look{Dark: dark})
			tab.Accessible(t, axe, "the list with a banner")
		}
	})
}

// Before there is anything to show the page says so, and comes again by itself.
func browseNotReady(t *testing.T, b *browsertest.Browser) {
	s := start(t, setup{values: sample, cold: true, options: server.Options{RetryAfter: time.Second}})
	tab := b.Open(t, s.url, "/", browsertest.Look{})
	tab.Allow("status of 503")
	require.Contains(t, tab.Text("main"), "There is nothing to show yet")
	s.refresh(t)
	tab.Await(shownRows + " > 0")
}

// hostile texts try to break out of wherever they are shown.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(2)>`, `'-alert(3)-'`, `</title><script>alert(4)</script>`,
	`</textarea></select><svg onload=alert(5)>`, `javascript:alert(6)`, `{{.}}${alert(7)}`, `<a href=//evil.test>x</a>`,
	`<meta http-equiv=refresh content="0;url=//evil.test">`, `--><iframe srcdoc="<script>alert(8)</script>">`,
	`" autofocus onfocus=alert(9) x="`, `<style>*{display:none}</style>`, "\u202etxt.exe", `<base href=//evil.test/>`, `<form action=//evil.test><button>`,
}

// nobodyAsked are facts of registries that nobody asked.
type nobodyAsked struct{}

func (nobodyAsked) Manifest(fact.Reference) (fact.Manifest, bool) { return fact.Manifest{}, false }

func (nobodyAsked) Repository(string, string) (fact.Repository, bool) {
	return fact.Repository{}, false
}

// hostileView is what a resolver would say if every text that it has were hostile,
// names too, which no catalog may have that is checked.
func hostileView() view {
	catalog := &chart.Catalog{FormatVersion: "1.0", Images: map[string]*chart.Entry{}, Tombstones: map[string]*chart.Tombstone{}, Stacks: map[string]*chart.Stack{}}
	for i, text := range hostile {
		catalog.Images[text] = &chart.Entry{
			State: chart.StateDeprecated, Image: fmt.Sprintf("one.test/x%d", i), Aliases: []string{"alias " + text}, Description: text, ReplacedBy: "safe",
			Links:              []chart.Link{{Title: text, URL: "https://example.org/" + text}, {Title: text, URL: text}},
			Variants:           map[string]*chart.Variant{text: {Image: fmt.Sprintf("one.test/x%d", i), Extra: map[string]any{text: text, "wstype": text}}},
			WebserviceDefaults: map[string]any{text: text},
		}
		catalog.Tombstones["gone "+text] = &chart.Tombstone{Date: "2024-02-01", Reason: text, ReplacedBy: "safe"}
	}
	catalog.Images["safe"] = &chart.Entry{State: chart.StateStable, Image: "one.test/safe"}
	loaded := &chart.Chart{Metadata: chart.Metadata{Name: hostile[0], Version: "1.0.0-" + hostile[1], AppVersion: hostile[2]}, Catalog: catalog}
	made := snapshot.Join(snapshot.Input{Catalog: catalog, Facts: nobodyAsked{}, Day: "2026-08-01"})
	failing := fault.New(fault.Unreachable, "ask registry", hostile[3], "%s", hostile[0])
	return view{
		follow: func(f func(*snapshot.Snapshot)) { f(made) },
		status: func() resolver.Status {
			return resolver.Status{
				Now: noon,
				Served: &resolver.Served{
					Offer: &resolver.Offer{Reference: "oci://" + hostile[0], Digest: hostile[1], Signature: resolver.Signature{Checked: true, By: &provenance.Signer{Identity: hostile[0]}}},
					Chart: loaded, Since: noon,
				},
				Refused: &resolver.Refused{Offer: &resolver.Offer{Version: hostile[1]}, Err: failing, At: noon},
				Sources: []resolver.SourceStatus{{Name: hostile[0], Kind: "oci", LastAttempt: noon, LastSuccess: noon, Err: failing, Stale: true}},
			}
		},
	}
}

// What catalogs and registries say stays text, whatever it is: nothing runs,
// nothing is asked for, and what was written is what is read.
func browseHostile(t *testing.T, b *browsertest.Browser) {
	handlers, err := server.New(hostileView(), server.Options{})
	require.NoError(t, err)
	s := listen(t, handlers.Handler())
	tab := b.Open(t, s.url, "/", browsertest.Look{})
	names := namesIn(tab)
	require.Len(t, names, 2*len(hostile)+1, "the catalog is served")
	for i, text := range hostile {
		require.Contains(t, names, text)
		tab.Go("/images/" + url.PathEscape(text))
		require.Contains(t, tab.Text("h1"), text)
		require.Contains(t, tab.Text("main"), "alias "+text)
		harmless(t, tab)
		if i%4 == 0 {
			tab.Go("/?q=" + url.QueryEscape(text))
			require.Equal(t, text, browsertest.Eval[string](tab, `document.getElementById("q").value`))
			require.Contains(t, namesIn(tab), text)
			tab.Click("#q")
			tab.Press("x")
			tab.Await(shownRows + " === 0")
		}
	}
	tab.Allow("status of 410")
	tab.Go("/images/" + url.PathEscape("gone "+hostile[0]))
	require.Contains(t, tab.Text("main"), hostile[0])
	tab.Allow("status of 404")
	for _, path := range []string{"/images/", "/tools/", "/nowhere/"} {
		tab.Go(path + url.PathEscape(hostile[1]))
		harmless(t, tab)
	}
	for _, path := range []string{"/tools?name=" + url.QueryEscape(hostile[1]), "/catalog", "/catalog?from=" + url.QueryEscape(hostile[0]) + "&to=" + url.QueryEscape(hostile[1]), "/drift"} {
		tab.Go(path)
		harmless(t, tab)
	}
	tab.Go("/catalog")
	require.Contains(t, tab.Text("main"), "good, by "+hostile[0])
	require.Contains(t, tab.Text(".banner"), hostile[1])
}

// harmless looks for elements that only what broke out of its place can have made.
func harmless(t *testing.T, tab *browsertest.Tab) {
	t.Helper()
	for _, of := range []string{
		"script:not([src])", "iframe", "main img", "style", "svg", "base", "meta[http-equiv]", "[onerror], [onload], [onfocus]", "a[href*='evil']:not([href*='%']):not(.external)", "a[href^='javascript']", "form[action*='evil']",
	} {
		require.Zero(t, tab.Count(of), of)
	}
}

// A catalog of ten thousand images is a page like another: small, and searched at
// once.
func browseManyRows(t *testing.T, b *browsertest.Browser) {
	var values strings.Builder
	values.WriteString("formatVersion: \"1.0\"\nimages:\n")
	for i := range 10_000 {
		fmt.Fprintf(&values, "  image%05d: {state: stable, image: one.test/image%05d, aliases: [tf-image%05d]}\n", i, i, i)
	}
	s := start(t, setup{values: values.String()})
	tab := b.Open(t, s.url, "/", browsertest.Look{})
	require.Contains(t, tab.Text("#summary"), "10,000 standard images")
	require.Less(t, tab.Bytes(), 60_000)
	require.LessOrEqual(t, browsertest.Eval[int](tab, shownRows), 200)
	tab.Click("#q")
	tab.Press("e09999")
	tab.Await(shownRows + " === 1")
	require.Equal(t, []string{"image09999"}, namesIn(tab))
	tab.Go("/")
	tab.Follow("a[rel=next]")
	require.Equal(t, "image00100", namesIn(tab)[0])
	took := browsertest.Eval[float64](tab, `(n => n.responseEnd - n.startTime)(performance.getEntriesByType("navigation")[0])`)
	t.Logf("the second page of 10,000 came in %.0f ms", took)
}

// Everything that a page needs comes to less than 60 KB, icon, script and style
// included; a second page is a few.
func browseBytes(t *testing.T, b *browsertest.Browser) {
	s := start(t, setup{}) // the catalog that ships with Bayplan
	for _, path := range []string{"/", "/images/python3.11", "/catalog", "/drift", "/tools"} {
		tab := b.Open(t, s.url, path, browsertest.Look{})
		t.Logf("%s: %d bytes over the wire in %d requests", path, tab.Bytes(), len(tab.Requests()))
		require.Less(t, tab.Bytes(), 60_000, path)
		before := tab.Bytes()
		tab.Go("/images/node12")
		require.Less(t, tab.Bytes()-before, 15_000, "style and script are not sent twice")
	}
}

// Behind a gateway that puts a prefix before all and takes it away again.
func browsePrefix(t *testing.T, b *browsertest.Browser) {
	p := startPlatform(t, setup{values: sample}, "tool-a/app:latest")
	backend, err := url.Parse(p.url)
	require.NoError(t, err)
	gateway := httptest.NewServer(http.StripPrefix("/builds", httputil.NewSingleHostReverseProxy(backend)))
	t.Cleanup(gateway.Close)
	tab := b.Open(t, gateway.URL+"/builds", "/", browsertest.Look{})
	tab.Click("#q")
	tab.Press("python37")
	tab.Await(shownRows + " === 1")
	require.Equal(t, "/?q=python37", tab.Address())
	tab.Follow("#results tbody a")
	require.Equal(t, "/images/python3.7", tab.Address())
	tab.Follow(`.answer a, .note a`)
	require.Equal(t, "/images/python3.11", tab.Address())
	for _, name := range []string{"Tools", "Catalog", "Drift", "Images"} {
		tab.Follow(`nav a[href$="` + map[string]string{"Images": "/"}[name] + strings.ToLower(strings.TrimPrefix(name, "Images")) + `"]`)
		require.Equal(t, name, tab.Text("nav a[aria-current]"))
	}
	tab.Go("/tools/a")
	tab.Follow("main tbody a")
	require.Equal(t, "/images/tool-a/app:latest", tab.Address())
	tab.Go("/images/team/tool")
	tab.Follow(".brand a")
	require.Equal(t, "/", tab.Address())
	for _, address := range tab.Requests() {
		require.True(t, strings.HasPrefix(address, gateway.URL+"/builds/"), address)
	}
}

// Who wants no motion gets none; paper has neither menus nor buttons; the dark
// scheme is dark.
func browseMedia(t *testing.T, b *browsertest.Browser) {
	s := start(t, setup{values: sample})
	tab := b.Open(t, s.url, "/images/bookworm", browsertest.Look{Calm: true})
	require.Zero(t, browsertest.Eval[int](tab, `[...document.querySelectorAll("*")].filter(e => { const s = getComputedStyle(e); return parseFloat(s.transitionDuration) > 0 || parseFloat(s.animationDuration) > 0; }).length`))
	ground := func() string {
		return browsertest.Eval[string](tab, "getComputedStyle(document.body).backgroundColor")
	}
	require.Equal(t, "rgb(255, 255, 255)", ground())
	tab.As(browsertest.Look{Dark: true})
	require.NotEqual(t, "rgb(255, 255, 255)", ground())
	tab.As(browsertest.Look{Dark: true, Paper: true})
	require.Equal(t, "rgb(255, 255, 255)", ground(), "paper is white, whatever the screen was")
	require.Empty(t, browsertest.Eval[[]string](tab, `[...document.querySelectorAll("nav, button, form, .skip")].filter(e => e.checkVisibility()).map(e => e.outerHTML)`))
	require.NotZero(t, tab.Count("main code"))
	require.Equal(t, "rgb(0, 0, 0)", browsertest.Eval[string](tab, `getComputedStyle(document.querySelector("h1")).color`))
}

// The difference between any two versions, chosen from two lists, with and without
// JavaScript.
func browseVersions(t *testing.T, b *browsertest.Browser) {
	s := startShelf(t, followed)
	for _, look := range []browsertest.Look{{}, {NoScript: true}} {
		tab := b.Open(t, s.url, "/catalog", look)
		require.Equal(t, "1.1.0 not verified", tab.Text("dl.facts dd"))
		tab.Click("#difference ~ form button")
		tab.Await(`location.hash === "#difference"`)
		tab.Rest()
		require.Equal(t, "/catalog?from=1.0.0&to=1.1.0", tab.Address())
		require.Contains(t, tab.Visible(), "breaking", "the answer is in sight")
		require.Contains(t, tab.Text("#difference ~ p[role=status]"), "From 1.0.0 to 1.1.0: ")
		tab.Follow(`section[aria-labelledby=versions] a`)
		require.Equal(t, "/catalog?from=1.1.0&to=2.0.0-rc.1%2Bb", tab.Address())
	}
}
