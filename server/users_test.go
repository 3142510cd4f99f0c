package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// source gives what /v1/catalog says of a source.
func (e *endpoint) source(t testing.TB, kind string) api.Source {
	t.Helper()
	for _, s := range into[api.CatalogAnswer](e.get(t, "/v1/catalog"), http.StatusOK).Catalog.Sources {
		if s.Kind == kind {
			return s
		}
	}
	require.Failf(t, "no such source", kind)
	return api.Source{}
}

func TestTheCatalogSaysHowTheSourceOfUserImagesFares(t *testing.T) {
	p := startPlatform(t, setup{}, append(toolImages, "!tool-hidden/app:latest", "tool-c.d/no:tool")...)
	users := p.source(t, "users")
	require.Equal(t, harborHost, users.Name)
	require.Equal(t, "ok", users.Status)
	require.Equal(t, 7, *users.ReferenceCount, "private ones are left out")
	require.NotNil(t, users.Users)
	require.WithinDuration(t, time.Now(), users.Users.LastSweepAt, time.Minute)
	users.Users.LastSweepAt = time.Time{}
	require.Equal(t, api.UsersStatus{
		Plan: "incremental", Version: "v2.15.2", Identity: "robot", ToolCount: 4, RepositoryCount: 6, LeftOutCount: 1,
		Advice: api.List[string]{},
	}, *users.Users)
	require.Nil(t, p.source(t, "chart").Users)

	p.harbor.Fault(harbortest.Any, harbortest.Status(http.StatusInternalServerError))
	p.round(t)
	users = p.source(t, "users")
	require.Equal(t, "failing", users.Status)
	require.True(t, users.Stale)
	require.Equal(t, "unreachable", users.Error.Kind)
	require.NotContains(t, string(p.get(t, "/v1/catalog").body), "for-tests-only")
	require.Equal(t, 4, users.Users.ToolCount, "the last good answer")
}

// What makes Harbor's answers dear or incomplete is said where operators look.
func TestTheCatalogAdvisesAboutTheAccount(t *testing.T) {
	for name, c := range map[string]struct {
		account func(*harbortest.Server) string
		advice  []string // how each sentence begins
	}{
		"robot": {func(h *harbortest.Server) string {
			return h.AddRobot("bayplan", "for-tests-only", harbortest.ReaderPermissions()...)
		}, nil},
		"robot that may not read private ones": {func(h *harbortest.Server) string {
			return h.AddRobot("bayplan", "for-tests-only", harbortest.PullOnlyPermissions()...)
		}, nil}, // it would tell that there are some; the log says it
		"robot that may not read public ones": {func(h *harbortest.Server) string {
			pushUser(t, h, "tool-shown/app:latest")
			h.Fault(harbortest.PathContains("/projects/tool-shown/"), harbortest.Status(http.StatusForbidden))
			return h.AddRobot("bayplan", "for-tests-only", harbortest.ReaderPermissions()...)
		}, []string{"projects are listed that may not be read"}},
		"user": {func(h *harbortest.Server) string {
			h.AddUser("someone", "for-tests-only", "tool-hidden")
			return "someone"
		}, []string{"it is asked with a user's password"}},
		"nobody": {func(*harbortest.Server) string { return "" }, []string{"it is asked by nobody in particular"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := harbortest.Start(t, harbortest.StartOptions{})
			pushUser(t, h, "!tool-hidden/app:latest")
			s := start(t, setup{values: toolSample, users: inventoryAs(t, h, c.account(h))})
			users := s.source(t, "users").Users
			require.Len(t, users.Advice, len(c.advice))
			for i, begins := range c.advice {
				require.True(t, strings.HasPrefix(users.Advice[i], begins), users.Advice[i])
				require.NotContains(t, users.Advice[i], "hidden")
			}
			public := strings.Count(name, "public")
			require.Equal(t, public, users.DeniedCount, "how many private ones there are is not for everybody")
			require.EqualValues(t, public, value(t, s.scrape(t), "bayplan_users_denied_projects", "source", harborHost))
		})
	}
}

// A project that alone cannot be read is counted, and its images stay.
func TestTheCatalogCountsProjectsThatFail(t *testing.T) {
	p := startPlatform(t, setup{}, toolImages...)
	require.Zero(t, p.source(t, "users").Users.FailingCount)
	pushUser(t, p.harbor, "tool-b/app:next")
	p.harbor.Fault(harbortest.PathContains("/projects/tool-b/"), harbortest.Status(http.StatusInternalServerError))
	p.round(t)
	users := p.source(t, "users")
	require.Equal(t, "ok", users.Status)
	require.Equal(t, 1, users.Users.FailingCount)
	require.EqualValues(t, 1, value(t, p.scrape(t), "bayplan_users_failing_projects", "source", harborHost))
}

