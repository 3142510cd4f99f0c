package main

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api/apitest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/client"
)

var restarts = flag.Int("restarts", 1, "how often the test of rolling restarts restarts each replica")

// One replica after the other is restarted, as a deployment does it, while clients
// ask: through a balancer, and directly, by readiness. Every request is answered,
// with all that it is about. Nobody asks twice but the balancer, which goes to
// another replica where it cannot reach one.
func TestRollingRestartFailsNoRequest(t *testing.T) {
	f := newFleet(t, "--shutdown-delay", "500ms")
	for _, m := range f.members { // with a disk of its own, from here on
		m.terminate(t)
		m.args = append(m.args, "--state-dir", filepath.Join(m.dir, "state"))
		m.boot(t)
	}
	seeded := f.harbor.Seed(harbortest.Seed{Prefix: "tool-t", Projects: 200})
	f.alike(t, seeded[len(seeded)-1]+":latest")
	b := balance(t, f)

	l := startLoad(t, f, b)
	for range *restarts {
		for n, m := range f.members {
			m.terminate(t)
			m.boot(t)
			require.Eventually(t, l.cluster.ready[n].Load, patience, pollEvery)
			l.untilAsked(t, 200)
		}
	}
	l.stop()

	for _, failure := range l.failures {
		t.Error(failure)
	}
	require.NotZero(t, l.ended.Load(), "no replica told a client that it was about to end")
	require.NotZero(t, l.resets.Load(), "no reader of events moved")
	t.Logf("%d restarts, %d requests, %d failed; %d passed on by the balancer; %d on a connection of before, %d connections ended by a replica; %d times events began anew",
		*restarts*len(f.members), l.asked.Load(), len(l.failures), b.passedOn(t), l.reused.Load(), l.ended.Load(), l.resets.Load())
	for way, times := range l.times {
		slices.Sort(times)
		t.Logf("%s: %d requests, median %s, 99%% within %s, longest %s", way, len(times),
			times[len(times)/2].Round(10*time.Microsecond), times[len(times)*99/100].Round(10*time.Microsecond), times[len(times)-1].Round(10*time.Microsecond))
	}
}

// loadQuestion is one of those that the load is made of, and what its answer must have.
type loadQuestion struct {
	path    string
	headers []string
	has     string
}

var loadQuestions = []loadQuestion{
	{"/v1/images", nil, `"short_name":"tool-alpha/alpha:latest"`},
	{"/v1/images", []string{"Accept-Encoding", "gzip"}, `"short_name":"tool-t000199/tool-t000199:latest"`},
	{"/v1/images?limit=2", nil, `"short_name":"bookworm"`},
	{"/v1/images/bookworm", nil, `"exists":true`},
	{"/v1/image-config", nil, "bookworm"},
	{"/v1/catalog", nil, `"version":"0.0.28"`},
	{"/v1/tool/gamma/images", []string{"X-Toolforge-Tool", "gamma"}, `"short_name":"tool-gamma/gamma:latest"`},
	{"/v1/tool/gamma/images", []string{"X-Toolforge-Tool", "gamma", "Cache-Control", "no-cache"}, `"short_name":"tool-gamma/gamma:latest"`},
	{"/v1/tool/alpha/images/resolve?name=tool-alpha/worker&name=bookworm", []string{"X-Toolforge-Tool", "alpha"}, `"short_name":"tool-alpha/worker:latest"`},
}

// load is clients who ask without a pause.
type load struct {
	cluster *readiness
	cancel  context.CancelFunc
	done    sync.WaitGroup

	asked, reused, ended, resets atomic.Int64

	mu       sync.Mutex
	failures []string
	times    map[string][]time.Duration
}

// Clients of each kind.
const loadClients = 3

func startLoad(t *testing.T, f *fleet, b *balancer) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{cancel: cancel, times: map[string][]time.Duration{}}
	t.Cleanup(l.stop)
	l.cluster = watch(ctx, f.members, &l.done)
	two := visitor(f.ours, &f.gateway, &tls.Config{})
	two.Transport.(*http.Transport).DisableKeepAlives = false
	t.Cleanup(two.CloseIdleConnections)
	for n := range loadClients {
		l.done.Go(func() { l.ask(ctx, "through the balancer", b.url, exchangeOf(b.client)) })
		l.done.Go(func() {
			c := &steadyClient{of: l.cluster}
			if n == 0 {
				c.each = 200 // so that replicas that came back are asked too
			}
			defer c.hangUp()
			l.ask(ctx, "directly", "https://localhost", c.do)
			l.reused.Add(int64(c.reused))
			l.ended.Add(int64(c.ended))
		})
	}
	l.done.Go(func() {
		exchange := exchangeOf(two)
		l.ask(ctx, "directly, HTTP/2", "https://localhost", func(r *http.Request) (*http.Response, []byte, error) {
			r.URL.Host = l.cluster.one().address // there is always one
			return exchange(r)
		})
	})
	l.done.Go(func() { l.list(ctx, b) })
	l.done.Go(func() { l.follow(ctx, b) })
	l.done.Go(func() { // what is asked for changes
		for n := 0; ctx.Err() == nil; n++ {
			if _, err := f.harbor.Push(fmt.Sprintf("tool-alpha/load-%d", n%50), "latest", harbortest.Profile{}); err != nil {
				l.fail("push", err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(readinessEvery):
			}
		}
	})
	return l
}

