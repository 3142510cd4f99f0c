//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/cmd/bayplan/nemesis"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

var soak = flag.Duration("soak", 8*time.Second, "how long the soak lasts; from 15 minutes on what it measures on the way is judged too")

// soakTools is how many tools there are at a time.
const soakTools = 300

// TestSoak keeps a real process busy with all that comes and goes: tools, tags,
// versions of the catalog, registries that fail, clients and readers of events of
// every kind. What it holds of that must not grow.
func TestSoak(t *testing.T) {
	s := newSoak(t)
	before := s.look(t)
	ctx, cancel := context.WithTimeout(t.Context(), *soak)
	defer cancel()
	var group errgroup.Group
	s.change(ctx, &group)
	s.visit(ctx, &group)
	measured := s.measure(ctx, t)
	require.NoError(t, group.Wait())
	t.Logf("%d answers, %d events, %d changes of tools, %d catalogs", s.answers.Load(), s.events.Load(), s.changes.Load(), s.catalogs.Load())
	for _, one := range measured {
		t.Log(one)
	}
	require.Positive(t, s.answers.Load())
	require.Positive(t, s.events.Load())
	if *soak >= 15*time.Minute { // what is bounded is full by then, see docs/reliability.md
		for _, one := range measured {
			require.Empty(t, one.grows())
		}
	}
	s.quiet(t, before)
}

// quiet waits until a process that nobody asks any more has as few goroutines and
// open files as before, but for those of idle connections to registries.
func (s *soaking) quiet(t *testing.T, before []float64) {
	t.Helper()
	for _, one := range []*strait{s.charts, s.images, s.harborR} {
		one.set(through)
	}
	const idle = 64 // connections to a registry
	for k, most := range []float64{before[0] + 2*idle, before[1] + idle} {
		var now float64
		require.Eventually(t, func() bool {
			now = s.look(t)[k]
			return now <= most
		}, patience, 100*time.Millisecond, "%s: more than %v stay when everybody has left", measures[k].name, most)
		t.Logf("%s before: %v, when everybody has left: %v", measures[k].name, before[k], now)
	}
}

// soaking is a process and those who keep it busy.
type soaking struct {
	*changing
	process                 *service
	url, dir                string
	charts, images, harborR *strait

	mu    sync.Mutex
	tools []string // the oldest first
	made  int

	answers, events, changes, catalogs atomic.Int64
}

