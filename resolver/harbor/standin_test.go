package harbor_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// standIn is a Harbor with a few tools, one of them private.
func standIn(t *testing.T, opts harbortest.Options) (*harbortest.Server, endpoint.Credential) {
	t.Helper()
	h := harbortest.Start(t, harbortest.StartOptions{Options: opts})
	h.AddProject("tool-x", harbortest.Public)
	h.AddProject("tool-secret", harbortest.Private)
	for _, name := range []string{"tool-x/web", "tool-x/deep/er/job", "tool-secret/web"} {
		_, err := h.Push(name, "latest", harbortest.Profile{StackID: "heroku-24", RunImage: "run.example/run:24"})
		require.NoError(t, err)
	}
	who := h.AddRobot("reader", "right", harbortest.ReaderPermissions()...)
	return h, endpoint.Credential{Username: who, Password: "right"}
}

// Everything that can be asked, against a whole Harbor: what it says is what it
// holds, and no image was pulled.
func TestWholeHarbor(t *testing.T) {
	for _, opts := range []harbortest.Options{{}, {Nginx: true}} {
		t.Run(fmt.Sprintf("nginx %v", opts.Nginx), func(t *testing.T) {
			ctx := context.Background()
			opts.PullFlush = -1
			h, who := standIn(t, opts)
			c := client(t, h.URL, who, harbor.Options{})

			id, err := c.Prove(ctx)
			require.NoError(t, err)
			require.Equal(t, harbor.Robot, id.Kind)
			info, err := c.SystemInfo(ctx)
			require.NoError(t, err)
			require.True(t, info.AtLeast(2, 12))
			private := false
			projects, err := c.Projects(ctx, harbor.ProjectFilter{Public: &private})
			require.NoError(t, err)
			require.Len(t, projects, 1)
			require.Equal(t, "tool-secret", projects[0].Name)

			repositories, err := c.AllRepositories(ctx)
			require.NoError(t, err)
			require.Len(t, repositories, 3)
			listed := 0
			for _, r := range repositories {
				held, ok := h.Repository(r.Name)
				require.True(t, ok)
				list, err := c.RepositoryArtifacts(ctx, r.Name)
				require.NoError(t, err)
				require.Len(t, list, 1)
				listed += len(list)
				require.Equal(t, held.Artifacts[0].Digest, list[0].Digest)
				require.Equal(t, "latest", list[0].Tags[0].Name)
				require.Equal(t, []string{"linux/amd64"}, list[0].Platforms)
				require.Equal(t, harbor.Buildpack{Stack: "heroku-24", RunImage: "run.example/run:24", RunImageName: "run.example/run:24"}, list[0].Buildpack)
				require.WithinDuration(t, held.Artifacts[0].Pushed, list[0].PushTime, time.Millisecond)
			}
			for _, project := range []string{"tool-x", "tool-secret"} {
				list, err := c.ProjectArtifacts(ctx, project)
				require.NoError(t, err)
				listed -= len(list)
			}
			require.Zero(t, listed, "both ways list the same")

			h.FlushPulls()
			for _, r := range repositories {
				held, _ := h.Repository(r.Name)
				require.Zero(t, held.PullCount)
				require.True(t, held.Artifacts[0].Pulled.IsZero())
			}
			for i, r := range h.Requests() {
				require.Regexp(t, mayBeSent, r.String())
				require.Equal(t, i > 0, r.Cookie, "the session is kept from the first answer on")
			}
		})
	}
}

func TestManyRepositories(t *testing.T) {
	h := harbortest.Start(t, harbortest.StartOptions{})
	names := h.Seed(harbortest.Seed{Projects: 300, Repositories: 2})
	c := client(t, h.URL, none, harbor.Options{})
	list, err := c.AllRepositories(context.Background())
	require.NoError(t, err)
	var got []string
	for _, r := range list {
		got = append(got, r.Name)
	}
	require.Equal(t, names, got, "in the order of creation")
	require.Equal(t, 6, h.Count(harbortest.KindRepositories))

	projects, err := c.Projects(context.Background(), harbor.ProjectFilter{})
	require.NoError(t, err)
	require.Len(t, projects, 301)
}

func TestRecentChanges(t *testing.T) {
	ctx := context.Background()
	h, who := standIn(t, harbortest.Options{})
	c := client(t, h.URL, who, harbor.Options{})
	before, err := c.RecentRepositories(ctx, 1)
	require.NoError(t, err)
	h.ResetRequests()

	digest, err := h.Push("tool-x/web", "v2", harbortest.Profile{})
	require.NoError(t, err)
	after, err := c.RecentRepositories(ctx, 1)
	require.NoError(t, err)
	at := slices.IndexFunc(after.Rows, func(r harbor.Repository) bool { return r.Name == "tool-x/web" })
	require.NotEqual(t, -1, at)
	require.Equal(t, after.Rows[0].UpdateTime, after.Rows[at].UpdateTime, "others may have the same millisecond")
	require.Equal(t, before.Total, after.Total)
	require.False(t, after.Rows[0].UpdateTime.Before(before.Rows[0].UpdateTime))
	list, err := c.RepositoryArtifacts(ctx, "tool-x/web")
	require.NoError(t, err)
	require.Equal(t, digest, list[0].Digest)
	require.Len(t, h.Requests(), 2, "one for the change, one for what changed")

	h.DeleteRepository("tool-x/web")
	gone, err := c.RecentRepositories(ctx, 1)
	require.NoError(t, err)
	require.Equal(t, after.Total-1, gone.Total)
	list, err = c.RepositoryArtifacts(ctx, "tool-x/web")
	require.NoError(t, err)
	require.Empty(t, list)
}