// stop ends the load, and waits for it.
func (l *load) stop() {
	l.cancel()
	l.done.Wait()
}

// untilAsked waits for so many more requests.
func (l *load) untilAsked(t *testing.T, more int64) {
	t.Helper()
	until := l.asked.Load() + more
	require.Eventually(t, func() bool { return l.asked.Load() >= until }, patience, pollEvery)
}

func (l *load) fail(what string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.failures) < 20 {
		l.failures = append(l.failures, fmt.Sprintf("%s: %v", what, err))
	}
}

type exchange func(*http.Request) (*http.Response, []byte, error)

func exchangeOf(c *http.Client) exchange {
	return func(request *http.Request) (*http.Response, []byte, error) {
		response, err := c.Do(request)
		if err != nil {
			return nil, nil, err
		}
		defer func() { _ = response.Body.Close() }() // it was read to its end, or that failed
		body, err := io.ReadAll(response.Body)
		return response, body, err
	}
}

// ask asks one question after the other, every other time with the entity tag of
// the last answer.
func (l *load) ask(ctx context.Context, way, base string, do exchange) {
	tags := map[int]string{}
	var times []time.Duration
	for n := rand.IntN(len(loadQuestions)); ctx.Err() == nil; n++ {
		which := n % len(loadQuestions)
		q := loadQuestions[which]
		// The load's end is between two requests.
		request, err := http.NewRequestWithContext(testContext(), http.MethodGet, base+q.path, nil)
		if err != nil {
			l.fail(way, err)
			return
		}
		request.Header.Set("Accept-Encoding", "identity")
		for k := 0; k < len(q.headers); k += 2 {
			request.Header.Set(q.headers[k], q.headers[k+1])
		}
		if tag := tags[which]; tag != "" && n%2 == 0 {
			request.Header.Set("If-None-Match", tag)
		}
		began := time.Now()
		response, body, err := do(request)
		times = append(times, time.Since(began))
		if err == nil {
			err = q.check(request, response, body)
		}
		if err != nil {
			l.fail(way+": "+q.path, err)
		} else if tag := response.Header.Get("ETag"); tag != "" {
			tags[which] = tag
		}
		l.asked.Add(1)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.times[way] = append(l.times[way], times...)
}

// check tells what is wrong with an answer.
func (q loadQuestion) check(request *http.Request, response *http.Response, body []byte) error {
	switch {
	case response.StatusCode == http.StatusNotModified && request.Header.Get("If-None-Match") == response.Header.Get("ETag"):
		return nil
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("%s by %s: %s", response.Status, response.Header.Get(servedBy), body)
	}
	text := string(body)
	if response.Header.Get("Content-Encoding") == "gzip" {
		packed, err := gzip.NewReader(strings.NewReader(text))
		if err != nil {
			return err
		}
		plain, err := io.ReadAll(packed)
		if err != nil {
			return err
		}
		text = string(plain)
	}
	if !strings.Contains(text, q.has) {
		return fmt.Errorf("%s is not in %.2000s", q.has, text)
	}
	return nil
}

// list asks for the list with the Go client that consumers have, which keeps what
// it has by entity tag.
func (l *load) list(ctx context.Context, b *balancer) {
	c, err := client.New(b.url, client.Options{})
	if err != nil {
		l.fail("client", err)
		return
	}
	for ctx.Err() == nil {
		answer, err := c.List(testContext(), client.Query{})
		if err == nil {
			err = answer.Failure
		}
		if err == nil && len(answer.Body.Images) < 200 {
			err = fmt.Errorf("%d images", len(answer.Body.Images))
		}
		if err != nil {
			l.fail("server/client", err)
		}
		l.asked.Add(1)
	}
}

// follow follows events through the balancer, and comes back with the last id
// when a stream ends.
func (l *load) follow(ctx context.Context, b *balancer) {
	id, address := "", b.url+"/v1/events"
	for ctx.Err() == nil {
		if err := l.followOnce(ctx, b, address, &id); err != nil && ctx.Err() == nil {
			l.fail("events", err)
		}
	}
}

func (l *load) followOnce(ctx context.Context, b *balancer, address string, id *string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	if *id != "" {
		request.Header.Set("Last-Event-ID", *id)
	}
	response, err := b.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // it has no end of its own
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s", response.Status)
	}
	l.asked.Add(1)
	events := apitest.NewEventReader(response.Body)
	for {
		event, err := events.Next()
		if errors.Is(err, io.EOF) {
			return nil // the replica ends: the next one says how to go on
		}
		if err != nil {
			return err
		}
		if event.Name == "reset" {
			l.resets.Add(1)
		}
		*id = event.ID
	}
}
