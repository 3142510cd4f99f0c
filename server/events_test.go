package server_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

func TestAStreamBeginsWithTheListItBelongsTo(t *testing.T) {
	for _, most := range []int{20_000, 0} { // whether the list is kept or streamed
		p := startPlatform(t, setup{}, toolImages...)
		p.server.KeepRecords(most)
		stream := p.open(t, "/v1/events")
		first := stream.next()
		require.Equal(t, api.EventStart, first.Name)
		require.Equal(t, p.get(t, "/v1/images").header.Get("ETag"), dataOf[api.ListEvent](t, first).ETag)
		require.Regexp(t, `^[A-Z0-9]{13}\.0$`, first.ID)
		require.Regexp(t, `^[1-4][0-9]{3}$`, stream.Retry, "milliseconds until a reader comes back")

		own := p.openTool(t, "a--b").next()
		require.Equal(t, p.toolList(t, "a--b", "").header.Get("ETag"), dataOf[api.ListEvent](t, own).ETag)
	}
	s := start(t, setup{values: sample}) // nobody builds images
	require.Equal(t, s.get(t, "/v1/images").header.Get("ETag"), dataOf[api.ListEvent](t, s.open(t, "/v1/events").next()).ETag)
	tool := dataOf[api.ListEvent](t, s.openTool(t, "wikibugs").next())
	require.Equal(t, s.get(t, toolPath, "X-Toolforge-Tool", "wikibugs").header.Get("ETag"), tool.ETag)
}

func TestHeadersOfStreams(t *testing.T) {
	s := start(t, setup{values: sample})
	for path, vary := range map[string]string{"/v1/events": "", "/v1/tool/wikibugs/events": "X-Toolforge-Tool"} {
		got := s.open(t, path, "X-Toolforge-Tool", "wikibugs", "Accept-Encoding", "gzip, zstd").header
		head := s.ask(t, http.MethodHead, path, "X-Toolforge-Tool", "wikibugs")
		require.Equal(t, http.StatusOK, head.status)
		for _, header := range []http.Header{got, head.header} {
			require.Equal(t, "text/event-stream", header.Get("Content-Type"))
			require.Equal(t, "no-store", header.Get("Cache-Control"))
			require.Equal(t, "no", header.Get("X-Accel-Buffering"))
			require.Equal(t, vary, header.Get("Vary"))
			require.Empty(t, header.Get("Content-Encoding"), "a coder would wait for more")
			require.Empty(t, header.Get("ETag"))
		}
	}
}

func TestWhoMayFollowATool(t *testing.T) {
	p := startPlatform(t, setup{}, "!tool-c/web:latest")
	for _, c := range []struct {
		path, code string
		status     int
		headers    []string
	}{
		{"/v1/tool/c/events", "unauthorized", http.StatusUnauthorized, nil},
		{"/v1/tool/c/events", "unauthorized", http.StatusUnauthorized, []string{"X-Toolforge-Tool", ""}},
		{"/v1/tool/c/events", "forbidden", http.StatusForbidden, []string{"X-Toolforge-Tool", "b"}},
		{"/v1/tool/c/events", "bad_parameter", http.StatusBadRequest, []string{"X-Toolforge-Tool", "c", "X-Toolforge-Tool", "c"}},
		{"/v1/tool/c.d/events", "bad_parameter", http.StatusBadRequest, []string{"X-Toolforge-Tool", "c.d"}},
		{"/v1/tool/c/events?since=1", "bad_parameter", http.StatusBadRequest, []string{"X-Toolforge-Tool", "c"}},
		{"/v1/events?Last-Event-ID=x.1", "bad_parameter", http.StatusBadRequest, nil},
	} {
		require.Equal(t, c.code, p.failure(t, c.path, c.status, c.headers...).Code, "%s %v", c.path, c.headers)
	}
	elsewhere, err := server.New(p.resolver, server.Options{Proven: func(*http.Request) bool { return false }})
	require.NoError(t, err)
	require.Equal(t, "unauthorized", listen(t, elsewhere.Handler()).failure(t, "/v1/tool/c/events", http.StatusUnauthorized, "X-Toolforge-Tool", "c").Code)
}