func TestUntaggedAreLeftOut(t *testing.T) {
	ctx := context.Background()
	h, who := standIn(t, harbortest.Options{})
	h.DeleteTag("tool-x/web", "latest")
	list, err := client(t, h.URL, who, harbor.Options{}).RepositoryArtifacts(ctx, "tool-x/web")
	require.NoError(t, err)
	require.Empty(t, list)
	list, err = client(t, h.URL, who, harbor.Options{Untagged: true}).RepositoryArtifacts(ctx, "tool-x/web")
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Nil(t, list[0].Tags)
}

func TestOlderHarbor(t *testing.T) {
	h, who := standIn(t, harbortest.Options{NoProjectArtifacts: true, Version: "v2.11.0"})
	c := client(t, h.URL, who, harbor.Options{})
	info, err := c.SystemInfo(context.Background())
	require.NoError(t, err)
	require.False(t, info.AtLeast(2, 12))
	_, err = c.ProjectArtifacts(context.Background(), "tool-x")
	isKind(t, err, fault.Unsupported)
}

func TestRevokedRobot(t *testing.T) {
	ctx := context.Background()
	h, who := standIn(t, harbortest.Options{})
	c := client(t, h.URL, who, harbor.Options{})
	_, err := c.ProjectArtifacts(ctx, "tool-secret")
	require.NoError(t, err)
	h.Revoke(who.Username)
	_, err = c.ProjectArtifacts(ctx, "tool-secret")
	isKind(t, err, fault.Denied)
	_, err = c.AllRepositories(ctx)
	isKind(t, err, fault.Denied)
}

// What Harbor answers to a robot that lost its rights looks like a project that
// is not there: that is why NotFound is not proof of absence to who knows better.
func TestRobotWithoutRights(t *testing.T) {
	h, _ := standIn(t, harbortest.Options{})
	name := h.AddRobot("puller", "right", harbortest.PullOnlyPermissions()...)
	c := client(t, h.URL, endpoint.Credential{Username: name, Password: "right"}, harbor.Options{})
	_, err := c.RepositoryArtifacts(context.Background(), "tool-secret/web")
	isKind(t, err, fault.NotFound)
	require.Contains(t, fault.HintOf(err), "right to list")
}

func TestHarborsBadDays(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault harbortest.Fault
		kind  fault.Kind
	}{
		{"500", harbortest.Status(500), fault.Unreachable},
		{"429", harbortest.RetryAfter(429, 3), fault.RateLimited},
		{"HTML", harbortest.HTML(200), fault.Unreachable},
		{"null", harbortest.NullList(), fault.Unreachable},
		{"redirect", harbortest.Redirect("https://elsewhere.example/"), fault.Unreachable},
		{"endless body", harbortest.EndlessBody(), fault.Unreachable},
		{"reset", harbortest.Reset(), fault.Unreachable},
		{"truncated", harbortest.Truncated(), fault.Unreachable},
		{"a total too high", harbortest.TotalCount(150), fault.Unreachable},
		{"a total too low", harbortest.TotalCount(1), fault.Unreachable},
		{"another page", harbortest.OtherPage(2), fault.Unreachable},
	} {
		t.Run(test.name, func(t *testing.T) {
			h, who := standIn(t, harbortest.Options{})
			c := client(t, h.URL, who, harbor.Options{}, endpoint.Options{Timeout: time.Second, MaxBody: 1 << 20})
			_, err := c.Prove(context.Background())
			require.NoError(t, err)
			remove := h.Fault(harbortest.Any, test.fault)
			list, err := c.AllRepositories(context.Background())
			require.Nil(t, list)
			isKind(t, err, test.kind)
			remove()
			list, err = c.AllRepositories(context.Background())
			require.NoError(t, err, "and it recovers at once")
			require.Len(t, list, 3)
		})
	}
	t.Run("endless paging", func(t *testing.T) {
		h, who := standIn(t, harbortest.Options{})
		c := client(t, h.URL, who, harbor.Options{})
		h.Fault(harbortest.Of(harbortest.KindRepositories), harbortest.EndlessPaging())
		list, err := c.AllRepositories(context.Background())
		require.NoError(t, err, "links are not followed")
		require.Len(t, list, 3)
		require.Equal(t, 1, h.Count(harbortest.KindRepositories))
	})
	t.Run("database", func(t *testing.T) {
		h, who := standIn(t, harbortest.Options{})
		c := client(t, h.URL, who, harbor.Options{})
		h.DatabaseDown(true)
		_, err := c.RepositoryArtifacts(context.Background(), "tool-x/web")
		isKind(t, err, fault.Unreachable)
	})
}
