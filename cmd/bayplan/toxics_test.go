package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// hold is how long each fault stays once it has shown. With it the service also
// waits for upstreams as long as it does for everybody, where the tests have
// shorter limits else.
var hold = flag.Duration("hold", 0, "how long each fault of an upstream stays, with the program's own time limits (0: until it shows, with short ones)")

// together runs some platforms at a time, which wait most of the time. With the
// flag it is all of them.
func together() *errgroup.Group {
	group := &errgroup.Group{}
	if *hold == 0 {
		group.SetLimit(5)
	}
	return group
}

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
	// slower is how long a round through it takes at the least, where it does not
	// fail, and many times what one takes without; zero where nobody has to notice.
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

// Each of toxiproxy's toxics, in each direction, comes to each of the three
// upstreams and goes, while clients ask about everything. No question fails; the
// source is seen to suffer; and when the toxic is gone, so is its effect: what
// changed meanwhile is what is answered.
func TestToxics(t *testing.T) {
	group := together()
	var mu sync.Mutex
	var lines []string
	for direction, all := range toxics() {
		for _, x := range all {
			group.Go(func() error {
				t.Run(direction+"/"+x.name, func(t *testing.T) {
					told := suffer(t, x, direction)
					mu.Lock()
					defer mu.Unlock()
					lines = append(lines, fmt.Sprintf("%-10s %-22s %s", direction, x.name, told))
				})
				return nil
			})
		}
	}
	require.NoError(t, group.Wait())
	slices.Sort(lines)
	t.Logf("\n%s", strings.Join(lines, "\n"))
}

// suffer has a toxic come to each upstream of a platform in turn, and tells how
// that went.
func suffer(t *testing.T, x toxic, direction string) string {
	p := newFaultyPlatform(t, limits())
	proxies := map[*upstream]*toxicProxy{}
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
		remove := proxies[u].add(t, x, direction)
		known := p.change(t, u)
		eventually(t, func() error { return x.shows(t, p, u, before) })
		if x.fails {
			eventually(t, func() error { return p.marked(t, u) })
		}
		if x.kind == "" && x.name == "slow_close" && direction == "upstream" {
			requireClosedLate(t, u, proxies[u].address, x)
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
	if took := p.rounds(t, u).since(before); failing == nil && took < x.slower {
		return fmt.Errorf("rounds at the %s take %v", u.name, took)
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
