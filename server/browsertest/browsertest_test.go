package browsertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// misdeeds are pages, and what is wrong with each; the first is innocent.
var misdeeds = []struct{ name, body, policy, fault string }{
	{"nothing", "<p>quiet</p><script>console.debug; document.title = 'y'</script>", "", ""},
	{"an exception", "<script>null.x</script>", "", "exception: Uncaught TypeError"},
	{"a rejected promise", "<script>Promise.reject(new Error('nobody catches'))</script>", "", "nobody catches"},
	{"a word on the console", "<script>console.log('hello')</script>", "", `console.log: "hello"`},
	{"an inline script", "<script>document.title = 'x'</script>", "script-src 'none'", "Content Security Policy"},
	{"an inline style", "<p style='color: red'>x</p>", "style-src 'none'", "Content Security Policy"},
	{"another host", "<img src='http://elsewhere.test/x.png' alt=''>", "", "a request leaves the host: http://elsewhere.test/x.png"},
	{"another port", "<script>fetch('http://127.0.0.1:9/').catch(() => 0)</script>", "", "a request leaves the host: http://127.0.0.1:9/"},
	{"what is not there", "<img src='/missing.png' alt=''>", "", "404"},
	{"a dialog", "<script>alert('ouch')</script>", "", "dialog: ouch"},
	{"a broken connection", "<script>fetch('/broken').catch(() => 0)</script>", "", "a request fails: net::ERR_EMPTY_RESPONSE"},
	{"a field without a name", "<form><input></form>", "", "issue: "},
}

// Each thing that a page should not do is seen, and a page that does nothing of the
// kind is left alone.
func TestWhatAPageShouldNotDo(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			c := misdeeds[len(r.URL.RawQuery)]
			w.Header().Set("Content-Security-Policy", c.policy)
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, "<!doctype html><html lang=en><title>x</title><link rel=icon href='data:,'>%s", c.body)
		case "/broken":
			panic(http.ErrAbortHandler)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	tab := Start(t).Open(t, s.URL, "/", Look{})
	for i, c := range misdeeds {
		tab.Go("/?" + strings.Repeat("x", i))
		if c.fault == "" {
			require.Empty(t, tab.unexpected(), c.name)
			continue
		}
		tab.until(c.name, func() (bool, error) {
			return strings.Contains(strings.Join(tab.unexpected(), "\n"), c.fault), nil
		})
		tab.forgive()
	}
	tab.Allow("never seen")
	require.Contains(t, tab.unexpected(), "this did not come: never seen")
	tab.forgive()
}

func (f *faults) forgive() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.found, f.allowed = nil, nil
}
