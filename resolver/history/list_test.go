package history_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/history"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

func TestVersionsOfAPlainRegistry(t *testing.T) {
	s := newShelf(t)
	digests := map[string]string{}
	for _, version := range []string{"0.0.9", "0.0.10", "0.0.29-dev-mr-7", "0.0.28-20260722001336-ea583302", "1.0.0+b", "1.0.0+a"} {
		digests[version] = s.publish(t, version)
	}
	s.Forget()
	h := s.history(history.Options{}, artifact.Selection{
		Constraint: ">=0.0.1 <1", PreReleases: regexp.MustCompile(`^0\.0\.\d+-\d{14}-[0-9a-f]{8}$`),
	})
	l, err := h.List(t.Context())
	require.NoError(t, err)
	require.NoError(t, l.Err)
	require.Equal(t, []string{"1.0.0+b", "1.0.0+a", "0.0.29-dev-mr-7", "0.0.28-20260722001336-ea583302", "0.0.10", "0.0.9"}, names(l), "the newest first")
	for _, v := range l.Versions {
		require.Equal(t, digests[v.Version], v.Digest)
		require.Equal(t, published, v.Published)
		require.Equal(t, v.Version == "0.0.28-20260722001336-ea583302", v.Selected)
		require.Equal(t, &v, l.Find(v.Version))
		require.Equal(t, &v, l.Find(v.Digest))
	}
	require.Nil(t, l.Find("0.0.11"))
	require.Equal(t, map[string]int{"list": 1, "HEAD": 6, "GET": 6}, s.count())

	s.later(30 * time.Second)
	again, err := h.List(t.Context())
	require.NoError(t, err)
	require.Same(t, l, again)
	require.Empty(t, s.count(), "it is fresh")

	s.publish(t, "0.0.11")
	s.Forget()
	s.later(time.Minute)
	l, err = h.List(t.Context())
	require.NoError(t, err)
	require.Contains(t, names(l), "0.0.11")
	require.Equal(t, map[string]int{"list": 1, "HEAD": 1, "GET": 1}, s.count(), "what is known is not asked for again")

	s.later(11 * time.Minute)
	_, err = h.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]int{"list": 1, "HEAD": 7}, s.count(), "a manifest is read once")
}

// What vanished is not listed any more, what is no version never is.
func TestVersionsThatGo(t *testing.T) {
	s := newShelf(t)
	s.publish(t, "1.0.0")
	s.publish(t, "1.0.1")
	h := s.history(history.Options{}, artifact.Selection{Version: "1.0.0"})
	l, err := h.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"1.0.1", "1.0.0"}, names(l))
	require.False(t, l.Versions[0].Selected || l.Versions[1].Selected, "nothing is chosen without a constraint")
	s.withdraw(t, "1.0.1")
	s.later(11 * time.Minute)
	l, err = h.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"1.0.0"}, names(l))
}

func TestHowManyVersionsAreLookedAt(t *testing.T) {
	s := newShelf(t)
	digest := s.publish(t, "1.0.0")
	var tags []string
	for i := range 500 {
		tags = append(tags, fmt.Sprintf(`"1.0.%d"`, i))
	}
	s.Hook(func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
		switch {
		case strings.HasSuffix(r.URL.Path, "/tags/list"):
			fmt.Fprintf(w, `{"name": "x", "tags": [%s]}`, strings.Join(tags, ","))
			return true
		case strings.Contains(r.URL.Path, "/manifests/1."):
			r.URL.Path = "/v2/" + chartRef.Path + "/manifests/1.0.0"
		}
		return false
	})
	s.Forget()
	l, err := s.history(history.Options{}, artifact.Selection{Version: "1.0.0"}).List(t.Context())
	require.NoError(t, err)
	require.Len(t, l.Versions, 500)
	require.Equal(t, digest, l.Versions[199].Digest)
	require.Empty(t, l.Versions[200].Digest, "not known is left out")
	counts := s.count()
	require.Equal(t, 200, counts["HEAD"])
	require.Less(t, counts["GET"], 9, "once, or as often as it was asked for at a time")
}

