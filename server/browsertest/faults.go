package browsertest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/stretchr/testify/require"
)

// faults are what a page did that it should not do.
type faults struct {
	host string

	mu      sync.Mutex
	found   []string
	allowed []string
}

// Allow says that one fault is what the test is about, by a part of its text. If it
// does not come, that fails the test.
func (f *faults) Allow(part string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.allowed = append(f.allowed, part)
}

func (f *faults) add(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.found = append(f.found, fmt.Sprintf(format, args...))
}

// take reads an event of the browser.
func (f *faults) take(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		f.add("exception: %s", exception(e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		f.add("console.%s: %s", e.Type, arguments(e.Args))
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelVerbose {
			f.add("%s, %s: %s %s", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL)
		}
	case *audits.EventIssueAdded:
		details, _ := json.Marshal(e.Issue) // it came as JSON
		f.add("issue: %s", details)
	case *page.EventJavascriptDialogOpening:
		f.add("dialog: %s", e.Message)
	case *network.EventRequestWillBeSent:
		f.sent(e.Request.URL)
	case *network.EventLoadingFailed:
		if !e.Canceled { // by going to another page
			f.add("a request fails: %s %s", e.ErrorText, e.BlockedReason)
		}
	case *network.EventWebSocketCreated:
		f.add("a web socket: %s", e.URL)
	}
}

func (f *faults) sent(address string) {
	if u, err := url.Parse(address); err != nil || u.Host != f.host {
		f.add("a request leaves the host: %s", address)
	}
}

func exception(e *runtime.ExceptionDetails) string {
	text := e.Text
	if e.Exception != nil {
		text += " " + e.Exception.Description
	}
	return fmt.Sprintf("%s (%s:%d)", text, e.URL, e.LineNumber+1)
}

func arguments(args []*runtime.RemoteObject) string {
	var out []string
	for _, a := range args {
		out = append(out, strings.TrimSpace(string(a.Value)+" "+a.Description))
	}
	return strings.Join(out, " ")
}

// unexpected gives what nobody allowed, and what was allowed and did not come.
func (f *faults) unexpected() (out []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	came := map[string]bool{}
	for _, fault := range f.found {
		known := false
		for _, part := range f.allowed {
			if strings.Contains(fault, part) {
				known, came[part] = true, true
			}
		}
		if !known {
			out = append(out, fault)
		}
	}
	for _, part := range f.allowed {
		if !came[part] {
			out = append(out, "this did not come: "+part)
		}
	}
	return out
}

// report fails the test for what was wrong, once the page has come to rest.
func (tab *Tab) report() {
	tab.t.Helper()
	if tab.ctx.Err() == nil && !tab.t.Failed() {
		tab.Rest()
	}
	require.Empty(tab.t, tab.unexpected(), "the page did what it should not")
}
