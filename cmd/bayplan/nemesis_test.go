package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/cmd/bayplan/nemesis"
)

var reads = flag.Int("reads", 0, "how many reads the recorded history has at least; 0 is each kind of strike once")

// TestRecordedHistory reads from two replicas, each a process of its own with a
// state on disk, while everything that they read from changes, and they and their
// ways to it are struck. Then each answer is held against what was written.
func TestRecordedHistory(t *testing.T) {
	n := newNemesis(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var group errgroup.Group
	n.write(ctx, &group)
	for range 8 {
		group.Go(func() error { return n.read(ctx) })
	}
	n.plague(t)
	n.heal(t)
	cancel()
	require.NoError(t, group.Wait())
	n.settle(t)

	counts := n.recorder.Counts()
	t.Logf("%+v; strikes: %v", counts, n.strikes)
	violations := nemesis.Check(n.recorder)
	for _, v := range violations[:min(len(violations), 20)] {
		t.Error(v)
	}
	require.Empty(t, len(violations))
	require.GreaterOrEqual(t, counts.Reads, max(*reads, 1000))
	require.NotZero(t, counts.NotModified)
	require.Less(t, counts.Failed, counts.Reads/2)
}

// theNemesis is two replicas, what they read from, and what happens to them.
type theNemesis struct {
	*changing
	recorder  *nemesis.Recorder
	replicas  []*replica
	questions []*nemesis.Question
	client    *http.Client
	strikes   map[string]int
	writing   sync.RWMutex // held alone, nothing is written
}

// replica is one state directory, and the process that has it now.
type replica struct {
	number                 int
	charts, images, harbor *strait
	command                func() *exec.Cmd
	process                *service
	clock                  settable // in a long history alone
	now                    atomic.Pointer[process]
}

// process is where a replica is to be asked now.
type process struct {
	incarnation int
	url         string
}

func newNemesis(t *testing.T) *theNemesis {
	t.Helper()
	c := newChanging(t)
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 32}
	t.Cleanup(transport.CloseIdleConnections)
	n := &theNemesis{
		changing: c, recorder: nemesis.NewRecorder(c.World), strikes: map[string]int{},
		client: &http.Client{Timeout: 10 * time.Second, Transport: transport},
	}
	n.ask()
	program, err := exec.LookPath("bayplan") // TestMain put it on PATH
	require.NoError(t, err)
	if *reads > 0 {
		program = buildSettable(t)
	}
	for number := range 2 {
		r := &replica{number: number, charts: newStrait(t, c.charts), images: newStrait(t, c.images), harbor: newStrait(t, c.harborAt)}
		env, args := c.settings(t, t.TempDir(), r.charts, r.images, r.harbor)
		r.clock = settable{file: filepath.Join(t.TempDir(), "clock")}
		r.command = func() *exec.Cmd {
			cmd := exec.CommandContext(testContext(), program, args...)
			cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "BAYPLAN_TEST_CLOCK=" + r.clock.file}, env...)
			return cmd
		}
		n.replicas = append(n.replicas, r)
		n.recorder.Day(number, 0, time.Now().UTC().Format(time.DateOnly))
		n.recorder.MayFail(number, 0)
		n.start(t, r)
		t.Cleanup(func() { r.process.kill() })
	}
	return n
}

// ask makes the questions that readers ask.
func (n *theNemesis) ask() {
	add := func(times int, q nemesis.Question) {
		for range times {
			n.questions = append(n.questions, &q)
		}
	}
	add(12, nemesis.Question{Kind: nemesis.PublicList, Path: "/v1/images"})
	add(4, nemesis.Question{Kind: nemesis.LegacyYAML, Path: "/v1/image-config"})
	add(4, nemesis.Question{Kind: nemesis.LegacyJSON, Path: "/v1/image-config"})
	for k, one := range n.tools {
		image := one.project + "/" + nemesis.Repository + ":latest"
		add(3, nemesis.Question{Kind: nemesis.ToolList, Path: "/v1/tool/" + one.name + "/images", Tool: one.name})
		add(1, nemesis.Question{Kind: nemesis.PublicImage, Path: "/v1/images/" + image, Name: image, Project: one.project, Tag: "latest"})
		add(1, nemesis.Question{
			Kind: nemesis.Resolve, Path: "/v1/tool/" + one.name + "/images/resolve?name=" + image, Tool: one.name,
			Name: image, Project: one.project, Tag: "latest",
		})
		name := n.names[k%len(n.names)]
		add(1, nemesis.Question{Kind: nemesis.PublicImage, Path: "/v1/images/" + name, Name: name})
		add(1, nemesis.Question{Kind: nemesis.Resolve, Path: "/v1/tool/" + one.name + "/images/resolve?name=" + name, Tool: one.name, Name: name})
	}
}

