package server_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

func TestNoCacheResolvesWhatWasJustBuilt(t *testing.T) {
	p := startSpelled(t, setup{})
	digest := pushUser(t, p.harbor, "tool-c/web:v9")
	pushUser(t, p.harbor, "tool-other/app:v9")
	pushUser(t, p.harbor, "tool-newborn/app:v9")
	p.harbor.ResetRequests()
	names := []string{"tool-c/web:v9", "tool-other/app:v9", "tool-newborn/app:v9"}
	for _, name := range names {
		require.Equal(t, http.StatusNotFound, p.resolve(t, "c", []string{name}).status, "nobody asked yet")
	}
	require.Zero(t, p.harbor.Count(), "without no-cache nobody is asked")

	got := into[api.ResolveAnswer](p.resolve(t, "c", names[:1], "Cache-Control", noCache), http.StatusOK)
	require.Equal(t, digest, got.Image.Digest)
	require.Equal(t, 1, p.harbor.Count(harbortest.KindProjectArtifacts))
	batch := into[api.ResolutionsAnswer](p.resolve(t, "c", names, "Cache-Control", noCache), http.StatusOK)
	for _, one := range batch.Results {
		require.Equal(t, http.StatusOK, one.Status, one.Name)
	}
	require.Empty(t, batch.Messages)

	standard := start(t, setup{values: spelled})
	standard.registries.push("toolforge-bookworm-sssd", "another")
	image := into[api.ResolveAnswer](standard.resolve(t, "c", []string{"bookworm"}, "Cache-Control", noCache), http.StatusOK).Image
	require.Equal(t, digestOf("another"), image.Digest, "a standard image's registry is asked")
}

func TestNoCacheOfARegistryThatFailsResolvesWhatItLastSaid(t *testing.T) {
	p := startSpelled(t, setup{})
	good := into[api.ResolveAnswer](p.resolve(t, "c", []string{"tool-c/web"}), http.StatusOK)
	p.harbor.Fault(harbortest.Any, harbortest.HTML(http.StatusBadGateway))
	const says = "the registry could not be asked just now: this is its last good answer"
	got := into[api.ResolveAnswer](p.resolve(t, "c", []string{"tool-c/web"}, "Cache-Control", noCache), http.StatusOK)
	require.Equal(t, good.Image, got.Image)
	require.Equal(t, []string{says}, got.Messages.Warning)
	missing := into[api.Error](p.resolve(t, "c", []string{"tool-c/nope"}, "Cache-Control", noCache), http.StatusNotFound)
	require.Equal(t, []string{says}, missing.Warning)
	batch := into[api.ResolutionsAnswer](p.resolve(t, "c", []string{"tool-c/web", "tool-c/nope"}, "Cache-Control", noCache), http.StatusOK)
	require.Equal(t, []string{says}, batch.Messages.Warning, "once")
	require.Empty(t, into[api.ResolveAnswer](p.resolve(t, "c", []string{"tool-c/web"}), http.StatusOK).Messages.Warning)
}

// What is asked for which spellings: each tool once, and no tool that the reader
// may not see or that nobody knows.
func TestWhatResolvingWithNoCacheAsks(t *testing.T) {
	p := startSpelled(t, setup{})
	for i := range 9 {
		pushUser(t, p.harbor, fmt.Sprintf("tool-m%d/app:latest", i))
	}
	p.round(t)
	var mu sync.Mutex
	var asked []string
	ask := func(ctx context.Context, what string) error {
		deadline, bounded := ctx.Deadline()
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, what)
		if !bounded || time.Until(deadline) > 3*time.Second {
			return errors.New("unbounded")
		}
		return nil
	}
	other, err := server.New(view{
		follow: func(f func(*snapshot.Snapshot)) { f(p.resolver.Snapshot()) },
		tool:   func(ctx context.Context, tool string) error { return ask(ctx, "tool "+tool) },
		host:   func(ctx context.Context, host string) error { return ask(ctx, "host "+host) },
		live:   func(ctx context.Context) error { return ask(ctx, "everything") },
	}, server.Options{})
	require.NoError(t, err)
	e := listen(t, other.Handler())
	many := make([]string, 9)
	for i := range many {
		many[i] = fmt.Sprintf("tool-m%d/app", i)
	}
	for _, c := range []struct {
		names []string
		want  []string
	}{
		{[]string{"tool-c/web"}, []string{"tool c"}},
		{[]string{"tool-c/nope", "harbor.test/tool-c/web:v1", "tool-c/@sha:1"}, []string{"tool c"}},
		{[]string{"tool-other/app", "tool-c/web"}, []string{"tool c", "tool other"}},
		{[]string{"tool-a--b/app", "tool-a-char.sep-b/app"}, []string{"tool a--b"}},
		{[]string{"bookworm"}, []string{"host one.test", "host two.test"}},
		{[]string{"bookworm", "tool-c/web"}, []string{"host one.test", "host two.test", "tool c"}},
		{[]string{""}, []string{"everything"}},
		{[]string{"tool-hidden/vault"}, []string{"everything"}},
		{[]string{"tool-invented/vault", "bookworm", "tool-hidden/vault"}, []string{"everything"}},
		{[]string{"tool-invented/vault", "tool-c/web"}, []string{"everything", "tool c"}},
		{many[:8], []string{"tool m0", "tool m1", "tool m2", "tool m3", "tool m4", "tool m5", "tool m6", "tool m7"}},
		{many, []string{"everything"}},
	} {
		asked = nil
		a := e.resolve(t, "c", c.names, "Cache-Control", noCache)
		require.NotContains(t, string(a.body), "could not be asked")
		slices.Sort(asked)
		require.Equal(t, c.want, asked, "%q", c.names)
		asked = nil
		e.resolve(t, "c", c.names)
		require.Empty(t, asked)
	}
	asked = nil
	require.Equal(t, http.StatusForbidden, e.get(t, "/v1/tool/c/images/resolve?name=x", "X-Toolforge-Tool", "b", "Cache-Control", noCache).status)
	require.Equal(t, http.StatusBadRequest, e.get(t, "/v1/tool/c/images/resolve", "X-Toolforge-Tool", "c", "Cache-Control", noCache).status)
	require.Empty(t, asked, "what makes no sense, and whoever may not ask, costs no question")
}

// However many resolve, each tool is asked about once a second.
func TestResolvingWithNoCacheAsksOnceHoweverManyAsk(t *testing.T) {
	p := startSpelled(t, setup{})
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
	for range 20 {
		readers.Go(func() {
			if status := p.resolve(t, "c", []string{"tool-c/web", "tool-c/job"}, "Cache-Control", noCache).status; status != http.StatusOK {
				t.Errorf("status %d", status)
			}
		})
	}
	<-arrived
	close(release)
	readers.Wait()
	require.LessOrEqual(t, p.harbor.Count(harbortest.KindProjectArtifacts), 1+int(time.Since(began)/time.Second))
}