// A registry that does not answer leaves the last good list, with the reason, and
// is left alone for a while.
func TestARegistryThatCeasesToAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		hook registrytest.Hook
		kind fault.Kind
	}{
		"503": {refuse(http.StatusServiceUnavailable), fault.Unreachable},
		"401": {refuse(http.StatusUnauthorized), fault.Denied},
		"429": {refuse(http.StatusTooManyRequests), fault.RateLimited},
		"404": {refuse(http.StatusNotFound), fault.NotFound},
		"lies": {func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<html>Welcome</html>")
			return true
		}, fault.Unreachable},
		"null": {func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
			fmt.Fprint(w, `{"name": "x", "tags": null}`)
			return true
		}, fault.Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf(t)
			s.publish(t, "1.0.0")
			s.Hook(c.hook)
			h := s.history(history.Options{}, artifact.Selection{Version: "1.0.0"})
			_, err := h.List(t.Context())
			require.Equal(t, c.kind, fault.KindOf(err), "%v", err)
			asked := len(s.Requests())
			_, err = h.List(t.Context())
			require.Equal(t, c.kind, fault.KindOf(err))
			require.Len(t, s.Requests(), asked, "it is left alone")

			s.Hook(nil)
			s.later(11 * time.Second)
			good, err := h.List(t.Context())
			require.NoError(t, err)
			require.NoError(t, good.Err)

			s.Hook(c.hook)
			s.later(2 * time.Minute)
			stale, err := h.List(t.Context())
			require.NoError(t, err)
			require.Equal(t, c.kind, fault.KindOf(stale.Err))
			require.Equal(t, good.Versions, stale.Versions)

			s.Hook(nil)
			s.later(11 * time.Second)
			good, err = h.List(t.Context())
			require.NoError(t, err)
			require.NoError(t, good.Err)
		})
	}
}

// A slow registry is waited for as long as patience lasts, and asked once
// however many ask.
func TestASlowRegistry(t *testing.T) {
	s := newShelf(t)
	s.publish(t, "1.0.0")
	release := make(chan struct{})
	let := sync.OnceFunc(func() { close(release) })
	t.Cleanup(let)
	s.Hook(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		select {
		case <-release:
		case <-r.Context().Done():
		}
		return false
	})
	h := s.history(history.Options{Patience: time.Millisecond}, artifact.Selection{Version: "1.0.0"})
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			_, err := h.List(t.Context())
			if fault.KindOf(err) != fault.Unreachable {
				t.Errorf("got %v", err)
			}
		})
	}
	callers.Wait()
	let()
	require.Eventually(t, func() bool {
		l, err := h.List(t.Context())
		return err == nil && len(l.Versions) == 1
	}, 10*time.Second, time.Millisecond, "the answer that came too late for them is kept")
	require.Equal(t, 1, s.count()["list"])

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.later(2 * time.Minute)
	l, err := h.List(ctx)
	if err != nil {
		require.ErrorIs(t, err, context.Canceled)
	} else {
		require.Len(t, l.Versions, 1)
	}
}

// Where the registry is a Harbor its own times count, and no manifest is read.
func TestVersionsOfAHarbor(t *testing.T) {
	server := harbortest.Start(t, harbortest.StartOptions{})
	server.AddProject("toolforge", harbortest.Public)
	server.AddUser("publisher", "for-tests-only", "toolforge")
	config := endpoint.Config{URL: server.URL, Kind: endpoint.Harbor}
	hosts, err := endpoint.New(map[string]endpoint.Config{chartRef.Host: config}, endpoint.Options{
		Credentials: func(context.Context, string) (endpoint.Credential, error) {
			return endpoint.Credential{Username: "publisher", Password: "for-tests-only"}, nil
		},
	})
	require.NoError(t, err)
	t.Cleanup(hosts.CloseIdle)
	client := artifact.New(hosts, artifact.Options{Attempts: 1})
	began := time.Now().Add(-time.Minute)
	digests := map[string]string{}
	for _, version := range []string{"1.0.0", "1.0.1", "1.1.0+b"} {
		digests[version] = publish(t, client, version, fmt.Sprintf(valuesOf, version))
	}
	_, err = server.Push("toolforge/image-config", "9.9.9", harbortest.Profile{})
	require.NoError(t, err)
	server.ResetRequests()

	api := harbor.New(hosts.For(chartRef.Host), harbor.Options{Wait: func(context.Context, time.Duration) error { return nil }})
	clock := time.Now()
	h := history.New(history.Repository{
		Client: client, Reference: chartRef, Selection: artifact.Selection{Constraint: "~1.0"}, Harbor: api, HarborName: chartRef.Path,
	}, history.Options{Now: func() time.Time { return clock }})
	l, err := h.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"1.1.0+b", "1.0.1", "1.0.0"}, names(l), "an image is no version of the chart")
	for _, v := range l.Versions {
		require.Equal(t, digests[v.Version], v.Digest)
		require.WithinRange(t, v.Published, began, time.Now().Add(time.Minute), "Harbor's clock, not the publisher's")
		require.Equal(t, v.Version == "1.0.1", v.Selected)
	}
	for _, r := range server.Requests() {
		require.NotContains(t, r.Path, "/manifests/", "it would count as a pull")
	}

	server.Fault(harbortest.Any, harbortest.Status(http.StatusInternalServerError))
	clock = clock.Add(2 * time.Minute)
	stale, err := h.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, l.Versions, stale.Versions)
	require.Equal(t, fault.Unreachable, fault.KindOf(stale.Err))
}