// What is private shows on its own tool's stream alone, and not even in the ids
// of another.
func TestEventsOfPrivateProjects(t *testing.T) {
	p := startPlatform(t, setup{}, "!tool-c/web:latest", "tool-b/b:latest")
	anyone, c, b := p.open(t, "/v1/events"), p.openTool(t, "c"), p.openTool(t, "b")
	for _, stream := range []*events{anyone, c, b} {
		stream.next()
	}
	before := []string{p.server.LastEvent(""), p.server.LastEvent("tool-b")}
	pushUser(t, p.harbor, "!tool-c/web:v2")
	p.round(t)
	require.Equal(t, before, []string{p.server.LastEvent(""), p.server.LastEvent("tool-b")})
	require.Equal(t, []string{"added tool-c/web:v2"}, c.told(p.server.LastEvent("tool-c")))

	require.NoError(t, p.harbor.SetVisibility("tool-c", harbortest.Public))
	p.round(t)
	require.Equal(t, []string{"added tool-c/web:latest", "added tool-c/web:v2"}, anyone.told(p.server.LastEvent("")))
	require.Equal(t, c.last, p.server.LastEvent("tool-c"), "for itself nothing changed")
	require.Equal(t, b.last, p.server.LastEvent("tool-b"), "others' images are not in a tool's list")

	require.NoError(t, p.harbor.SetVisibility("tool-c", harbortest.Private))
	p.round(t)
	require.Equal(t, []string{"removed tool-c/web:latest", "removed tool-c/web:v2"}, anyone.told(p.server.LastEvent("")))
	require.Equal(t, c.last, p.server.LastEvent("tool-c"))
}

// Pulls change Harbor's rows, and nothing that anybody lists. Nor do tags beside
// the one that an image has.
func TestWhatMakesNoEvent(t *testing.T) {
	p := startPlatform(t, setup{}, toolImages...)
	last := p.server.LastEvent("")
	require.NoError(t, p.harbor.Pull("tool-c/web", "latest", 1))
	p.harbor.FlushPulls()
	p.round(t)
	p.refresh(t)
	require.Equal(t, last, p.server.LastEvent(""))
	require.Equal(t, p.server.LastEvent("tool-b"), last)
}

func TestAStandardImageThatChanges(t *testing.T) {
	s := start(t, setup{values: sample})
	streams := []*events{s.open(t, "/v1/events"), s.openTool(t, "wikibugs")}
	s.registries.push("n-upper", "other content")
	s.refresh(t)
	s.write(t, "values.yaml", strings.Replace(sample, "images:\n", "images:\n  aa: {state: stable, image: one.test/aa}\n", 1))
	s.refresh(t)
	s.registries.fail("two.test", refused("two.test"))
	s.refresh(t)
	for _, stream := range streams {
		require.Equal(t, []string{"start", "changed N", "added aa", "messages", "changed python3.11", "changed ruby2.5", "changed team/tool"}, stream.told(s.server.LastEvent("")))
	}
}

// A reader that comes back goes on where it stopped, on whichever of the two
// streams.
func TestAReaderThatComesBack(t *testing.T) {
	p := startPlatform(t, setup{}, "!tool-c/web:latest", "tool-b/b:latest")
	id, own := p.server.LastEvent(""), p.server.LastEvent("tool-c")
	for _, image := range []string{"tool-b/b:1", "!tool-c/web:1", "tool-b/b:2", "!tool-c/web:2", "tool-b/b:3"} {
		pushUser(t, p.harbor, image)
		p.round(t)
	}
	s := p.open(t, "/v1/events", "Last-Event-ID", id)
	require.Equal(t, []string{"added tool-b/b:1", "added tool-b/b:2", "added tool-b/b:3"}, s.told(p.server.LastEvent("")))
	s = p.openTool(t, "c", "Last-Event-ID", own)
	s.next()
	own = s.last
	s = p.openTool(t, "c", "Last-Event-ID", own)
	require.Equal(t, []string{"added tool-c/web:2"}, s.told(p.server.LastEvent("tool-c")))
	pushUser(t, p.harbor, "!tool-c/web:3")
	p.round(t)
	require.Equal(t, []string{"added tool-c/web:3"}, s.told(p.server.LastEvent("tool-c")))
}

