// Package browsertest lets tests look at pages in a real browser: Chromium, without
// a window, driven over its debugging protocol.
//
// A [Browser] is one process; each [Tab] in it has a cache, a clipboard permission
// and an address of its own, as if nobody had used the browser before. Whatever a
// page should never do is collected while the tab is open, and fails the test at
// its end: an exception, an error or warning on the console, what the
// Content-Security-Policy had to stop, a request that leaves the host, one that
// fails, a dialog. The browser resolves no name but those of this machine.
//
// It is for tests only and imports nothing of Bayplan but the search for programs.
package browsertest