func TestMetricsOfUserImages(t *testing.T) {
	p := startPlatform(t, setup{}, append(toolImages, "!tool-hidden/app:latest", "tool-c.d/no:tool")...)
	m := p.scrape(t)
	require.EqualValues(t, 7, value(t, m, "bayplan_images", "type", "buildservice", "state", "stable", "exists", "present"))
	require.EqualValues(t, 5, value(t, m, "bayplan_images", "type", "standard", "state", "stable", "exists", "present"))
	require.EqualValues(t, 1, value(t, m, "bayplan_source_up", "source", harborHost, "kind", "users"))
	require.EqualValues(t, 0, value(t, m, "bayplan_source_stale", "source", harborHost, "kind", "users"))
	require.EqualValues(t, 4, value(t, m, "bayplan_users_tools", "source", harborHost))
	require.EqualValues(t, 6, value(t, m, "bayplan_users_repositories", "source", harborHost))
	require.EqualValues(t, 1, value(t, m, "bayplan_users_left_out_projects", "source", harborHost))
	require.Positive(t, value(t, m, "bayplan_users_last_sweep_timestamp_seconds", "source", harborHost))
	require.Positive(t, value(t, m, "bayplan_source_rounds_total", "source", harborHost, "kind", "users", "outcome", "ok"))
	for _, outcome := range []string{"heeded", "ignored", "dropped", "unreadable", "unauthorized"} {
		require.Zero(t, value(t, m, "bayplan_webhook_events_total", "outcome", outcome))
	}

	p.harbor.Fault(harbortest.Any, harbortest.Status(http.StatusInternalServerError))
	p.round(t)
	m = p.scrape(t)
	require.EqualValues(t, 0, value(t, m, "bayplan_source_up", "source", harborHost, "kind", "users"))
	require.EqualValues(t, 1, value(t, m, "bayplan_source_stale", "source", harborHost, "kind", "users"))
	require.EqualValues(t, 7, value(t, m, "bayplan_images", "type", "buildservice", "state", "stable", "exists", "present"), "the last good answer")
}

// A number that grew would tell whoever watches that something was pushed.
func TestNobodyCountsWhatIsPrivate(t *testing.T) {
	p := startPlatform(t, setup{}, "tool-other/app:latest", "!tool-secret/vault:v1")
	users, metrics := p.source(t, "users"), p.scrape(t)
	counted := func(name string) float64 { return value(t, metrics, name, "source", harborHost) }
	before := []float64{counted("bayplan_users_tools"), counted("bayplan_users_repositories")}
	pushUser(t, p.harbor, "!tool-secret/vault:v2")
	pushUser(t, p.harbor, "!tool-secret/safe:latest")
	pushUser(t, p.harbor, "!tool-hidden/app:latest")
	p.round(t)

	require.Contains(t, p.toolNames(t, "secret", ""), "tool-secret/safe:latest", "it is known")
	now := p.source(t, "users")
	require.Equal(t, users.ReferenceCount, now.ReferenceCount)
	require.Equal(t, users.Users.ToolCount, now.Users.ToolCount)
	require.Equal(t, users.Users.RepositoryCount, now.Users.RepositoryCount)
	metrics = p.scrape(t)
	require.Equal(t, before, []float64{counted("bayplan_users_tools"), counted("bayplan_users_repositories")})
	require.EqualValues(t, 1, value(t, metrics, "bayplan_images", "type", "buildservice", "state", "stable", "exists", "present"))

	require.NoError(t, p.harbor.SetVisibility("tool-other", harbortest.Private))
	p.round(t)
	require.Zero(t, *p.source(t, "users").ReferenceCount, "one that turns private is not counted any more")
}

// What owners call their images is counted as such.
func TestMetricsCountStatesOfMarkers(t *testing.T) {
	p := startMarked(t, setup{}, "tool-a/app:latest", "tool-a/app:v1", "tool-a/old:latest", "tool-b/app:latest", "!tool-secret/app:latest")
	p.mark(t, "tool-a/app:latest", "state-beta")
	p.mark(t, "tool-a/old:latest", "state-deprecated")
	p.mark(t, "tool-secret/app:latest", "state-deprecated")
	m := p.scrape(t)
	for state, want := range map[string]float64{"stable": 1, "beta": 2, "deprecated": 1} {
		require.Equal(t, want, value(t, m, "bayplan_images", "type", "buildservice", "state", state, "exists", "present"), state)
	}
}

// The same Harbor may hold standard images and those of tools: it is two sources
// then, with one name.
func TestOneHarborForBothKindsOfImages(t *testing.T) {
	s := start(t, setup{values: toolSample})
	failing := fault.New(fault.Unreachable, "ask harbor", harborHost, "connection refused")
	both := view{
		follow: func(f func(*snapshot.Snapshot)) { f(s.resolver.Snapshot()) },
		status: func() resolver.Status {
			status := s.resolver.Status()
			status.Sources = append(status.Sources,
				resolver.SourceStatus{Name: harborHost, Kind: resolver.KindUsers, LastAttempt: noon, LastSuccess: noon, Users: &resolver.UsersStatus{Identity: "robot"}},
				resolver.SourceStatus{Name: harborHost, Kind: "harbor", LastAttempt: noon, Err: failing},
			)
			return status
		},
	}
	metrics := server.NewMetrics()
	metrics.Round(resolver.Round{Source: harborHost, Kind: resolver.KindUsers})
	metrics.Round(resolver.Round{Source: harborHost, Kind: "harbor", Err: failing})
	other, err := server.New(both, server.Options{Metrics: metrics})
	require.NoError(t, err)
	e := listen(t, other.Handler())

	m := e.scrape(t)
	require.EqualValues(t, 1, value(t, m, "bayplan_source_up", "source", harborHost, "kind", "users"))
	require.EqualValues(t, 0, value(t, m, "bayplan_source_up", "source", harborHost, "kind", "harbor"))
	require.EqualValues(t, 1, value(t, m, "bayplan_source_rounds_total", "source", harborHost, "kind", "users", "outcome", "ok"))
	require.EqualValues(t, 1, value(t, m, "bayplan_source_rounds_total", "source", harborHost, "kind", "harbor", "outcome", "unreachable"))
	var kinds []string
	for _, source := range into[api.CatalogAnswer](e.get(t, "/v1/catalog"), http.StatusOK).Catalog.Sources {
		if source.Name == harborHost {
			kinds = append(kinds, source.Kind)
		}
	}
	require.Equal(t, []string{"harbor", "users"}, kinds, "always in the same order")
}