func newSoak(t *testing.T) *soaking {
	t.Helper()
	s := &soaking{changing: newChanging(t), dir: t.TempDir()}
	s.charts, s.images, s.harborR = newStrait(t, s.changing.charts), newStrait(t, s.changing.images), newStrait(t, s.harborAt)
	for range soakTools {
		require.NoError(t, s.addTool())
	}
	secret := filepath.Join(s.dir, "webhook")
	require.NoError(t, os.WriteFile(secret, []byte("s3cret-of-the-webhooks"), 0o600))
	env, args := s.settings(t, s.dir, s.charts, s.images, s.harborR)
	program, err := exec.LookPath("bayplan") // TestMain put it on PATH
	require.NoError(t, err)
	cmd := exec.CommandContext(testContext(), program, append(args, "--webhook-secret-file", secret, "--client-rate", "100000", "--log-level", "warn")...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	port, err := new(net.ListenConfig).Listen(testContext(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.url = "http://" + port.Addr().String()
	require.NoError(t, port.Close())
	cmd.Args = append(cmd.Args, "--listen", port.Addr().String())
	s.process, err = start(cmd)
	require.NoError(t, err)
	t.Cleanup(s.process.kill)
	require.Eventually(t, func() bool {
		response, err := testClient.Get(s.url + "/v1/readyz")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	}, patience, 5*time.Millisecond, "%s", s.process)
	return s
}

// addTool makes a tool that nobody has heard of, with one image.
func (s *soaking) addTool() error {
	s.mu.Lock()
	s.made++
	name := fmt.Sprintf("s%06d", s.made)
	s.tools = append(s.tools, name)
	s.mu.Unlock()
	s.harbor.AddProject("tool-"+name, harbortest.Public)
	_, err := s.harbor.Push("tool-"+name+"/web", "latest", harbortest.Profile{})
	return err
}

func (s *soaking) anyTool() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tools[rand.N(len(s.tools))]
}

// change changes what is read.
func (s *soaking) change(ctx context.Context, group *errgroup.Group) {
	repeat := func(pause time.Duration, f func() error) {
		group.Go(func() error {
			for wait(ctx, pace(pause)) {
				if err := f(); err != nil {
					return err
				}
			}
			return nil
		})
	}
	var bad []string
	repeat(400*time.Millisecond, func() error {
		s.catalogs.Add(1)
		generation, _, _, _ := s.Newest()
		if err := s.withdraw(testContext(), versionOf(generation-5)); err != nil {
			return err
		}
		if len(bad) > 5 { // what nobody took away would make the registry grow
			if err := s.withdraw(testContext(), bad[0]); err != nil {
				return err
			}
			bad = bad[1:]
		}
		if rand.N(10) == 0 {
			version, err := s.poison(testContext())
			if version != "" {
				bad = append(bad, version)
			}
			return err
		}
		return s.publish(testContext())
	})
	repeat(500*time.Millisecond, func() error { return s.pushTag(s.names[rand.N(len(s.names))]) })
	repeat(10*time.Millisecond, s.retag)
	// Of all tools less than half go within an hour: more would not be believed.
	repeat(12*time.Second, func() error {
		s.mu.Lock()
		oldest := s.tools[0]
		s.tools = s.tools[1:]
		s.mu.Unlock()
		s.harbor.RemoveProject("tool-" + oldest)
		return s.addTool()
	})
	repeat(5*time.Second, func() error {
		visibility := harbortest.Visibility(rand.N(2) == 0)
		_ = s.harbor.SetVisibility("tool-"+s.anyTool(), visibility) // it may be gone
		return nil
	})
	repeat(20*time.Second, func() error {
		one := []*strait{s.charts, s.images, s.harborR}[rand.N(3)]
		one.set([]straitState{refusing, mute}[rand.N(2)])
		wait(ctx, pace(3*time.Second))
		one.set(through)
		return nil
	})
}

// retag pushes a tag of a tool, or takes one away.
func (s *soaking) retag() error {
	s.changes.Add(1)
	repository := "tool-" + s.anyTool() + "/web"
	tag := fmt.Sprintf("v%d", s.changes.Load())
	digest, err := s.harbor.Push(repository, tag, harbortest.Profile{})
	if err != nil {
		return nil // it is gone
	}
	if rand.N(2) == 0 {
		_, _ = s.harbor.Push(repository, "latest", harbortest.Profile{})
	}
	go func() { // tags do not stay
		time.Sleep(pace(4 * time.Second))
		_ = s.harbor.DeleteArtifact(repository, digest) // it may be gone
	}()
	return nil
}

// visit is those who ask.
func (s *soaking) visit(ctx context.Context, group *errgroup.Group) {
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 8}
	context.AfterFunc(ctx, transport.CloseIdleConnections)
	steady := &http.Client{Timeout: 10 * time.Second, Transport: transport}
	for range 4 {
		group.Go(func() error {
			for wait(ctx, pace(10*time.Millisecond)) {
				s.ask(ctx, steady)
			}
			return nil
		})
	}
	group.Go(func() error { // who comes from another address each time
		for wait(ctx, pace(8*time.Millisecond)) {
			from := &net.TCPAddr{IP: net.IPv4(127, 0, byte(rand.N(16)), byte(1+rand.N(250)))}
			once := &http.Transport{DialContext: (&net.Dialer{LocalAddr: from}).DialContext}
			s.ask(ctx, &http.Client{Timeout: 10 * time.Second, Transport: once})
			once.CloseIdleConnections()
		}
		return nil
	})
	for range 8 {
		group.Go(func() error {
			last := ""
			for wait(ctx, pace(20*time.Millisecond)) {
				last = s.follow(ctx, last)
			}
			return nil
		})
	}
	group.Go(func() error { // who says that it will read, and goes away
		for wait(ctx, pace(time.Second)) {
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
			if err != nil {
				continue
			}
			_, _ = io.WriteString(conn, []string{"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n", "GET /v1/im", "GET /v1/images HTTP/1.1\r\nHost: x\r\n\r\n"}[rand.N(3)])
			wait(ctx, pace(2*time.Second))
			_ = conn.Close()
		}
		return nil
	})
	group.Go(func() error {
		for wait(ctx, pace(200*time.Millisecond)) {
			s.hook(ctx, steady)
		}
		return nil
	})
}

// ask asks for one of many things, there or not.
func (s *soaking) ask(ctx context.Context, client *http.Client) {
	tool, known := s.anyTool(), s.anyTool()
	if rand.N(10) == 0 {
		tool = fmt.Sprintf("nobody%d", rand.N(1_000_000_000))
	}
	generation, _, _, _ := s.Newest()
	image := "tool-" + known + "/web:latest"
	path := [][2]string{
		{"/v1/images", ""}, {"/v1/images?limit=20&q=" + tool, ""}, {"/v1/images/" + image, ""}, {"/v1/images/" + tool, ""},
		{"/v1/tool/" + tool + "/images", tool}, {"/v1/tool/" + tool + "/images?fields=tags,digest", tool},
		{"/v1/tool/" + tool + "/images/resolve?explain=true&name=" + image + "&name=base" + tool, tool},
		{"/v1/tool/" + tool + "/images/resolve?name=" + image, tool}, {"/v1/image-config", ""}, {"/v1/catalog", ""}, {"/v1/drift", ""},
		{"/v1/images?version=" + versionOf(generation-rand.N(4)), ""}, {"/v1/catalog/versions", ""},
		{"/v1/catalog/diff?from=" + versionOf(generation-1) + "&to=" + versionOf(generation), ""}, {"/nothing/" + tool, ""},
		{"/", ""}, {"/tools/" + known, ""}, {"/images/base0", ""}, {"/?q=" + known, ""},
	}[rand.N(19)]
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path[0], nil)
	if err != nil {
		return
	}
	if path[1] != "" {
		request.Header.Set("X-Toolforge-Tool", path[1])
	}
	request.Header.Set("Accept-Encoding", []string{nemesis.Identity, nemesis.Gzip, nemesis.Zstd}[rand.N(3)])
	if rand.N(20) == 0 {
		request.Header.Set("Cache-Control", "no-cache")
	}
	response, err := client.Do(request)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, response.Body) // what it says is another test's
	_ = response.Body.Close()
	s.answers.Add(1)
}

