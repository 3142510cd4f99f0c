package server_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

const noCache = "no-cache"

func TestNoCacheShowsAPushAtOnce(t *testing.T) {
	p := startPlatform(t, setup{}, toolImages...)
	pushUser(t, p.harbor, "tool-c/new:latest")
	pushUser(t, p.harbor, "tool-first/app:latest")
	pushUser(t, p.harbor, "tool-late/app:latest")
	require.NotContains(t, p.toolNames(t, "c", ""), "tool-c/new:latest", "nobody asked yet")
	p.harbor.ResetRequests()
	require.Contains(t, p.toolNames(t, "c", "", "Cache-Control", noCache), "tool-c/new:latest")
	require.Equal(t, 1, p.harbor.Count(harbortest.KindProjectArtifacts))
	require.LessOrEqual(t, p.harbor.Count(), 2, "one listing, and perhaps a proof")
	require.Contains(t, p.toolNames(t, "c", ""), "tool-c/new:latest", "and it stays")

	require.Contains(t, p.toolNames(t, "first", "?type=buildservice", "Cache-Control", "max-age=0, No-Cache"), "tool-first/app:latest")
	list := into[api.ImagesAnswer](p.get(t, "/v1/images", "Cache-Control", noCache), http.StatusOK)
	require.Empty(t, list.Messages)
	require.Contains(t, p.names(t, ""), "tool-late/app:latest", "one incremental refresh")
}

func TestNoCacheOfOneImage(t *testing.T) {
	p := startPlatform(t, setup{}, toolImages...)
	digest := pushUser(t, p.harbor, "tool-c/web:latest")
	image := into[api.ImageAnswer](p.get(t, "/v1/images/tool-c/web:latest", "Cache-Control", noCache), http.StatusOK).Image
	require.Equal(t, digest, image.Digest)
	require.Equal(t, harborHost+"/tool-c/web:latest@"+digest, image.Pinned)
	p.registries.push("bookworm", "another")
	image = into[api.ImageAnswer](p.get(t, "/v1/images/bookworm", "Cache-Control", noCache), http.StatusOK).Image
	require.Equal(t, digestOf("another"), image.Digest)
}

// However many ask, each tool is asked about once a second.
func TestNoCacheAsksOnceHoweverManyAsk(t *testing.T) {
	p := startPlatform(t, setup{}, toolImages...)
	arrived := make(chan struct{}, 100)
	release := make(chan struct{})
	p.harbor.Fault(harbortest.Of(harbortest.KindProjectArtifacts), func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		arrived <- struct{}{}
		select {
		case <-release:
		case <-r.Context().Done():
		}
		next.ServeHTTP(w, r)
	})
	p.harbor.ResetRequests()
	began := time.Now()
	var readers sync.WaitGroup
	for i := range 50 {
		tool := []string{"c", "b"}[i%2]
		readers.Go(func() {
			if status := p.toolList(t, tool, "", "Cache-Control", noCache).status; status != http.StatusOK {
				t.Errorf("status %d", status)
			}
		})
	}
	<-arrived
	<-arrived
	close(release)
	readers.Wait()
	for range 10 {
		p.toolList(t, "c", "", "Cache-Control", noCache)
	}
	seconds := 1 + int(time.Since(began)/time.Second)
	require.LessOrEqual(t, p.harbor.Count(harbortest.KindProjectArtifacts), 2*seconds)

	p.harbor.ResetRequests()
	began = time.Now()
	for range 20 {
		readers.Go(func() { p.get(t, "/v1/images", "Cache-Control", noCache) })
	}
	readers.Wait()
	seconds = 1 + int(time.Since(began)/time.Second)
	require.Positive(t, p.harbor.Count(harbortest.KindRepositories))
	require.LessOrEqual(t, p.harbor.Count(harbortest.KindRepositories), seconds)
}

