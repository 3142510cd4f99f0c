package harbor_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// The recordings behind the questions of all tests here.
var played = map[string]string{
	"none /v2/":                    "who.wrong-secret.v2",
	"robot /v2/":                   "who.robot.v2",
	"user /v2/":                    "v2.admin",
	"none /api/v2.0/systeminfo":    "systeminfo",
	"robot /api/v2.0/systeminfo":   "who.robot.systeminfo",
	"none /api/v2.0/projects":      "projects.all.anonymous",
	"robot /api/v2.0/projects":     "projects.all.robot",
	"none /api/v2.0/repositories":  "all-repositories.sort-update_time",
	"robot /api/v2.0/repositories": "all-repositories.robot",

	"robot /api/v2.0/projects/tool-alpha/artifacts":   "project-artifacts.robot",
	"robot /api/v2.0/projects/tool-private/artifacts": "project-artifacts.private.robot",
	"robot /api/v2.0/projects/tool-nope/artifacts":    "project-artifacts.missing.robot",
	"user /api/v2.0/projects/tool-nope/artifacts":     "project.missing.admin",
	"user /api/v2.0/projects/tool-alpha/artifacts":    "error.404.route",

	"none /api/v2.0/projects/tool-alpha/repositories/web/artifacts":            "artifacts.image.with_all",
	"none /api/v2.0/projects/tool-alpha/repositories/sub%252Fdir/artifacts":    "nginx.slash.double-encoded",
	"none /api/v2.0/projects/tool-alpha/repositories/moved/artifacts":          "artifacts.untagged",
	"none /api/v2.0/projects/tool-alpha/repositories/nope/artifacts":           "artifacts.missing-repository.anonymous",
	"none /api/v2.0/projects/tool-nope/repositories/web/artifacts":             "artifacts.missing-project.anonymous",
	"none /api/v2.0/projects/tool-a-char.sep-b/repositories/web/artifacts":     "artifacts.separator-project",
	"none /api/v2.0/projects/tool-beta/repositories/multi/artifacts":           "artifacts.index",
	"none /api/v2.0/projects/tool-beta/repositories/cosigned/artifacts":        "artifacts.cosigned",
	"none /api/v2.0/projects/tool-beta/repositories/referred/artifacts":        "artifacts.with-referrers",
	"none /api/v2.0/projects/tool-beta/repositories/other/artifacts":           "artifacts.other-types",
	"none /api/v2.0/projects/toolforge/repositories/manytags/artifacts":        "artifacts.130-tags",
	"none /api/v2.0/projects/toolforge/repositories/onedigest/artifacts":       "artifacts.one-digest-120-tags",
	"none /api/v2.0/projects/toolforge/repositories/jobs-api/artifacts":        "artifacts.chart",
	"none /api/v2.0/projects/toolforge/repositories/manyartifacts/artifacts":   "artifacts.many.page_size-100",
	"none /api/v2.0/projects/toolforge/repositories/manyartifacts/artifacts 2": "artifacts.many.page2",
	"none /api/v2.0/projects/tool-private/repositories/secret/artifacts":       "artifacts.private.anonymous",
	"robot /api/v2.0/projects/tool-private/repositories/secret/artifacts":      "artifacts.private.robot",
	"user /api/v2.0/projects/tool-private/repositories/secret/artifacts":       "artifacts.private.alice",
}

