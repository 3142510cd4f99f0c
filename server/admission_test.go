package server_test

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// operations are the routes for whoever looks after a service in distress, and the
// document, which costs nothing.
var operations = []string{"/v1/healthz", "/v1/readyz", "/v1/metrics", "/openapi.json"}

// aDay is a rate at which nothing comes back while a test runs.
const aDay = 1.0 / (24 * 60 * 60)

// requireShed asks for every route: those about data are turned away, in the words
// of the contract, and the others are not.
func requireShed(t *testing.T, s *service) {
	t.Helper()
	for _, path := range everyRoute {
		a := s.get(t, path, "X-Toolforge-Tool", "wikibugs")
		if slices.Contains(operations, path) {
			require.Equal(t, http.StatusOK, a.status, path)
			continue
		}
		require.Equal(t, api.CodeOverloaded, into[api.Error](a, http.StatusServiceUnavailable).Code, path)
		wait, err := strconv.Atoi(a.header.Get("Retry-After"))
		require.NoError(t, err, path)
		require.Positive(t, wait, path)
		require.Equal(t, "no-store", a.header.Get("Cache-Control"), path)
	}
}

func TestAClientThatAsksTooOftenIsTurnedAway(t *testing.T) {
	s := start(t, setup{values: sample, options: server.Options{ClientRate: aDay, ClientBurst: 3}})
	for range 3 {
		require.Equal(t, http.StatusOK, s.get(t, "/v1/images", "X-Toolforge-Tool", "wikibugs").status)
	}
	requireShed(t, s)
	a := s.get(t, "/v1/images", "X-Toolforge-Tool", "wikibugs")
	require.Contains(t, into[api.Error](a, http.StatusServiceUnavailable).Error[0], "you ask more often than")
	wait, err := strconv.Atoi(a.header.Get("Retry-After"))
	require.NoError(t, err)
	require.InDelta(t, 24*60*60, wait, 60*60, "when there is room again")
	require.Equal(t, strconv.Itoa(len(everyRoute)-len(operations)+1), metric(t, s, `bayplan_http_requests_shed_total{reason="client"}`))
	require.Equal(t, "0", metric(t, s, `bayplan_http_requests_shed_total{reason="memory"}`))

	// Others are not its business: another tool, and whoever names none.
	require.Equal(t, http.StatusOK, s.get(t, "/v1/images", "X-Toolforge-Tool", "alpha").status)
	require.Equal(t, http.StatusOK, s.get(t, "/v1/images").status)
}

// Somebody who looks at a page is told by a page, which comes again by itself.
func TestAReaderIsTurnedAwayByAPage(t *testing.T) {
	s := start(t, setup{values: sample, options: server.Options{ClientRate: 0.1, ClientBurst: 1}})
	s.page(t, "/", http.StatusOK)
	for _, path := range []string{"/", "/images/bookworm", "/images/a/b", "/tools", "/tools/alpha", "/catalog", "/drift"} {
		p := s.page(t, path, http.StatusServiceUnavailable)
		require.Equal(t, "Too much is asked just now", p.Find("h1").Text())
		require.Contains(t, p.Find("main").Text(), "You ask more often than 0.1 times a second")
		require.Equal(t, p.header.Get("Retry-After"), p.Find("[data-retry]").AttrOr("data-retry", ""))
		require.Equal(t, "no-store", p.header.Get("Cache-Control"))
	}
	require.NotEmpty(t, s.page(t, "/nowhere", http.StatusNotFound).Find("h1").Text(), "that costs nothing")
}

// Without a believed header it is the address that counts, an IPv6 network as one.
func TestClientsAreToldApart(t *testing.T) {
	for name, c := range map[string]struct {
		proven      bool
		first, next string
		same        bool
	}{
		"an address":                {false, "192.0.2.1:1000", "192.0.2.1:2000", true},
		"two addresses":             {false, "192.0.2.1:1000", "192.0.2.2:1000", false},
		"an IPv4 address as IPv6":   {false, "192.0.2.1:1000", "[::ffff:192.0.2.1]:1000", true},
		"one IPv6 network":          {false, "[2001:db8::1]:1000", "[2001:db8::ffff:1]:1000", true},
		"two IPv6 networks":         {false, "[2001:db8::1]:1000", "[2001:db8:0:1::1]:1000", false},
		"an IPv6 address in a zone": {false, "[fe80::1%eth0]:1000", "[fe80::1%eth1]:1000", true},
		"no address":                {false, "@", "@", true},
		"two tools of a gateway":    {true, "192.0.2.1:1000", "192.0.2.1:1000", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, setup{values: sample, options: server.Options{
				ClientRate: aDay, ClientBurst: 1, Proven: func(*http.Request) bool { return c.proven },
			}})
			status := func(address, tool string) int {
				r := httptest.NewRequest(http.MethodGet, "/v1/images", nil)
				r.RemoteAddr = address
				r.Header.Set("X-Toolforge-Tool", tool) // believed of a gateway alone
				w := httptest.NewRecorder()
				s.server.Handler().ServeHTTP(w, r)
				return w.Code
			}
			require.Equal(t, http.StatusOK, status(c.first, "alpha"))
			want := http.StatusOK
			if c.same {
				want = http.StatusServiceUnavailable
			}
			require.Equal(t, want, status(c.next, "beta"))
		})
	}
}

// However many clients come, few are remembered; and who asks all the time is not
// forgotten because of them.
func TestClientsAreForgotten(t *testing.T) {
	s := start(t, setup{values: sample, options: server.Options{ClientRate: aDay, ClientBurst: 1}})
	s.server.KeepClients(10)
	require.Equal(t, http.StatusOK, s.get(t, "/v1/images", "X-Toolforge-Tool", "busy").status)
	for i := range 100 {
		require.Equal(t, http.StatusOK, s.get(t, "/v1/images", "X-Toolforge-Tool", fmt.Sprint("tool", i)).status)
		require.Equal(t, http.StatusServiceUnavailable, s.get(t, "/v1/images", "X-Toolforge-Tool", "busy").status)
	}
	require.LessOrEqual(t, s.server.Clients(), 20)
}

// While what is in use comes near the limit that Go's runtime was given, data are
// not answered, and whoever looks after the service still is.
func TestMemoryThatRunsShortShedsLoad(t *testing.T) {
	runtime.GC()
	runtime.GC() // pools are emptied by a second one
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	before := debug.SetMemoryLimit(1 << 40)
	defer debug.SetMemoryLimit(before)
	require.Equal(t, int64(math.MaxInt64), before, "the tests run without a limit")
	s := start(t, setup{values: sample})
	s.server.LookAlways()
	require.Equal(t, http.StatusOK, s.get(t, "/v1/images").status)

	debug.SetMemoryLimit(int64(now.HeapAlloc / 2))
	runtime.GC() // what is live is known then
	requireShed(t, s)
	require.Equal(t, strconv.Itoa(len(everyRoute)-len(operations)), metric(t, s, `bayplan_http_requests_shed_total{reason="memory"}`))

	debug.SetMemoryLimit(1 << 40)
	require.Equal(t, http.StatusOK, s.get(t, "/v1/images").status, "it is over as soon as there is room")
}

// metric gives the value of one line of the metrics.
func metric(t *testing.T, s *service, name string) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindSubmatch(s.get(t, "/v1/metrics").body)
	require.NotNil(t, found, name)
	return string(found[1])
}