func TestAReaderWhoseEventIsNotKnown(t *testing.T) {
	p := startPlatform(t, setup{}, "!tool-c/web:latest", "tool-b/b:latest")
	p.server.KeepChanges(2, 1<<20)
	begin := p.server.LastEvent("")
	epoch, _, _ := strings.Cut(begin, ".")
	for _, tag := range []string{"1", "2", "3"} {
		pushUser(t, p.harbor, "tool-b/b:"+tag)
		p.round(t)
	}
	for _, id := range []string{begin, epoch + ".4", epoch + ".-1", epoch + ".01", epoch, "." + "1", "AAAAAAAAAAAAA.1", "one", "1"} {
		stream := p.open(t, "/v1/events", "Last-Event-ID", id)
		stream.last = ""
		first := stream.next()
		require.Equal(t, api.EventReset, first.Name, id)
		require.Equal(t, p.server.LastEvent(""), first.ID)
		require.Equal(t, p.get(t, "/v1/images").header.Get("ETag"), dataOf[api.ListEvent](t, first).ETag)
	}
	require.Equal(t, []string{"added tool-b/b:2", "added tool-b/b:3"}, p.open(t, "/v1/events", "Last-Event-ID", epoch+".1").told(p.server.LastEvent("")))

	another := listen(t, follower(t, p, 20_000).Handler()) // a replica, or this one after a restart
	require.Equal(t, api.EventReset, another.open(t, "/v1/events", "Last-Event-ID", p.server.LastEvent("")).next().Name)
	for range 5 { // a stream on which nothing happens is not forgotten
		pushUser(t, p.harbor, "tool-b/b:1")
		p.round(t)
	}
	stream := p.openTool(t, "c", "Last-Event-ID", epoch+".0")
	pushUser(t, p.harbor, "!tool-c/web:3")
	p.round(t)
	require.Equal(t, []string{"added tool-c/web:3"}, stream.told(p.server.LastEvent("tool-c")))
}

// So much changes at once that listing again is less work.
func TestALargeChangeIsOneReset(t *testing.T) {
	p := startPlatform(t, setup{}, "tool-b/b:latest")
	everybody, own := p.mirror(t, ""), p.mirror(t, "b")
	id := everybody.stream.last
	p.harbor.Seed(harbortest.Seed{Projects: 501, Repositories: 2, Prefix: "tool-s"})
	require.Eventually(t, func() bool { p.round(t); return p.inventory.State().View.Images == 1003 }, time.Minute, time.Millisecond)
	for project, m := range map[string]*mirror{"": everybody, "tool-b": own} {
		m.catchUp(p.server.LastEvent(project))
		require.GreaterOrEqual(t, m.lists, 2)
	}
	require.Equal(t, api.EventReset, p.open(t, "/v1/events", "Last-Event-ID", id).next().Name)
	pushUser(t, p.harbor, "tool-b/b:2")
	p.round(t)
	everybody.catchUp(p.server.LastEvent(""))
	own.catchUp(p.server.LastEvent("tool-b"))
}

// Nor does a private tool, whatever it does, make others list again.
func TestALargeChangeOfAPrivateTool(t *testing.T) {
	p := startPlatform(t, setup{}, "!tool-c/web:latest", "tool-b/b:latest")
	own, id := p.mirror(t, "c"), p.server.LastEvent("tool-c")
	before := []string{p.server.LastEvent(""), p.server.LastEvent("tool-b")}
	for n := range 251 {
		require.NoError(t, p.harbor.Tag("tool-c/web", "latest", fmt.Sprint("t", n)))
	}
	p.round(t)
	require.Equal(t, before, []string{p.server.LastEvent(""), p.server.LastEvent("tool-b")})
	own.catchUp(p.server.LastEvent("tool-c"))
	require.Equal(t, 2, own.lists)
	require.Equal(t, api.EventReset, p.openTool(t, "c", "Last-Event-ID", id).next().Name)
	pushUser(t, p.harbor, "!tool-c/web:more")
	p.round(t)
	own.catchUp(p.server.LastEvent("tool-c"))
	require.Equal(t, 2, own.lists)
}

// What the catalog says of stacks shows in images of tools that did not change.
func TestEventsOfStacks(t *testing.T) {
	p := startPlatform(t, setup{})
	for project, stack := range map[string]string{"tool-a": "heroku-20", "tool-b": "heroku-24"} {
		p.harbor.AddProject(project, harbortest.Public)
		_, err := p.harbor.Push(project+"/app", "latest", harbortest.Profile{StackID: stack})
		require.NoError(t, err)
	}
	p.round(t)
	stream := p.open(t, "/v1/events")
	stream.next()
	p.write(t, "values.yaml", strings.Replace(toolSample, "heroku-24: {state: stable}", "heroku-24: {state: deprecated}", 1))
	p.refresh(t)
	require.Equal(t, []string{"changed tool-b/app:latest"}, stream.told(p.server.LastEvent("")))
}

