package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// hold is how long each fault stays once it has shown. With it the service also
// waits for upstreams as long as it does for everybody, where the tests have
// shorter limits else.
var hold = flag.Duration("hold", 0, "how long each fault of an upstream stays, with the program's own time limits (0: until it shows, with short ones)")

// limits are those that go with the flag.
func limits() platformLimits {
	if *hold > 0 {
		return platformLimits{}
	}
	return shortLimits
}

// toxic is one of toxiproxy's, and what it has to do to a source.
type toxic struct {
	name       string
	kind       string
	attributes map[string]int64
	// fails tells that a source that is asked through it cannot answer.
	fails bool
	// slower is how much longer a round through it takes at the least than rounds
	// did before, where it does not fail; zero where nobody has to notice.
	slower time.Duration
	// untilClosed has the upstream end its answers with the connection, as servers
	// of HTTP/1.0 do.
	untilClosed bool
}

// toxics are toxiproxy's, upstream (what is asked) and downstream (what is
// answered).
func toxics() map[string][]toxic {
	both := []toxic{
		{name: "latency", attributes: map[string]int64{"latency": 300, "jitter": 50}, slower: 200 * time.Millisecond},
		{name: "bandwidth", attributes: map[string]int64{"rate": 1}, slower: 150 * time.Millisecond},
		{name: "timeout", attributes: map[string]int64{"timeout": 0}, fails: true},
		{name: "timeout that hangs up", kind: "timeout", attributes: map[string]int64{"timeout": 50}, fails: true},
		{name: "reset_peer", attributes: map[string]int64{"timeout": 20}, fails: true},
		{name: "slicer", attributes: map[string]int64{"average_size": 16, "size_variation": 8, "delay": 20_000}, slower: 150 * time.Millisecond},
		{name: "limit_data", attributes: map[string]int64{"bytes": 60}, fails: true},
	}
	closing := map[string]int64{"delay": 400}
	return map[string][]toxic{
		// What the service closes late is the upstream's affair.
		"upstream":   append(slices.Clone(both), toxic{name: "slow_close", attributes: closing}),
		"downstream": append(slices.Clone(both), toxic{name: "slow_close", attributes: closing, slower: 300 * time.Millisecond, untilClosed: true}),
	}
}

// between puts a proxy of toxiproxy between the service and an upstream.
func between(t *testing.T, p *faultyPlatform, u *upstream) *toxiproxy.Proxy {
	t.Helper()
	zerolog.SetGlobalLevel(zerolog.Disabled) // some toxics log to a logger of their own
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy := toxiproxy.NewProxy(api, u.name, "127.0.0.1:0", u.address)
	require.NoError(t, proxy.Start())
	t.Cleanup(proxy.Stop)
	p.reach(u, proxy.Listen)
	return proxy
}

// add puts the toxic into a proxy, for one direction, and gives what takes it out.
func (x toxic) add(t *testing.T, proxy *toxiproxy.Proxy, direction string) (remove func()) {
	t.Helper()
	kind := x.kind
	if kind == "" {
		kind = x.name
	}
	text, err := json.Marshal(map[string]any{"name": x.name, "type": kind, "stream": direction, "toxicity": 1, "attributes": x.attributes})
	require.NoError(t, err)
	_, err = proxy.Toxics.AddToxicJson(bytes.NewReader(text))
	require.NoError(t, err)
	return func() {
		t.Helper()
		require.NoError(t, proxy.Toxics.RemoveToxic(t.Context(), x.name))
	}
}

// Each of toxiproxy's toxics, in each direction, comes to each of the three
// upstreams and goes, while clients ask about everything. No question fails; the
// source is seen to suffer; and when the toxic is gone, so is its effect: what
// changed meanwhile is what is answered.
func TestToxics(t *testing.T) {
	var group sync.WaitGroup
	var mu sync.Mutex
	var lines []string
	for direction, all := range toxics() {
		for _, x := range all {
			group.Go(func() { // all at once: they wait most of the time
				t.Run(direction+"/"+x.name, func(t *testing.T) {
					told := suffer(t, x, direction)
					mu.Lock()
					defer mu.Unlock()
					lines = append(lines, fmt.Sprintf("%-10s %-22s %s", direction, x.name, told))
				})
			})
		}
	}
	group.Wait()
	slices.Sort(lines)
	t.Logf("\n%s", strings.Join(lines, "\n"))
}

// suffer has a toxic come to each upstream of a platform in turn, and tells how
// that went.
func suffer(t *testing.T, x toxic, direction string) string {
	p := newFaultyPlatform(t, limits())
	proxies := map[*upstream]*toxiproxy.Proxy{}
	for _, u := range p.upstreams() {
		if x.untilClosed {
			u.spoil(harbortest.UntilClosed())
		}
		proxies[u] = between(t, p, u)
	}
	p.start(t)
	clients := besiege(t, p.address, p.questions(), 3, 10*time.Millisecond)
	var told []string
	for _, u := range p.upstreams() {
		before := p.rounds(t, u)
		remove := x.add(t, proxies[u], direction)
		known := p.change(t, u)
		eventually(t, func() error { return x.shows(t, p, u, before) })
		if x.fails {
			eventually(t, func() error { return p.marked(t, u) })
		}
		if x.kind == "" && x.name == "slow_close" && direction == "upstream" {
			requireClosedLate(t, u, proxies[u].Listen, x)
		}
		pauseFor(t.Context(), *hold)
		what := "slow"
		if p.failing(t, u) != nil {
			what = "failing"
		}
		remove()
		recovered := eventually(t, func() error { return errors.Join(p.fresh(t, u), known()) })
		told = append(told, fmt.Sprintf("%s %s, well again after %v", u.name, what, recovered.Round(10*time.Millisecond)))
	}
	return clients.report(t).String() + "\n" + strings.Repeat(" ", 34) + strings.Join(told, "; ")
}

// shows tells why a toxic has had no effect on an upstream's source yet.
func (x toxic) shows(t *testing.T, p *faultyPlatform, u *upstream, before rounds) error {
	t.Helper()
	failing := p.failing(t, u)
	if x.fails {
		if failing == nil {
			return fmt.Errorf("the %s does not fail", u.name)
		}
		require.Equal(t, "unreachable", failing.Kind, "%v", failing)
		return nil
	}
	took, usual := p.rounds(t, u).since(before), before.since(rounds{})
	if failing == nil && x.slower > 0 && took < usual+x.slower {
		return fmt.Errorf("rounds at the %s take %v, and took %v", u.name, took, usual)
	}
	return nil
}

// requireClosedLate checks that an upstream learns late that a client has left,
// which no client can notice.
func requireClosedLate(t *testing.T, u *upstream, proxy string, x toxic) {
	t.Helper()
	conn, err := net.Dial("tcp", proxy)
	require.NoError(t, err)
	_, err = conn.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n" + probeMark + ": 1\r\n\r\n"))
	require.NoError(t, err)
	var served net.Conn
	eventually(t, func() error {
		if served = u.probed(); served == nil {
			return errors.New("the probe did not arrive")
		}
		return nil
	})
	left := time.Now()
	require.NoError(t, conn.Close())
	eventually(t, func() error {
		if u.closedAt(served).IsZero() {
			return errors.New("the probe's connection is open")
		}
		return nil
	})
	delay := time.Duration(x.attributes["delay"]) * time.Millisecond
	require.GreaterOrEqual(t, u.closedAt(served).Sub(left), delay*3/4)
}
