package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api/apitest"
)

// question is one thing that clients ask again and again.
type question struct {
	path  string
	tool  string // who asks; "" is anybody
	fresh bool   // says no-cache
	waits bool   // may wait for an upstream without saying so
	// check says what is wrong with an answer that is well-formed; nil takes it.
	check func(body []byte) error
}

// freshLimit is what the contract promises to whoever says no-cache.
const freshLimit = 3 * time.Second

// margin is what an answer may take besides. It is a figure with the flag alone,
// where the machine does nothing else: a test among others, perhaps under the race
// detector, would measure those.
func margin() time.Duration {
	if *hold > 0 {
		return time.Second
	}
	return 20 * time.Second
}

// crowd is clients that ask a service about everything without a pause that is
// worth the name, and hold each answer against what must never be different.
type crowd struct {
	address   string
	questions []question
	client    *http.Client
	stop      context.CancelFunc
	group     sync.WaitGroup

	mu       sync.Mutex
	valid    map[uint64]bool // answers that were held against the contract
	seed     maphash.Seed
	asked    int
	events   int
	failed   int
	failures []string               // the first few
	slowest  map[bool]time.Duration // by whether it may wait for an upstream
	worst    map[bool]string
}

// besiege lets clients ask, each with so much of a pause between two questions,
// until halt.
func besiege(t *testing.T, address string, questions []question, clients int, pause time.Duration) *crowd {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	transport := &http.Transport{MaxIdleConnsPerHost: clients + 2}
	c := &crowd{
		address: address, questions: questions, stop: stop, client: &http.Client{Transport: transport, Timeout: patience},
		valid: map[uint64]bool{}, seed: maphash.MakeSeed(), slowest: map[bool]time.Duration{}, worst: map[bool]string{},
	}
	for n := range clients {
		c.group.Go(func() {
			for i := n * len(questions) / clients; ctx.Err() == nil; i++ {
				c.put(ctx, questions[i%len(questions)])
				pauseFor(ctx, pause)
			}
		})
	}
	c.group.Go(func() { c.follow(ctx, question{path: "/v1/events"}) })
	c.group.Go(func() { c.follow(ctx, question{path: "/v1/tool/alpha/events", tool: "alpha"}) })
	t.Cleanup(func() {
		c.halt()
		transport.CloseIdleConnections()
	})
	return c
}

func pauseFor(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// halt sends the clients home once they have their answers.
func (c *crowd) halt() {
	c.stop()
	c.group.Wait()
}

// asks tells whether fewer questions were asked than wanted.
func (c *crowd) asks(wanted int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked < wanted {
		return fmt.Errorf("%d questions were asked, not %d", c.asked, wanted)
	}
	return nil
}

// put asks one question and judges the answer.
func (c *crowd) put(ctx context.Context, q question) {
	began := time.Now()
	err := c.ask(context.WithoutCancel(ctx), q)
	took := time.Since(began)
	limit := margin()
	if q.fresh || q.waits {
		limit += freshLimit
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	if waits := q.fresh || q.waits; took > c.slowest[waits] {
		c.slowest[waits], c.worst[waits] = took, q.path
	}
	if err == nil && took > limit {
		err = fmt.Errorf("it took %v", took)
	}
	if err != nil {
		c.fail(q, err)
	}
}

func (c *crowd) fail(q question, err error) {
	if c.failed++; len(c.failures) < 20 {
		c.failures = append(c.failures, fmt.Sprintf("%s %s no-cache=%v: %v", time.Now().Format("15:04:05.000"), q.path, q.fresh, err))
	}
}

func (q question) request(ctx context.Context, address string) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+q.path, nil)
	if err != nil {
		return nil, err
	}
	if q.tool != "" {
		request.Header.Set("X-Toolforge-Tool", q.tool)
	}
	if q.fresh {
		request.Header.Set("Cache-Control", "no-cache")
	}
	return request, nil
}

func (c *crowd) ask(ctx context.Context, q question) error {
	request, err := q.request(ctx, c.address)
	if err != nil {
		return err
	}
	response, err := c.client.Do(request)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %.300s", response.Status, body)
	}
	if err := c.validate(request, response, body); err != nil {
		return err
	}
	if q.check != nil {
		return q.check(body)
	}
	return nil
}