// A registry that says nothing costs a request 3 s at most; then it gets the
// last good answer.
func TestNoCacheWaitsForThreeSecondsAtMost(t *testing.T) {
	p := startPlatform(t, setup{}, toolImages...)
	good := p.toolNames(t, "c", "")
	p.harbor.Fault(harbortest.Any, stalled(t))
	began := time.Now()
	var readers sync.WaitGroup
	for _, path := range []string{"/v1/tool/c/images", "/v1/tool/c/images?type=buildservice", "/v1/images", "/v1/images/tool-c/web:v2", "/v1/images/tool-c/web:v77"} {
		readers.Go(func() {
			a := p.get(t, path, "X-Toolforge-Tool", "c", "Cache-Control", noCache)
			if !strings.Contains(string(a.body), "the registry could not be asked just now") {
				t.Errorf("%s: %s", path, a.body)
			}
			if (a.status == http.StatusNotFound) != strings.HasSuffix(path, "77") {
				t.Errorf("%s: %d", path, a.status)
			}
		})
	}
	readers.Wait()
	require.Less(t, time.Since(began), 4500*time.Millisecond)
	require.Equal(t, good, p.toolNames(t, "c", ""), "without it nobody waits")

	p.registries.push("bookworm", "another")
	standard := into[api.ImageAnswer](p.get(t, "/v1/images/bookworm", "Cache-Control", noCache), http.StatusOK)
	require.Equal(t, digestOf("another"), standard.Image.Digest, "another registry's bad day is not its")
	require.Empty(t, standard.Messages)
}

func TestNoCacheOfARegistryThatFails(t *testing.T) {
	p := startPlatform(t, setup{}, toolImages...)
	good := p.toolList(t, "c", "")
	p.harbor.Fault(harbortest.Any, harbortest.HTML(http.StatusBadGateway))
	a := p.toolList(t, "c", "", "Cache-Control", noCache)
	list := into[api.ImagesAnswer](a, http.StatusOK)
	require.Equal(t, namesOf(good), namesOf(a))
	require.Equal(t, []string{"the registry could not be asked just now: this is its last good answer"}, list.Messages.Warning)
	require.NotEqual(t, good.header.Get("ETag"), a.header.Get("ETag"))
	require.Equal(t, "private, no-cache", a.header.Get("Cache-Control"))
	require.Equal(t, good.header.Get("ETag"), p.toolList(t, "c", "").header.Get("ETag"), "the warning is that request's alone")
}

// What makes no sense is refused before anybody is asked, and so is whoever may
// not ask.
func TestWhatNoCacheDoesNotAsk(t *testing.T) {
	s := start(t, setup{values: toolSample})
	asked := func(context.Context, string) error { t.Error("asked"); return nil }
	cold, err := server.New(view{tool: asked, host: asked, live: func(context.Context) error { t.Error("asked"); return nil }}, server.Options{})
	require.NoError(t, err)
	warm, err := server.New(view{
		tool: asked, host: asked, live: func(context.Context) error { t.Error("asked"); return nil },
		follow: func(f func(*snapshot.Snapshot)) { f(s.resolver.Snapshot()) },
	}, server.Options{})
	require.NoError(t, err)
	for _, c := range []struct {
		server *server.Server
		path   string
		tool   string
		status int
	}{
		{warm, "/v1/tool/c/images", "b", http.StatusForbidden},
		{warm, "/v1/tool/c/images", "", http.StatusUnauthorized},
		{warm, "/v1/tool/C/images", "C", http.StatusBadRequest},
		{warm, "/v1/tool/c/images?limit=x", "c", http.StatusBadRequest},
		{warm, "/v1/images?limit=x", "", http.StatusBadRequest},
		{warm, "/v1/images/bookworm?limit=1", "", http.StatusBadRequest},
		{cold, "/v1/images", "", http.StatusServiceUnavailable},
		{cold, "/v1/images/bookworm", "", http.StatusServiceUnavailable},
		{cold, "/v1/tool/c/images", "c", http.StatusServiceUnavailable},
	} {
		headers := []string{"Cache-Control", noCache}
		if c.tool != "" {
			headers = append(headers, "X-Toolforge-Tool", c.tool)
		}
		require.Equal(t, c.status, listen(t, c.server.Handler()).get(t, c.path, headers...).status, c.path)
	}
}

