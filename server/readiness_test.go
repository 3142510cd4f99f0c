package server_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
)

// view is a server.View made of functions; nil ones say nothing.
type view struct {
	follow func(func(*snapshot.Snapshot))
	status func() resolver.Status
	tool   func(ctx context.Context, tool string) error
	live   func(ctx context.Context) error
	host   func(ctx context.Context, host string) error
	hint   func(project string) bool
}

func (v view) RefreshTool(ctx context.Context, tool string) error {
	if v.tool == nil {
		return nil
	}
	return v.tool(ctx, tool)
}

func (v view) RefreshLive(ctx context.Context) error {
	if v.live == nil {
		return nil
	}
	return v.live(ctx)
}

func (v view) RefreshHost(ctx context.Context, host string) error {
	if v.host == nil {
		return nil
	}
	return v.host(ctx, host)
}

func (v view) Hint(project string) bool { return v.hint == nil || v.hint(project) }

func (v view) Follow(f func(*snapshot.Snapshot)) {
	if v.follow != nil {
		v.follow(f)
	}
}

func (v view) Status() resolver.Status {
	if v.status == nil {
		return resolver.Status{}
	}
	return v.status()
}

// dataRoutes are those that need a snapshot.
var dataRoutes = []string{"/v1/images", "/v1/images?state=stable", "/v1/images/bookworm", "/v1/image-config", "/v1/catalog", "/v1/drift", "/v1/catalog/versions", "/v1/catalog/diff?from=1.2.3", "/v1/images?version=1.2.3"}

func TestBeforeTheFirstSnapshotAnswersSayWhyAndWhenToComeBack(t *testing.T) {
	s := start(t, setup{values: sample, cold: true})
	for _, path := range append(dataRoutes, "/v1/readyz") {
		failure := s.failure(t, path, http.StatusServiceUnavailable)
		require.Equal(t, "not_ready", failure.Code)
		require.Equal(t, "there is no snapshot yet: the catalog is being fetched", failure.Error[0])
		require.Equal(t, "2", s.get(t, path).header.Get("Retry-After"))
	}
	require.Equal(t, http.StatusOK, s.get(t, "/v1/healthz").status, "a restart would not help")
	require.Equal(t, http.StatusOK, s.get(t, "/v1/metrics").status)
	require.Equal(t, http.StatusOK, s.get(t, "/openapi.json").status)

	s.refresh(t)
	for _, path := range append(dataRoutes, "/v1/readyz") {
		require.Equal(t, http.StatusOK, s.get(t, path).status)
	}
}

func TestTheReasonOfAColdServer(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, s *service)
		says  string
	}{
		"refused": {
			func(t *testing.T, s *service) { s.write(t, "values.yaml", mistaken) },
			"there is no snapshot yet: the catalog was refused: the catalog has 3 errors, the first: images.N.image: ",
		},
		"away": {
			func(t *testing.T, s *service) { require.NoError(t, os.RemoveAll(s.directory)) },
			"there is no snapshot yet: read catalog: chart: stat chart: no such file or directory",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, setup{values: sample, cold: true})
			c.spoil(t, s)
			require.Error(t, s.resolver.Refresh(t.Context()))
			for _, path := range append(dataRoutes, "/v1/readyz") {
				failure := s.failure(t, path, http.StatusServiceUnavailable)
				require.Contains(t, failure.Error[0], c.says)
				s.private(t, s.get(t, path))
			}
			s.private(t, s.get(t, "/v1/metrics"))
		})
	}
}

// A repository may be told by its name, and its errors as they are.
func TestTheReasonOfARepository(t *testing.T) {
	name := "oci://harbor.test/toolforge/image-config"
	cold := view{status: func() resolver.Status {
		return resolver.Status{Sources: []resolver.SourceStatus{{
			Name: name, Kind: resolver.KindChart, Err: fault.New(fault.Unreachable, "pull chart", name, "connection refused"),
		}}}
	}}
	s, err := server.New(cold, server.Options{})
	require.NoError(t, err)
	failure := listen(t, s.Handler()).failure(t, "/v1/catalog", http.StatusServiceUnavailable)
	require.Equal(t, "there is no snapshot yet: pull chart: "+name+": connection refused", failure.Error[0])
}

func TestADrainingServerAnswersAndIsNotReady(t *testing.T) {
	s := start(t, setup{values: sample})
	require.Equal(t, `{"status":"OK","messages":{}}`+"\n", string(s.get(t, "/v1/readyz").body))
	s.server.Drain()
	failure := s.failure(t, "/v1/readyz", http.StatusServiceUnavailable)
	require.Equal(t, []string{"this process is shutting down"}, failure.Error)
	require.Equal(t, `{"status":"OK","messages":{}}`+"\n", string(s.get(t, "/v1/healthz").body))
	for _, path := range dataRoutes {
		require.Equal(t, http.StatusOK, s.get(t, path).status)
	}
}

func TestASourceOutOfReachDoesNotMakeTheServerUnready(t *testing.T) {
	s := start(t, setup{values: sample})
	s.registries.fail("one.test", refused("one.test"))
	s.registries.fail("two.test", errors.New("anything"))
	require.NoError(t, os.RemoveAll(s.directory))
	s.refresh(t)
	for _, path := range append(dataRoutes, "/v1/readyz") {
		require.Equal(t, http.StatusOK, s.get(t, path).status)
	}
}

func TestTheOptionsRetryAfterIsRoundedUp(t *testing.T) {
	s, err := server.New(view{}, server.Options{RetryAfter: 1500 * 1e6})
	require.NoError(t, err)
	require.Equal(t, "2", listen(t, s.Data()).get(t, "/v1/images").header.Get("Retry-After"))
	s, err = server.New(view{}, server.Options{RetryAfter: 1})
	require.NoError(t, err)
	require.Equal(t, "1", listen(t, s.Data()).get(t, "/v1/images").header.Get("Retry-After"))
}