// validate holds an answer against the contract. One that was held already is
// not held again: most are the same.
func (c *crowd) validate(request *http.Request, response *http.Response, body []byte) error {
	sum := maphash.Comparable(c.seed, request.URL.String()) ^ maphash.Bytes(c.seed, body)
	c.mu.Lock()
	known := c.valid[sum]
	c.mu.Unlock()
	if known {
		return nil
	}
	if err := apitest.Check(request, response, body); err != nil {
		return fmt.Errorf("not what schemas/openapi.yaml says: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.valid[sum] = true
	return nil
}

// follow reads a stream of events, which nothing that happens to an upstream may
// end.
func (c *crowd) follow(ctx context.Context, q question) {
	err := func() error {
		request, err := q.request(ctx, c.address)
		if err != nil {
			return err
		}
		response, err := (&http.Client{Transport: c.client.Transport}).Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return errors.New(response.Status)
		}
		lines := bufio.NewScanner(response.Body)
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "event: ") {
				c.mu.Lock()
				c.events++
				c.mu.Unlock()
			}
		}
		if err := lines.Err(); err != nil {
			return err
		}
		return io.ErrUnexpectedEOF
	}()
	if ctx.Err() == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.fail(q, err)
	}
}

// report sends the clients home, tells how they fared, and fails the test if one
// of them had cause to complain.
func (c *crowd) report(t *testing.T) tally {
	t.Helper()
	c.halt()
	c.mu.Lock()
	defer c.mu.Unlock()
	require.Zero(t, c.failed, "of %d questions:\n%s", c.asked, strings.Join(c.failures, "\n"))
	require.Greater(t, c.asked, len(c.questions), "every question was asked")
	require.GreaterOrEqual(t, c.events, 2, "both streams began")
	return tally{asked: c.asked, slowest: c.slowest[false], fresh: c.slowest[true], worst: c.worst[false], worstFresh: c.worst[true]}
}

// tally is what came of a crowd.
type tally struct {
	asked             int
	slowest, fresh    time.Duration
	worst, worstFresh string
}

func (t tally) String() string {
	return fmt.Sprintf("%d questions, 0 failed; slowest answer %v (%s), where an upstream is asked %v (%s)", t.asked,
		t.slowest.Round(time.Millisecond), t.worst, t.fresh.Round(time.Millisecond), t.worstFresh)
}

// holds checks that a list has these images, that each is there, and that there
// is no other of another tool.
func holds(names ...string) func([]byte) error {
	return func(body []byte) error {
		var list api.ImagesAnswer
		if err := json.Unmarshal(body, &list); err != nil {
			return err
		}
		for _, name := range names {
			at := slices.IndexFunc(list.Images, func(i api.Image) bool { return i.ShortName == name })
			if at < 0 {
				return fmt.Errorf("%s is not in the list", name)
			}
			if err := present(list.Images[at], name); err != nil {
				return err
			}
		}
		if strings.Contains(string(body), "gamma") {
			return errors.New("a private tool is in the list")
		}
		return nil
	}
}

// is checks that an answer is one image, which is there.
func is(name string) func([]byte) error {
	return func(body []byte) error {
		var answer api.ImageAnswer
		if err := json.Unmarshal(body, &answer); err != nil {
			return err
		}
		return present(answer.Image, name)
	}
}

// are checks that an answer is several resolved names.
func are(names ...string) func([]byte) error {
	return func(body []byte) error {
		var answer api.ResolutionsAnswer
		if err := json.Unmarshal(body, &answer); err != nil {
			return err
		}
		for n, name := range names {
			if n >= len(answer.Results) {
				return fmt.Errorf("%s is not resolved: %.300s", name, body)
			}
			if err := present(answer.Results[n].Image, name); err != nil {
				return err
			}
		}
		return nil
	}
}

// present tells what is wrong with an image that was there from the beginning.
func present(image api.Image, name string) error {
	switch {
	case image.ShortName != name:
		return fmt.Errorf("%q in place of %s", image.ShortName, name)
	case image.Exists == nil || !*image.Exists:
		return fmt.Errorf("%s vanished", name)
	case image.Digest == "":
		return fmt.Errorf("%s has no digest any more", name)
	}
	return nil
}

// mentions checks that an answer holds a text.
func mentions(text string) func([]byte) error {
	return func(body []byte) error {
		if !strings.Contains(string(body), text) {
			return fmt.Errorf("no %s in it", text)
		}
		return nil
	}
}
