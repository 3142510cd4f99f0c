package browsertest

import (
	"fmt"
	"slices"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
)

// traffic counts what goes over the wire.
type traffic struct {
	mu     sync.Mutex
	open   map[network.RequestID]string // what is under way: addresses
	loader cdp.LoaderID                 // of the page that is loaded last
	paths  []string
	bytes  float64
	loaded int
}

// take reads an event of the browser.
func (t *traffic) take(event any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		t.open = map[network.RequestID]string{}
	}
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if e.Type == network.ResourceTypeDocument {
			// What the page before asked for ends with it, and that is not always told.
			clear(t.open)
			t.loader = e.LoaderID
		}
		if e.LoaderID == t.loader && e.Type != network.ResourceTypeOther { // other is the icon, of which the same is true
			t.open[e.RequestID] = e.Request.URL
		}
		t.paths = append(t.paths, e.Request.URL)
	case *network.EventLoadingFinished:
		delete(t.open, e.RequestID)
		t.bytes += e.EncodedDataLength
	case *network.EventLoadingFailed:
		delete(t.open, e.RequestID)
	case *page.EventLoadEventFired:
		t.loaded++
	}
}

// loads counts the pages that were loaded.
func (t *traffic) loads() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.loaded
}

// Bytes is how many bytes came over the wire so far, headers included.
func (t *traffic) Bytes() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return int(t.bytes)
}

// Requests are the addresses that were asked for so far, in order.
func (t *traffic) Requests() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.paths)
}

// Rest waits until nothing is under way.
func (tab *Tab) Rest() {
	tab.t.Helper()
	tab.until("the end of all requests", func() (bool, error) {
		tab.traffic.mu.Lock()
		defer tab.traffic.mu.Unlock()
		if len(tab.open) > 0 {
			return false, fmt.Errorf("under way: %v", tab.open)
		}
		return true, nil
	})
}
