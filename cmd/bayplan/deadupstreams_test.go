package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// death is a way in which an upstream can be dead.
type death struct {
	name string
	// fault answers in its place, or strike does what else it takes and gives what
	// makes it well.
	fault  harbortest.Fault
	strike func(t *testing.T, u *upstream, ours *authority) (heal func())
	// kinds are the reasons that may be given in /v1/catalog and the metrics.
	kinds []string
	// some tells that something is answered all the same, so that not all is stale.
	some bool
	// not are upstreams that it means nothing to.
	not []string
}

var (
	unreachable = []string{"unreachable"}
	denied      = []string{"denied"}
)

func deaths() []death {
	return []death{
		{name: "refused", strike: refuse, kinds: unreachable},
		{name: "name unknown", strike: loseName(dnsmessage.RCodeNameError), kinds: unreachable},
		{name: "name not looked up", strike: loseName(dnsmessage.RCodeServerFailure), kinds: unreachable},
		{name: "certificate of another name", strike: certifyAs(func(t *testing.T, ours *authority, _ string) *x509.Certificate {
			return &x509.Certificate{DNSNames: []string{"other.example"}}
		}), kinds: unreachable},
		{name: "certificate expired", strike: certifyAs(func(t *testing.T, ours *authority, dns string) *x509.Certificate {
			return &x509.Certificate{DNSNames: []string{dns}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(-24 * time.Hour)}
		}), kinds: unreachable},
		{name: "certificate of another authority", strike: func(t *testing.T, u *upstream, ours *authority) func() {
			u.certify(newAuthority(t).serves(t, u.dns))
			return func() { u.certify(ours.serves(t, u.dns)) }
		}, kinds: unreachable},
		{name: "401", fault: harbortest.Status(http.StatusUnauthorized), kinds: denied},
		{name: "403", fault: harbortest.Status(http.StatusForbidden), kinds: denied},
		{name: "404", fault: harbortest.Status(http.StatusNotFound), kinds: []string{"unreachable", "not_found"}},
		{name: "429 with Retry-After", fault: harbortest.RetryAfter(http.StatusTooManyRequests, 1), kinds: []string{"rate_limited"}},
		{name: "500", fault: harbortest.Status(http.StatusInternalServerError), kinds: unreachable},
		{name: "503", fault: harbortest.Status(http.StatusServiceUnavailable), kinds: unreachable},
		{name: "503 with Retry-After", fault: harbortest.RetryAfter(http.StatusServiceUnavailable, 1), kinds: unreachable},
		{name: "HTML for JSON", fault: harbortest.HTML(http.StatusOK), kinds: unreachable},
		{name: "null for a list", fault: harbortest.NullList(), kinds: unreachable},
		{name: "accepts and says nothing", fault: harbortest.NewStall().Fault, kinds: unreachable},
		{name: "headers and then nothing", fault: harbortest.HeaderAlone(), kinds: unreachable},
		{name: "a byte a second", fault: harbortest.SlowDrip(time.Second), kinds: unreachable},
		{name: "endless body", fault: harbortest.EndlessBody(), kinds: []string{"too_large", "unreachable"}},
		{name: "endless pages", fault: harbortest.EndlessTags(), kinds: []string{"too_large", "unreachable"}, some: true, not: []string{"Harbor API"}},
		{name: "endless pages", fault: endlessRows, kinds: unreachable, not: []string{"chart registry", "image registry"}},
		{name: "next page is itself", fault: harbortest.LoopingTags(), kinds: []string{"too_large", "unreachable"}, some: true, not: []string{"Harbor API"}},
		{name: "garbage", fault: harbortest.Garbage(), kinds: unreachable},
		{name: "reset", fault: harbortest.Reset(), kinds: unreachable},
		{name: "length too long", fault: harbortest.WrongLength(9), kinds: unreachable},
		{name: "length too short", fault: harbortest.WrongLength(-9), kinds: unreachable},
		{name: "long header", fault: harbortest.LongHeader(1 << 20), kinds: unreachable},
		{name: "gzip bomb", fault: harbortest.GzipBomb(), kinds: unreachable},
	}
}

// endlessRows claims more and more rows, and has the first page for each.
func endlessRows(w http.ResponseWriter, r *http.Request, next http.Handler) {
	harbortest.TotalCount(1<<40)(w, r, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		harbortest.EndlessPaging()(w, r, next)
	}))
}

func refuse(t *testing.T, u *upstream, _ *authority) func() {
	u.hangUp()
	return func() { u.listen(t) }
}

func loseName(how dnsmessage.RCode) func(*testing.T, *upstream, *authority) func() {
	return func(_ *testing.T, u *upstream, _ *authority) func() {
		hostNames.lose(u.dns, how)
		u.drop() // connections that there are need no name
		return func() { hostNames.find(u.dns) }
	}
}