func TestReadersAreBounded(t *testing.T) {
	s := start(t, setup{values: sample, options: server.Options{EventReaders: 2}})
	first := s.open(t, "/v1/events")
	s.openTool(t, "wikibugs")
	refused := s.get(t, "/v1/events")
	require.Equal(t, "overloaded", into[api.Error](refused, http.StatusServiceUnavailable).Code)
	require.Equal(t, "2", refused.header.Get("Retry-After"))
	require.Equal(t, "overloaded", into[api.Error](s.get(t, "/v1/tool/wikibugs/events", "X-Toolforge-Tool", "wikibugs"), http.StatusServiceUnavailable).Code)
	require.Equal(t, http.StatusOK, s.ask(t, http.MethodHead, "/v1/events").status)
	require.Equal(t, http.StatusOK, s.get(t, "/v1/images").status)
	m := s.scrape(t)
	require.EqualValues(t, 1, value(t, m, "bayplan_event_readers", "stream", "public"))
	require.EqualValues(t, 1, value(t, m, "bayplan_event_readers", "stream", "tool"))

	first.leave()
	require.Eventually(t, func() bool {
		return value(t, s.scrape(t), "bayplan_event_readers", "stream", "public") == 0
	}, time.Minute, 10*time.Millisecond)
	s.open(t, "/v1/events")
}

// Streams end when the process does, as an answer ends, so that readers go on
// elsewhere and nobody waits for them.
func TestStreamsEnd(t *testing.T) {
	s := start(t, setup{values: sample})
	streams := []*events{s.open(t, "/v1/events"), s.openTool(t, "wikibugs")}
	s.server.Drain()
	for _, stream := range append(streams, s.open(t, "/v1/events")) { // not ready, but there
		require.Equal(t, api.EventStart, stream.next().Name)
	}
	s.server.EndEvents()
	s.server.EndEvents()
	for _, stream := range streams {
		_, err := stream.Next()
		require.ErrorIs(t, err, io.EOF)
	}
	refused := s.get(t, "/v1/events")
	require.Equal(t, "not_ready", into[api.Error](refused, http.StatusServiceUnavailable).Code)
	require.Equal(t, "2", refused.header.Get("Retry-After"))
	require.Equal(t, http.StatusOK, s.get(t, "/v1/images").status)
}

func TestNoStreamBeforeThereIsASnapshot(t *testing.T) {
	s := start(t, setup{values: sample, cold: true})
	require.Equal(t, "not_ready", s.failure(t, "/v1/events", http.StatusServiceUnavailable).Code)
	require.Equal(t, "not_ready", s.failure(t, "/v1/tool/wikibugs/events", http.StatusServiceUnavailable, "X-Toolforge-Tool", "wikibugs").Code)
	s.refresh(t)
	require.Equal(t, api.EventStart, s.open(t, "/v1/events").next().Name)
}

// A stream outlives the times that the listener gives to other answers.
func TestAStreamOutlivesTheTimeouts(t *testing.T) {
	s := start(t, setup{values: sample})
	s.server.Pace(10*time.Millisecond, time.Minute)
	listener := httptest.NewUnstartedServer(s.server.Handler())
	const timeout = 50 * time.Millisecond
	listener.Config.ReadTimeout, listener.Config.WriteTimeout, listener.Config.IdleTimeout = timeout, timeout, timeout
	listener.Start()
	t.Cleanup(listener.Close)
	stream := (&endpoint{url: listener.URL, client: bareClient(t)}).open(t, "/v1/events")
	stream.next()
	for n := range 3 { // signs of life for 300 ms at least
		for range 10 {
			require.NoError(t, stream.NextComment())
		}
		s.registries.push("n-upper", fmt.Sprint("content ", n))
		s.refresh(t)
		require.Equal(t, []string{"changed N"}, stream.told(s.server.LastEvent("")))
	}
}

func TestMetricsOfEvents(t *testing.T) {
	s := start(t, setup{values: sample})
	stream := s.open(t, "/v1/events")
	s.registries.push("n-upper", "other content")
	s.refresh(t)
	stream.told(s.server.LastEvent(""))
	m := s.scrape(t)
	require.EqualValues(t, 1, value(t, m, "bayplan_events_sent_total", "event", "start"))
	require.EqualValues(t, 1, value(t, m, "bayplan_events_sent_total", "event", "changed"))
	for _, event := range []string{"reset", "added", "removed", "source", "messages"} {
		require.Zero(t, value(t, m, "bayplan_events_sent_total", "event", event))
	}
	require.Zero(t, value(t, m, "bayplan_event_readers_dropped_total"))
	stream.leave()
	require.Eventually(t, func() bool {
		m := s.scrape(t)
		return value(t, m, "bayplan_event_readers", "stream", "public") == 0
	}, time.Minute, 10*time.Millisecond)
	for _, family := range s.scrape(t)["bayplan_http_request_duration_seconds"].Metric {
		require.NotContains(t, family.String(), "events", "how long a reader stays says nothing of us")
	}
}
