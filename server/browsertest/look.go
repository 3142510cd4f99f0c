package browsertest

import (
	"context"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Eval gives the value of an expression in the page. That JavaScript is switched
// off for the page does not matter to it.
func Eval[T any](tab *Tab, expression string) T {
	tab.t.Helper()
	value, err := eval[T](tab, expression)
	require.NoError(tab.t, err, expression)
	return value
}

func eval[T any](tab *Tab, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, func(p *runtime.EvaluateParams) {
		p.AwaitPromise, p.UserGesture = new(true), new(true)
	}))
}

// Await waits until an expression is true. A page that is just being replaced
// has no answer, and is asked again.
func (tab *Tab) Await(expression string) {
	tab.t.Helper()
	tab.until(expression, func() (bool, error) { return eval[bool](tab, "Boolean("+expression+")") })
}

// Text gives the text of the first element that a selector finds, as it is shown.
func (tab *Tab) Text(selector string) string {
	tab.t.Helper()
	return Eval[string](tab, "document.querySelector("+quote(selector)+").innerText")
}

func (tab *Tab) text() string {
	text, _ := eval[string](tab, "(location.href + '\\n' + document.body.innerText).slice(0, 1000)")
	return text
}

// Count counts what a selector finds.
func (tab *Tab) Count(selector string) int {
	tab.t.Helper()
	return Eval[int](tab, "document.querySelectorAll("+quote(selector)+").length")
}

// Address is the page's own: path and query below the base.
func (tab *Tab) Address() string {
	tab.t.Helper()
	address := Eval[string](tab, "location.pathname + location.search")
	return address[len(tab.base.Path):]
}

// Focused tells what has the focus: the element's name and text or label.
func (tab *Tab) Focused() string {
	tab.t.Helper()
	return Eval[string](tab, `(e => (e.localName + " " + (e.labels?.[0]?.textContent ?? e.getAttribute("aria-label") ?? e.textContent ?? "").trim().replace(/\s+/g, " ")).slice(0, 120))(document.activeElement)`)
}

// Visible gives the text that can be seen without scrolling, line by line.
func (tab *Tab) Visible() string {
	tab.t.Helper()
	return Eval[string](tab, visibleText)
}

// visibleText walks the text that is inside the window and not hidden.
const visibleText = `(() => {
  const lines = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; node = walker.nextNode();) {
    const text = node.textContent.trim().replace(/\s+/g, " ");
    if (!text || !node.parentElement.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (box.width > 1 && box.height > 1 && box.top >= 0 && box.bottom <= innerHeight && box.left >= 0 && box.right <= innerWidth) lines.push(text);
  }
  return lines.join("\n");
})()`

// TooWide gives the elements that reach beyond the window's right edge, if the
// page can be scrolled sideways.
func (tab *Tab) TooWide() []string {
	tab.t.Helper()
	return Eval[[]string](tab, `document.documentElement.scrollWidth <= innerWidth ? [] :
    [...document.body.querySelectorAll("*")].filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 120))`)
}

// Shoot writes a picture of the page, all of it or what the window shows.
func (tab *Tab) Shoot(file string, all bool) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	shot, err := chromedp.Run(ctx, func(ctx context.Context, target *chromedp.Target) (page.CaptureScreenshotResult, error) {
		return cdp.Call(ctx, target, page.CaptureScreenshot, page.CaptureScreenshotParams{
			Format: page.CaptureScreenshotFormatPng, CaptureBeyondViewport: &all,
		})
	})
	tab.must(err)
	tab.must(os.MkdirAll(filepath.Dir(file), 0o755))
	tab.must(os.WriteFile(file, shot.Data, 0o644))
}