func certifyAs(template func(t *testing.T, ours *authority, dns string) *x509.Certificate) func(*testing.T, *upstream, *authority) func() {
	return func(t *testing.T, u *upstream, ours *authority) func() {
		u.certify(ours.sign(t, template(t, ours, u.dns)))
		return func() { u.certify(ours.serves(t, u.dns)) }
	}
}

// inARow is how many deaths one service meets, one after the other.
const inARow = 9

// Each upstream dies in all ways that it can, while clients ask about everything:
// no question fails, what was known stays and is marked, the reason is told, memory
// stays in bounds, and there is one refresh at a time. Alive again it is believed
// again.
func TestDeadUpstreams(t *testing.T) {
	peak := watchHeap(t)
	group := together()
	var mu sync.Mutex
	var lines []string
	for n, name := range []string{"chart registry", "Harbor API", "image registry"} {
		mine := slices.DeleteFunc(deaths(), func(d death) bool { return slices.Contains(d.not, name) })
		for part := range slices.Chunk(mine, inARow) {
			group.Go(func() error {
				t.Run(name+"/"+part[0].name, func(t *testing.T) {
					told := die(t, n, part)
					mu.Lock()
					defer mu.Unlock()
					lines = append(lines, told...)
				})
				return nil
			})
		}
	}
	require.NoError(t, group.Wait())
	slices.Sort(lines)
	t.Logf("\n%s\nheap: at most %d MiB more than before", strings.Join(lines, "\n"), peak()>>20)
	require.Less(t, peak(), uint64(maxHeap))
}

// maxHeap bounds what all services of the test, their upstreams and clients may
// have on the heap at a time beyond what there was.
const maxHeap = 256 << 20

// watchHeap samples the heap, garbage included, and gives how much more there was
// at most than at first.
func watchHeap(t *testing.T) (peak func() uint64) {
	t.Helper()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	first, most := sample[0].Value.Uint64(), uint64(0)
	var mu sync.Mutex
	look := func() {
		mu.Lock()
		defer mu.Unlock()
		metrics.Read(sample)
		if now := sample[0].Value.Uint64(); now > first {
			most = max(most, now-first)
		}
	}
	go func() {
		for t.Context().Err() == nil {
			look()
			pauseFor(t.Context(), 5*time.Millisecond)
		}
	}()
	return func() uint64 {
		look()
		mu.Lock()
		defer mu.Unlock()
		return most
	}
}

// die has one upstream of a platform die in several ways, one after the other.
func die(t *testing.T, which int, ways []death) []string {
	p := newFaultyPlatform(t, limits())
	ours := p.secure(t)
	u := p.upstreams()[which]
	p.start(t)
	clients := besiege(t, p.address, p.questions(), 3, 10*time.Millisecond)
	var told []string
	for _, way := range ways {
		before := p.rounds(t, u)
		known := p.change(t, u)
		heal := func() { u.spoil(nil) }
		if way.strike != nil {
			heal = way.strike(t, u, ours)
		} else {
			u.spoil(way.fault)
		}
		var reason string
		eventually(t, func() (err error) {
			reason, err = way.tells(t, p, u, before)
			return err
		})
		if !way.some {
			eventually(t, func() error { return p.marked(t, u) })
		}
		pauseFor(t.Context(), *hold)
		if way.fault != nil {
			require.Positive(t, u.strikes())
		}
		heal()
		recovered := eventually(t, func() error { return errors.Join(p.fresh(t, u), known()) })
		told = append(told, fmt.Sprintf("%-15s %-33s well again after %-6v %s", u.name, way.name, recovered.Round(10*time.Millisecond), reason))
	}
	require.Empty(t, u.twice(), "asked for twice at a time")
	return append(told, fmt.Sprintf("%-15s %-33s %s", u.name, "~ "+ways[0].name+" and so on", clients.report(t)))
}

// tells gives the reason that is told of a death, or why none is told yet.
func (d death) tells(t *testing.T, p *faultyPlatform, u *upstream, before rounds) (reason string, err error) {
	t.Helper()
	failing := p.failing(t, u)
	switch {
	case failing == nil:
		return "", fmt.Errorf("%s: the %s does not fail", d.name, u.name)
	case !slices.Contains(d.kinds, failing.Kind) || failing.Message == "":
		return "", fmt.Errorf("%s: the %s fails as %s: %s", d.name, u.name, failing.Kind, failing.Message)
	}
	if now := p.rounds(t, u); now.outcomes[failing.Kind] == before.outcomes[failing.Kind] {
		return "", fmt.Errorf("%s: no %s is counted: %v", d.name, failing.Kind, now.outcomes)
	}
	return failing.Message, nil
}