// follow follows events for a while, perhaps from where it stopped, and gives
// where it stops.
func (s *soaking) follow(ctx context.Context, last string) string {
	ctx, cancel := context.WithTimeout(ctx, pace(min(2*time.Second, *soak/40)))
	defer cancel()
	path, tool := "/v1/events", ""
	if rand.N(2) == 0 {
		tool = s.anyTool()
		path = "/v1/tool/" + tool + "/events"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	if err != nil {
		return ""
	}
	if tool != "" {
		request.Header.Set("X-Toolforge-Tool", tool)
	}
	if rand.N(2) == 0 && last != "" {
		request.Header.Set("Last-Event-ID", last)
	}
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		return ""
	}
	defer func() { _ = response.Body.Close() }()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if id, found := strings.CutPrefix(lines.Text(), "id: "); found {
			last = id
			s.events.Add(1)
		}
	}
	return last
}

func (s *soaking) hook(ctx context.Context, client *http.Client) {
	body := fmt.Appendf(nil, `{"type":"PUSH_ARTIFACT","occur_at":1,"operator":"x","event_data":{"resources":[],"repository":{"name":"web","namespace":"tool-%s","repo_full_name":"tool-%s/web","repo_type":"public"}}}`, s.anyTool(), s.anyTool())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/v1/webhooks/harbor", bytes.NewReader(body))
	if err != nil {
		return
	}
	request.Header.Set("Authorization", "s3cret-of-the-webhooks")
	request.Header.Set("Content-Type", "application/json")
	if response, err := client.Do(request); err == nil {
		_ = response.Body.Close()
	}
}

// measures are what is measured, by the name of the process's own metric.
var measures = []struct {
	name, metric  string
	growth, spare float64
}{
	{"goroutines", "go_goroutines", 0.05, 8},
	{"open files", "process_open_fds", 0.05, 8},
	// Where the next collection begins is what the last one left, times a constant.
	{"heap after collection, kB", "go_memstats_next_gc_bytes", 0.05, 512},
	{"resident, kB", "process_resident_memory_bytes", 0.08, 4096},
	{"state directory, kB", "", 0.1, 64},
}

// measure looks at the process a hundred times and more.
func (s *soaking) measure(ctx context.Context, t *testing.T) []series {
	t.Helper()
	out := make([]series, len(measures))
	for k, m := range measures {
		out[k] = series{name: m.name, growth: m.growth, spare: m.spare}
	}
	for wait(ctx, max(*soak/300, 100*time.Millisecond)) {
		for k, value := range s.look(t) {
			out[k].values = append(out[k].values, value)
		}
	}
	return out
}

// look measures once.
func (s *soaking) look(t *testing.T) []float64 {
	t.Helper()
	response, err := testClient.Get(s.url + "/v1/metrics")
	require.NoError(t, err)
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	var out []float64
	for _, m := range measures {
		if m.metric == "" {
			out = append(out, float64(sizeOf(s.dir))/1024)
			continue
		}
		found := regexp.MustCompile(`(?m)^` + m.metric + ` (\S+)$`).FindSubmatch(text)
		require.NotNil(t, found, m.metric)
		value, err := strconv.ParseFloat(string(found[1]), 64)
		require.NoError(t, err)
		if strings.Contains(m.name, "kB") {
			value /= 1024
		}
		out = append(out, value)
	}
	return out
}

// sizeOf is how many bytes the files below a directory have.
func sizeOf(dir string) (bytes int64) {
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			if info, err := entry.Info(); err == nil {
				bytes += info.Size()
			}
		}
		return nil // a file may go meanwhile
	})
	return bytes
}
