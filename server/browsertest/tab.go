package browsertest

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Look is who looks at a page. The zero value is somebody at a desk, by day.
type Look struct {
	// Width and Height are of the window, in CSS pixels; 1280 by 800 if zero.
	Width, Height int64
	// Dark prefers dark colours, Calm prefers no motion, Paper is a page that is
	// printed.
	Dark, Calm, Paper bool
	// NoScript switches JavaScript off.
	NoScript bool
}

// Phone is a narrow phone.
var Phone = Look{Width: 360, Height: 720}

// Tab is a page in the browser.
type Tab struct {
	t    testing.TB
	ctx  context.Context
	base *url.URL
	*faults
	*traffic
}

// Open opens a tab for the pages below an address, and looks at the first of them.
// At the end of the test it is closed, and what was wrong fails the test.
func (b *Browser) Open(t testing.TB, base, path string, look Look) *Tab {
	t.Helper()
	address, err := url.Parse(base)
	require.NoError(t, err)
	ctx, closeTab := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	tab := &Tab{t: t, ctx: ctx, base: address, faults: &faults{host: address.Host}, traffic: &traffic{}}
	t.Cleanup(closeTab)
	t.Cleanup(tab.report)
	require.NoError(t, chromedp.Listen(ctx, func(event any) {
		tab.faults.take(event)
		tab.traffic.take(event)
		if _, ok := event.(*page.EventJavascriptDialogOpening); ok {
			go func() { // the page stands still until it is answered
				_ = tab.do(command(page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{}))
			}()
		}
	}))
	tab.must(tab.do(
		command(network.Enable, network.EnableParams{}), command(log.Enable, cdp.Empty{}), command(audits.Enable, cdp.Empty{}),
		command(runtime.Enable, cdp.Empty{}),
		command(emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}),
		command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: look.NoScript}),
	))
	tab.allowClipboard()
	tab.As(look)
	tab.Go(path)
	return tab
}

// As lets somebody else look at the page. JavaScript stays as it is.
func (tab *Tab) As(look Look) {
	tab.t.Helper()
	width, height := look.Width, look.Height
	if width == 0 {
		width, height = 1280, 800
	}
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: either(look.Dark, "dark", "light")},
		{Name: "prefers-reduced-motion", Value: either(look.Calm, "reduce", "no-preference")},
	}}
	if look.Paper {
		media.Media = "print"
	}
	tab.must(tab.do(
		command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 500}),
		command(emulation.SetEmulatedMedia, media),
	))
}

// Go goes to a path below the base, and waits until the page and all that it asked
// for are there.
func (tab *Tab) Go(path string) {
	tab.t.Helper()
	tab.must(tab.do(chromedp.Navigate(tab.base.String() + path)))
	tab.Rest()
}

// Back goes back as the browser's button does. It does not wait: whether that is
// another page or an earlier state of this one is the page's business.
func (tab *Tab) Back() {
	tab.t.Helper()
	Eval[bool](tab, "(setTimeout(() => history.back(), 0), true)")
}

// allowClipboard lets pages write to the clipboard and the test read it.
func (tab *Tab) allowClipboard() {
	tab.t.Helper()
	target := chromedp.FromContext(tab.ctx)
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		_, err := cdp.Call(tab.ctx, target.Browser, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name},
			Setting:    browser.PermissionSettingGranted, Origin: tab.base.Scheme + "://" + tab.base.Host, BrowserContextID: target.BrowserContextID,
		})
		tab.must(err)
	}
}

// do runs steps, but never for long.
func (tab *Tab) do(steps ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	return chromedp.Do(ctx, steps...)
}

func (tab *Tab) must(err error) {
	tab.t.Helper()
	require.NoError(tab.t, err)
}

// command makes a step of one command whose result does not matter.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, c, params)
		return err
	})
}

func either(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}

// until polls a condition, which is all that can be done with a page.
func (tab *Tab) until(what string, holds func() (bool, error)) {
	tab.t.Helper()
	late := time.Now().Add(patience)
	for {
		ok, err := holds()
		if ok {
			return
		}
		if time.Now().After(late) {
			require.FailNow(tab.t, "it does not come: "+what, "%v\n%s", err, tab.text())
		}
		time.Sleep(10 * time.Millisecond)
	}
}