// recorded makes a client of the recordings.
func recorded(t *testing.T, who endpoint.Credential, opts harbor.Options) (*harbor.Client, *server) {
	t.Helper()
	s := serve(t, replay(played))
	return client(t, s.URL, who, opts), s
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestSystemInfo(t *testing.T) {
	c, _ := recorded(t, robot, harbor.Options{})
	info, err := c.SystemInfo(context.Background())
	require.NoError(t, err)
	require.Equal(t, harbor.Info{Version: "v2.15.2-local", AuthMode: "db_auth"}, info)
	require.True(t, info.AtLeast(2, 12))
	require.True(t, info.AtLeast(2, 15))
	require.False(t, info.AtLeast(2, 16))
	require.False(t, info.AtLeast(3, 0))

	c, _ = recorded(t, none, harbor.Options{})
	info, err = c.SystemInfo(context.Background())
	require.NoError(t, err)
	require.Equal(t, harbor.Info{AuthMode: "db_auth"}, info, "the version is hidden from the anonymous")
	require.False(t, info.AtLeast(1, 0))
}

func TestProve(t *testing.T) {
	for _, test := range []struct {
		name string
		who  endpoint.Credential
		want harbor.Identity
		sent int
	}{
		{"anonymous costs nothing", none, harbor.Identity{}, 0},
		{"robot", robot, harbor.Identity{Kind: harbor.Robot, Name: "robot$reader"}, 1},
		{"user is slow", user, harbor.Identity{Kind: harbor.User, Name: "admin", Slow: true}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, s := recorded(t, test.who, harbor.Options{})
			id, err := c.Prove(context.Background())
			require.NoError(t, err)
			require.Equal(t, test.want, id)
			require.Len(t, s.requests(), test.sent)
		})
	}
}

// The trap that the proof is for: projects.all.anonymous is what Harbor answers
// to a wrong secret, with 200.
func TestWrongSecretIsNeverAnsweredAsAnonymous(t *testing.T) {
	c, s := recorded(t, wrong, harbor.Options{})
	_, err := c.Prove(context.Background())
	isKind(t, err, fault.Denied)
	require.NotEmpty(t, fault.HintOf(err))
	_, err = c.Projects(context.Background(), harbor.ProjectFilter{})
	isKind(t, err, fault.Denied)
	_, err = c.RecentRepositories(context.Background(), 1)
	isKind(t, err, fault.Denied)
	for _, r := range s.requests() {
		require.Equal(t, "GET /v2/", r)
	}
}

func TestProjects(t *testing.T) {
	c, s := recorded(t, robot, harbor.Options{})
	private := false
	list, err := c.Projects(context.Background(), harbor.ProjectFilter{})
	require.NoError(t, err)
	require.Equal(t, []harbor.Project{
		{ID: 1, Name: "library", Public: true},
		{ID: 5, Name: "tool-a-char.sep-b", Public: true},
		{ID: 3, Name: "tool-alpha", Public: true},
		{ID: 4, Name: "tool-beta", Public: true},
		{ID: 6, Name: "tool-private"},
		{ID: 2, Name: "toolforge", Public: true},
	}, list)
	s.requests()
	_, err = c.Projects(context.Background(), harbor.ProjectFilter{Public: &private})
	require.NoError(t, err)
	require.Equal(t, []string{"GET /api/v2.0/projects?page=1&page_size=100&public=false"}, s.requests())
}

func TestRepositories(t *testing.T) {
	c, _ := recorded(t, none, harbor.Options{})
	page, err := c.RecentRepositories(context.Background(), 1)
	require.NoError(t, err)
	require.Equal(t, 16, page.Total)
	require.Len(t, page.Rows, 16)
	require.Equal(t, harbor.Repository{
		ID: 20, ProjectID: 4, Name: "tool-beta/other", ArtifactCount: 3, PullCount: 1,
		UpdateTime: at("2026-11-23T05:24:40.769Z"), CreationTime: at("2026-11-23T05:21:16.358Z"),
	}, page.Rows[0])

	c, _ = recorded(t, robot, harbor.Options{})
	list, err := c.AllRepositories(context.Background())
	require.NoError(t, err)
	require.Len(t, list, 17, "the private one too")

	for _, number := range []int{0, -1, 20_001} {
		_, err = c.RecentRepositories(context.Background(), number)
		isKind(t, err, fault.Usage)
	}
}

