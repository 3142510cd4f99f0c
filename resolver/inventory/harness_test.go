package inventory_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

// host is Harbor's name in the catalog of all tests.
const host = "harbor.test"

// clock is a clock that a test sets. Harbor's reading of it moves it on, so that
// no two writes have the same stamp.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)} }

func (c *clock) read() time.Time { return c.advance(0) }

func (c *clock) tick() time.Time { return c.advance(time.Millisecond) }

func (c *clock) advance(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return c.now
}

// world is a Harbor and an inventory of it.
type world struct {
	*harbortest.Server
	*inventory.Inventory
	t          testing.TB
	clock      *clock
	who        string // the robot's name; "" for the anonymous
	credential atomic.Pointer[endpoint.Credential]
	// anew makes another inventory of the same Harbor.
	anew func() *inventory.Inventory
}

// setup says how a world is unlike the usual one: a robot that may read all.
type setup struct {
	harbor    harbortest.StartOptions
	options   inventory.Options
	client    harbor.Options
	endpoint  endpoint.Config
	anonymous bool
	permits   []harbortest.Permission
	timeout   time.Duration
}

func newWorld(t testing.TB, s setup) *world {
	t.Helper()
	c := newClock()
	s.harbor.Now, s.options.Now = c.tick, c.read
	if s.harbor.PullFlush == 0 {
		s.harbor.PullFlush = -1 // a test says when
	}
	w := &world{t: t, clock: c, Server: harbortest.Start(t, s.harbor)}
	w.credential.Store(&endpoint.Credential{})
	if !s.anonymous {
		if s.permits == nil {
			s.permits = harbortest.ReaderPermissions()
		}
		w.who = w.AddRobot("catalog", secret, s.permits...)
		w.credential.Store(&endpoint.Credential{Username: w.who, Password: secret})
	}
	s.endpoint.URL, s.endpoint.Kind, s.endpoint.CAFile = w.URL, endpoint.Harbor, w.CAFile
	d, err := endpoint.New(map[string]endpoint.Config{host: s.endpoint}, endpoint.Options{
		Timeout:     s.timeout,
		Credentials: func(context.Context, string) (endpoint.Credential, error) { return *w.credential.Load(), nil },
	})
	require.NoError(t, err)
	t.Cleanup(d.CloseIdle)
	if s.client.Wait == nil {
		s.client.Wait = func(context.Context, time.Duration) error { return nil }
	}
	w.anew = func() *inventory.Inventory { return inventory.New(host, harbor.New(d.For(host), s.client), s.options) }
	w.Inventory = w.anew()
	return w
}

const secret = "not to be seen"

// Host is both Harbor's address and the inventory's name of it; tests mean
// neither.
func (w *world) Host() string { return host }

// push pushes an image and gives its digest.
func (w *world) push(repository, tag string) string {
	w.t.Helper()
	d, err := w.Push(repository, tag, harbortest.Profile{})
	require.NoError(w.t, err)
	return d
}

// project adds a project with an image in each of some repositories.
func (w *world) project(name string, v harbortest.Visibility, repositories ...string) {
	w.t.Helper()
	w.AddProject(name, v)
	for _, r := range repositories {
		w.push(name+"/"+r, "latest")
	}
}

// round lets an interval pass and asks; it must succeed.
func (w *world) round() *inventory.View {
	w.t.Helper()
	w.clock.advance(2 * time.Second)
	require.NoError(w.t, w.Round(w.t.Context()))
	require.NoError(w.t, w.State().Err)
	return w.State().View
}

// costs counts the requests of f.
func (w *world) costs(f func()) int {
	w.t.Helper()
	w.ResetRequests()
	f()
	return w.Count()
}

// has gives all images of a view in order, one a line: name, digest, and whether
// it is private.
func has(v *inventory.View) []string {
	lines := []string{}
	v.Walk("", func(t *inventory.Tool) bool {
		for _, r := range t.Repositories {
			for _, i := range r.Images {
				lines = append(lines, line(t.Project+"/"+r.Name, i.Tag, i.Digest.String(), t.Private))
			}
		}
		return true
	})
	slices.Sort(lines)
	return lines
}

func line(repository, tag, digest string, private bool) string {
	text := fmt.Sprintf("%s:%s %s", repository, tag, digest)
	if private {
		text += " private"
	}
	return text
}

// holds gives the same of what Harbor holds in repositories.
func (w *world) holds(repositories []string, private func(project string) bool) []string {
	lines := []string{}
	for _, name := range repositories {
		info, ok := w.Repository(name)
		if !ok {
			continue
		}
		project, _ := harbor.SplitName(name)
		for _, a := range info.Artifacts {
			for _, tag := range a.Tags {
				lines = append(lines, line(name, tag, a.Digest, private(project)))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// short gives lines without their digests.
func short(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		name, rest, _ := strings.Cut(l, " ")
		out[i] = name
		if strings.HasSuffix(rest, "private") {
			out[i] += " private"
		}
	}
	return out
}