// Which words mean it, and what is asked for each route.
//
// About one image anybody may ask: a tool that is private, or invented, costs no
// question of its own.
func TestWhatNoCacheAsks(t *testing.T) {
	s := startPlatform(t, setup{}, append(toolImages, "!tool-hidden/app:latest")...)
	var asked []string
	fails := error(nil)
	v := view{
		follow: func(f func(*snapshot.Snapshot)) { f(s.resolver.Snapshot()) },
		tool: func(ctx context.Context, tool string) error {
			deadline, ok := ctx.Deadline()
			require.True(t, ok)
			require.LessOrEqual(t, time.Until(deadline), 3*time.Second)
			asked = append(asked, "tool "+tool)
			return fails
		},
		live: func(ctx context.Context) error {
			_, ok := ctx.Deadline()
			require.True(t, ok)
			asked = append(asked, "everything")
			return fails
		},
		host: func(ctx context.Context, host string) error {
			_, ok := ctx.Deadline()
			require.True(t, ok)
			asked = append(asked, "host "+host)
			return fails
		},
	}
	other, err := server.New(v, server.Options{})
	require.NoError(t, err)
	e := listen(t, other.Handler())
	for _, c := range []struct {
		path, control string
		want          []string
	}{
		{"/v1/tool/a--b/images", "no-cache", []string{"tool a--b"}},
		{"/v1/tool/a--b/images?limit=1", "NO-CACHE", []string{"tool a--b"}},
		{"/v1/tool/a--b/images", "max-age=0 , no-cache", []string{"tool a--b"}},
		{"/v1/tool/a--b/images", "max-age=0", nil},
		{"/v1/tool/a--b/images", "no-store", nil},
		{"/v1/tool/a--b/images", "x-no-cache", nil},
		{"/v1/images", "no-cache", []string{"everything"}},
		{"/v1/images?tool=c", "no-cache", []string{"everything"}},
		{"/v1/images/bookworm", "no-cache", []string{"host one.test"}},
		{"/v1/images/tool/x", "no-cache", []string{"host one.test"}},
		{"/v1/images/tool-c/x:y", "no-cache", []string{"tool c"}},
		{"/v1/images/tool-a-char.sep-b/x:y@sha256:0", "no-cache", []string{"tool a--b"}},
		{"/v1/images/tool-a--b/x", "no-cache", []string{"everything"}},
		{"/v1/images/tool-invented/x:y", "no-cache", []string{"everything"}},
		{"/v1/images/tool-hidden/app:latest", "no-cache", []string{"everything"}},
		{"/v1/images/tool-C/x", "no-cache", []string{"everything"}},
		{"/v1/image-config", "no-cache", nil},
	} {
		asked = nil
		e.get(t, c.path, "X-Toolforge-Tool", "a--b", "Cache-Control", c.control)
		require.Equal(t, c.want, asked, "%s %q", c.path, c.control)
	}
	fails = fault.New(fault.Unreachable, "ask harbor", harborHost, "a secret place")
	for _, path := range []string{"/v1/images", "/v1/images/bookworm", "/v1/tool/a--b/images", "/v1/images/nothing"} {
		a := e.get(t, path, "X-Toolforge-Tool", "a--b", "Cache-Control", noCache)
		require.NotContains(t, string(a.body), "a secret place")
	}
}

// A request that spells the images of many tools asks about each by name up to a
// bound, and about everything that changed beyond it.
func TestHowManyNoCacheAsksAbout(t *testing.T) {
	var all []string
	for n := range 9 {
		all = append(all, fmt.Sprintf("tool-t%d/app:latest", n))
	}
	s := startPlatform(t, setup{}, all...)
	var mu sync.Mutex
	var asked []string
	note := func(what string) error {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, what)
		return nil
	}
	other, err := server.New(view{
		follow: func(f func(*snapshot.Snapshot)) { f(s.resolver.Snapshot()) },
		tool:   func(_ context.Context, tool string) error { return note("tool " + tool) },
		host:   func(_ context.Context, host string) error { return note("host " + host) },
		live:   func(context.Context) error { return note("everything") },
	}, server.Options{})
	require.NoError(t, err)
	e := listen(t, other.Handler())
	for names, want := range map[int]int{1: 1, 8: 8, 9: 1} {
		asked = nil
		query := "?name=" + strings.Join(all[:names], "&name=")
		require.Equal(t, http.StatusOK, e.get(t, "/v1/tool/t0/images/resolve"+query, "X-Toolforge-Tool", "t0", "Cache-Control", noCache).status)
		require.Len(t, asked, want)
		require.Equal(t, names > 8, slices.Contains(asked, "everything"), "%q", asked)
	}
}