// write changes the world until ctx ends.
func (n *theNemesis) write(ctx context.Context, group *errgroup.Group) {
	every := func(pause time.Duration, f func() error) {
		group.Go(func() error {
			for wait(ctx, pace(pause)) {
				n.writing.RLock()
				err := f()
				n.writing.RUnlock()
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	every(time.Second, func() error {
		if rand.N(4) == 0 {
			_, err := n.poison(testContext())
			return err
		}
		return n.publish(testContext())
	})
	all := append(slices.Clone(n.names), "extra0", "extra1", "extra2", "extra3")
	every(300*time.Millisecond, func() error {
		name := all[rand.N(len(all))]
		if rand.N(2) == 0 {
			name = nemesis.WebRepository(name)
		}
		return n.pushTag(name)
	})
	every(150*time.Millisecond, n.changeTool)
}

// wait waits; false when ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// start starts a process for a replica, until it answers.
func (n *theNemesis) start(t testing.TB, r *replica) {
	t.Helper()
	incarnation := n.recorder.Start(r.number, n.now())
	s, err := start(r.command())
	require.NoError(t, err)
	r.process = s
	found := s.await(mainLine)
	require.NotNil(t, found, s.output())
	r.now.Store(&process{incarnation, found[1]})
	require.Eventually(t, func() bool {
		response, err := testClient.Get(found[1] + "/v1/readyz")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	}, patience, 5*time.Millisecond, "%s", s.output())
	n.recorder.Ready(incarnation, n.now())
}

// strike does something to a replica and, where that is not over at once, gives
// what ends it.
func (n *theNemesis) strike(t testing.TB, r *replica, kind string) (end func()) {
	t.Helper()
	n.strikes[kind]++
	nothing := func() {}
	now := r.now.Load()
	switch kind {
	case "kill":
		n.recorder.MayFail(r.number, n.now())
		n.recorder.End(now.incarnation, n.now(), false)
		r.process.kill()
		n.start(t, r)
	case "term":
		n.recorder.MayFail(r.number, n.now())
		n.recorder.End(now.incarnation, n.now(), true)
		require.NoError(t, r.process.cmd.Process.Signal(syscall.SIGTERM))
		requireExitIn(t, r.process)
		n.start(t, r)
	case "pause":
		n.recorder.MayFail(r.number, n.now())
		require.NoError(t, r.process.cmd.Process.Signal(syscall.SIGSTOP))
		return func() {
			require.NoError(t, r.process.cmd.Process.Signal(syscall.SIGCONT))
			n.recorder.Works(r.number, n.now()+time.Second)
		}
	case "clock":
		n.setClock(t, r)
	default:
		return n.cut(r, kind)
	}
	return nothing
}

// setClock sets the wall clock of a replica forwards or backwards, by hours or by
// days. Nothing in its answers but the states of the day is to depend on that: it
// goes on to learn what is written, and no age is less than nothing or of that size.
func (n *theNemesis) setClock(t testing.TB, r *replica) {
	t.Helper()
	hours := []int{-30 * 24, -5 * 24, -25, -1, 0, 1, 25, 5 * 24, 30 * 24}
	offset := time.Duration(hours[rand.N(len(hours))]) * time.Hour
	first := n.strikes["clock"] == 1
	if first {
		offset = 5 * 24 * time.Hour
	}
	was := r.clock.offset
	n.recorder.Day(r.number, n.now(), (&settable{offset: offset}).day())
	r.clock.set(t, offset)
	n.writing.Lock() // it is to catch up with this
	defer n.writing.Unlock()
	require.NoError(t, n.publish(testContext())) // the newest may have been taken away
	n.catchesUp(t, r, fmt.Sprintf("after the clock was set from %v to %v", was, offset), false)
	if first {
		require.Eventually(t, func() bool {
			_, body := n.get(t, r, "/v1/images/dated?fields=state", "")
			return strings.Contains(string(body), `"state":"deprecated"`)
		}, 90*time.Second, 100*time.Millisecond, "a day that is over is noticed")
	}
	_, body := n.get(t, r, "/v1/catalog", "")
	var answer struct {
		Catalog struct {
			Sources []struct {
				Name string
				Age  *float64 `json:"age_seconds"`
			}
		}
	}
	require.NoError(t, json.Unmarshal(body, &answer))
	require.NotEmpty(t, answer.Catalog.Sources)
	for _, s := range answer.Catalog.Sources {
		require.NotNil(t, s.Age, "%s", body)
		require.GreaterOrEqual(t, *s.Age, 0.0, "%s", body)
		require.Less(t, *s.Age, 1000.0, "%s", body)
	}
}

// catchesUp waits until a replica says what was written last.
func (n *theNemesis) catchesUp(t testing.TB, r *replica, when string, privacy bool) {
	t.Helper()
	missing := ""
	for late := n.now() + 90*time.Second; ; {
		_, body := n.get(t, r, "/v1/images", "")
		if missing = n.Caught(body, privacy); missing == "" {
			return
		}
		if n.now() > late {
			require.FailNow(t, "a replica does not catch up", "replica %d, %s: %s\n%s", r.number, when, missing, r.process)
		}
		wait(t.Context(), 100*time.Millisecond)
	}
}

func requireExitIn(t testing.TB, s *service) {
	t.Helper()
	code, ended := s.exitCode()
	require.True(t, ended, s.output())
	require.Zero(t, code, s.output())
}

// cut closes straits.
func (n *theNemesis) cut(r *replica, kind string) (end func()) {
	state := refusing
	if rand.N(2) == 0 {
		state = mute
	}
	straits := map[string][]*strait{
		"charts cut": {r.charts}, "images cut": {r.images}, "harbor cut": {r.harbor}, "all cut": {r.charts, r.images, r.harbor},
	}[kind]
	for _, w := range straits {
		w.set(state)
	}
	if slices.Contains(straits, r.harbor) {
		n.recorder.Cut(r.number, n.now(), true)
	}
	return func() {
		for _, w := range straits {
			w.set(through)
		}
		if slices.Contains(straits, r.harbor) {
			n.recorder.Cut(r.number, n.now(), false)
		}
	}
}

// plague strikes until there are enough reads, each kind of strike at least once.
func (n *theNemesis) plague(t testing.TB) {
	t.Helper()
	long := *reads > 0
	pause := func(short, most time.Duration) {
		if long {
			short += rand.N(most)
		}
		wait(t.Context(), short)
	}
	ends := make([]func(), len(n.replicas))
	for k := range ends {
		ends[k] = func() {}
	}
	script := []string{"kill", "all cut", "kill", "heal", "pause", "heal", "term", "harbor cut", "kill", "heal", "images cut", "charts cut", "kill", "heal", "kill"}
	if long {
		script = append(script, "clock", "kill", "clock", "pause", "clock", "term", "clock", "heal")
	}
	for turn := 0; turn < len(script) || n.recorder.Counts().Reads < *reads; turn++ {
		kind := script[turn%len(script)]
		if turn >= len(script) {
			kind = script[rand.N(len(script))]
		}
		r := n.replicas[rand.N(len(n.replicas))]
		if turn < len(script) {
			r = n.replicas[(turn/4)%len(n.replicas)]
		}
		ends[r.number]()
		ends[r.number] = func() {}
		if kind == "kill" || kind == "term" {
			pause(200*time.Millisecond, 8*time.Second)
		}
		if kind != "heal" {
			ends[r.number] = n.strike(t, r, kind)
		}
		pause(500*time.Millisecond, 6*time.Second)
		if turn%40 == 39 { // long enough for what is private to be learnt, and the state to be written
			for k := range ends {
				ends[k]()
				ends[k] = func() {}
			}
			wait(t.Context(), 65*time.Second)
		}
	}
	for _, end := range ends {
		end()
	}
}

// heal ends all strikes.
func (n *theNemesis) heal(t testing.TB) {
	t.Helper()
	for _, r := range n.replicas {
		for _, w := range []*strait{r.charts, r.images, r.harbor} {
			w.set(through)
		}
	}
}

// settle waits until every replica says what was written last, and sees that they
// say it in the same bytes.
func (n *theNemesis) settle(t testing.TB) {
	t.Helper()
	require.NoError(t, n.publish(testContext()))
	long := *reads > 0
	for _, r := range n.replicas {
		if long { // or who is asked last says otherwise what the day is
			n.recorder.Day(r.number, n.now(), time.Now().UTC().Format(time.DateOnly))
			r.clock.set(t, 0)
		}
		n.catchesUp(t, r, "at the end", long)
	}
	for _, q := range n.questions {
		if q.Kind == nemesis.PublicList && !long {
			continue // who may see what is learnt later
		}
		if q.Kind == nemesis.PublicImage && q.Project != "" && !long {
			continue
		}
		// A day that a clock shows is noticed within a minute.
		for late := n.now() + 90*time.Second; ; {
			first, _ := n.get(t, n.replicas[0], q.Path, q.Tool)
			second, _ := n.get(t, n.replicas[1], q.Path, q.Tool)
			if first == second {
				break
			}
			require.Less(t, n.now(), late, "%s has two ETags, %s and %s", q.Path, first, second)
			wait(t.Context(), 100*time.Millisecond)
		}
	}
}

func (n *theNemesis) get(t testing.TB, r *replica, path, tool string) (etag string, body []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.now.Load().url+path, nil)
	require.NoError(t, err)
	if tool != "" {
		request.Header.Set("X-Toolforge-Tool", tool)
	}
	response, err := n.client.Do(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	body, err = io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.Header.Get("ETag"), body
}

// reader is one who reads, and keeps what it got.
type reader struct {
	*theNemesis
	held map[string]string // entity tags, by path and coding
	any  []string          // some that were for other answers
}

// read reads until ctx ends, now from this replica and now from that.
func (n *theNemesis) read(ctx context.Context) error {
	r := &reader{theNemesis: n, held: map[string]string{}}
	for ctx.Err() == nil {
		q := n.questions[rand.N(len(n.questions))]
		if err := r.one(ctx, q, n.replicas[rand.N(len(n.replicas))].now.Load()); err != nil {
			return err
		}
	}
	return nil
}

// one asks one question and has the answer taken down.
func (r *reader) one(ctx context.Context, q *nemesis.Question, at *process) error {
	coding := []string{nemesis.Identity, nemesis.Gzip, nemesis.Zstd}[rand.N(3)]
	request, err := http.NewRequestWithContext(testContext(), http.MethodGet, at.url+q.Path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept-Encoding", coding)
	if q.Kind == nemesis.LegacyJSON {
		request.Header.Set("Accept", "application/json")
	}
	if q.Tool != "" {
		request.Header.Set("X-Toolforge-Tool", q.Tool)
	}
	if rand.N(50) == 0 {
		request.Header.Set("Cache-Control", "no-cache")
	}
	key := fmt.Sprint(q.Kind, q.Path, coding)
	read := nemesis.Read{Incarnation: at.incarnation, Question: q, Coding: coding}
	switch mine := r.held[key]; {
	case mine != "" && rand.N(10) < 7:
		read.Held = []string{mine}
	case len(r.any) > 0 && rand.N(10) < 2: // what it got elsewhere, in another coding, or long ago
		read.Held = []string{r.any[rand.N(len(r.any))]}
	}
	if len(read.Held) > 0 {
		request.Header.Set("If-None-Match", read.Held[0])
	}
	read.Start = r.now()
	response, err := r.client.Do(request)
	if err == nil {
		read.Body, err = io.ReadAll(response.Body)
		err = errors.Join(err, response.Body.Close())
		read.Status, read.ETag = response.StatusCode, response.Header.Get("ETag")
		if read.Encoding = response.Header.Get("Content-Encoding"); read.Encoding == "" {
			read.Encoding = nemesis.Identity
		}
	}
	read.End = r.now()
	if err != nil {
		read.Status, read.Failure = 0, err.Error()
		wait(ctx, time.Millisecond) // a process that is gone fails at once
	} else if read.Status > http.StatusNotFound {
		read.Failure = string(read.Body)
	}
	r.recorder.Add(read)
	if read.Status == http.StatusOK {
		r.held[key] = read.ETag
		if len(r.any) < 100 {
			r.any = append(r.any, read.ETag)
		} else {
			r.any[rand.N(100)] = read.ETag
		}
	}
	return nil
}