func TestRepositoryArtifacts(t *testing.T) {
	c, _ := recorded(t, none, harbor.Options{WithLabels: true, WithSignatures: true, WithVulnerabilities: true})
	list := func(name string) []harbor.Artifact {
		t.Helper()
		list, err := c.RepositoryArtifacts(context.Background(), name)
		require.NoError(t, err)
		return list
	}
	web := list("tool-alpha/web")
	require.Len(t, web, 3)
	require.Equal(t, harbor.Artifact{
		Repository: "tool-alpha/web",
		Digest:     "sha256:60b80f860a0b1a07be15a2cc3d05e9656d1ccf2c31b23759fda9bf70f93837f6",
		Type:       "IMAGE", MediaType: "application/vnd.oci.image.config.v1+json",
		Size: 2757, PushTime: at("2026-11-23T04:58:11.548Z"),
		Tags:      []harbor.Tag{{Name: "2.0.0", PushTime: at("2026-11-23T04:58:11.566Z")}},
		Platforms: []string{"linux/amd64"},
		Labels:    []string{"prod"},
	}, web[0])

	multi := list("tool-beta/multi")
	require.Equal(t, []string{"linux/amd64", "linux/arm64"}, multi[0].Platforms)
	require.Equal(t, "application/vnd.oci.image.index.v1+json", multi[0].MediaType)

	var signed []string
	for _, a := range list("tool-beta/cosigned") {
		if a.Signed {
			signed = append(signed, a.Tags[0].Name)
		}
	}
	require.Equal(t, []string{"1.0"}, signed)
	require.False(t, list("tool-beta/referred")[0].Signed, "an accessory is not a signature")

	untagged := 0
	for _, a := range list("tool-alpha/moved") {
		if a.Tags == nil {
			untagged++
		}
	}
	require.Equal(t, 1, untagged)

	tags := map[string]bool{}
	for _, a := range list("toolforge/manytags") {
		for _, tag := range a.Tags {
			tags[tag.Name] = true
		}
	}
	require.Len(t, tags, 130)
	require.Len(t, list("toolforge/onedigest")[0].Tags, 120)
	require.Len(t, list("toolforge/manyartifacts"), 112)
	require.Equal(t, "tool-alpha/sub/dir", list("tool-alpha/sub/dir")[0].Repository)
	require.Len(t, list("tool-a-char.sep-b/web"), 1)
	require.Equal(t, "CHART", list("toolforge/jobs-api")[0].Type)
	var types []string
	for _, a := range list("tool-beta/other") {
		types = append(types, a.Type)
		require.Empty(t, a.Platforms)
	}
	require.Equal(t, []string{"UNKNOWN", "WASM", "THING"}, types)
	require.Empty(t, list("tool-alpha/nope"), "a repository that is not there is no error")
}

func TestProjectArtifacts(t *testing.T) {
	ctx := context.Background()
	c, _ := recorded(t, robot, harbor.Options{})
	list, err := c.ProjectArtifacts(ctx, "tool-alpha")
	require.NoError(t, err)
	var names []string
	for _, a := range list {
		names = append(names, a.Repository)
	}
	require.ElementsMatch(t, strings.Fields("tool-alpha/web tool-alpha/web tool-alpha/web tool-alpha/moved tool-alpha/moved tool-alpha/sub/dir"), names)

	_, err = c.ProjectArtifacts(ctx, "tool-nope")
	isKind(t, err, fault.NotFound)

	c, s := recorded(t, none, harbor.Options{})
	_, err = c.ProjectArtifacts(ctx, "tool-alpha")
	isKind(t, err, fault.Unsupported)
	require.Empty(t, s.requests(), "Harbor would say 401, as if it were not there")

	c, _ = recorded(t, user, harbor.Options{})
	_, err = c.ProjectArtifacts(ctx, "tool-alpha")
	isKind(t, err, fault.Unsupported) // Harbor before 2.12 does not know the path
	_, err = c.ProjectArtifacts(ctx, "tool-nope")
	isKind(t, err, fault.NotFound) // what only those who may list it are told
}

func TestNoSuchProject(t *testing.T) {
	ctx := context.Background()
	for _, test := range []struct {
		who        endpoint.Credential
		repository string
	}{
		{none, "tool-nope/web"},       // 401
		{none, "tool-private/secret"}, // 401, the same
		{user, "tool-private/secret"}, // 403
	} {
		c, _ := recorded(t, test.who, harbor.Options{})
		_, err := c.RepositoryArtifacts(ctx, test.repository)
		isKind(t, err, fault.NotFound)
		require.ErrorContains(t, err, "project ")
	}
	c, _ := recorded(t, robot, harbor.Options{})
	list, err := c.RepositoryArtifacts(ctx, "tool-private/secret")
	require.NoError(t, err)
	require.NotEmpty(t, list)
}
