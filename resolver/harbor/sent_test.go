package harbor_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// All that a client may ever send. None of it counts as a pull: manifests and
// blobs are not in it.
var mayBeSent = regexp.MustCompile(`^GET (/v2/|/api/v2\.0/(systeminfo|projects\?[^ ]*|repositories\?[^ ]*|projects/[a-z0-9._-]+/artifacts\?[^ ]*|projects/[a-z0-9._-]+/repositories/[a-z0-9._-]+(%252F[a-z0-9._-]+)*/artifacts\?[^ ]*))$`)

func TestWhatIsSent(t *testing.T) {
	ctx := context.Background()
	c, s := recorded(t, robot, harbor.Options{})
	private := false
	_, err := c.Prove(ctx)
	require.NoError(t, err)
	_, err = c.SystemInfo(ctx)
	require.NoError(t, err)
	_, err = c.Projects(ctx, harbor.ProjectFilter{})
	require.NoError(t, err)
	_, err = c.Projects(ctx, harbor.ProjectFilter{Public: &private})
	require.NoError(t, err)
	_, err = c.RecentRepositories(ctx, 1)
	require.NoError(t, err)
	_, err = c.AllRepositories(ctx)
	require.NoError(t, err)
	_, err = c.ProjectArtifacts(ctx, "tool-alpha")
	require.NoError(t, err)
	_, err = c.RepositoryArtifacts(ctx, "tool-private/secret")
	require.NoError(t, err)
	_, err = c.RepositoryArtifacts(ctx, "tool-alpha/sub/dir") // no recording: only what is sent matters
	require.Error(t, err)

	sent := s.requests()
	require.Equal(t, []string{
		"GET /v2/",
		"GET /api/v2.0/systeminfo",
		"GET /api/v2.0/projects?page=1&page_size=100",
		"GET /api/v2.0/projects?page=1&page_size=100&public=false",
		"GET /api/v2.0/repositories?page=1&page_size=100&sort=-update_time",
		"GET /api/v2.0/repositories?page=1&page_size=100&sort=creation_time",
		"GET /api/v2.0/projects/tool-alpha/artifacts?page=1&page_size=100&q=tags%3D%2A&with_tag=true",
		"GET /api/v2.0/projects/tool-private/repositories/secret/artifacts?page=1&page_size=100&q=tags%3D%2A&with_tag=true",
		"GET /api/v2.0/projects/tool-alpha/repositories/sub%252Fdir/artifacts?page=1&page_size=100&q=tags%3D%2A&with_tag=true",
	}, sent)
	for _, r := range sent {
		require.Regexp(t, mayBeSent, r)
	}
}

func TestOptionsAreAskedFor(t *testing.T) {
	s := serve(t, answers(200, "0", "[]"))
	c := client(t, s.URL, none, harbor.Options{Untagged: true, WithLabels: true, WithSignatures: true, WithVulnerabilities: true})
	_, err := c.RepositoryArtifacts(context.Background(), repository)
	require.NoError(t, err)
	require.Equal(t, []string{"GET /api/v2.0/projects/tool-x/repositories/web/artifacts?page=1&page_size=100&with_accessory=true&with_label=true&with_scan_overview=true&with_tag=true"}, s.requests())
}

// A numeric name is a name: without the header Harbor takes it for an id.
func TestNumericProject(t *testing.T) {
	s := serve(t, answers(200, "0", "[]"))
	c := client(t, s.URL, none, harbor.Options{})
	for _, name := range []string{"2048/web", "tool-x/web"} {
		_, err := c.RepositoryArtifacts(context.Background(), name)
		require.NoError(t, err)
	}
	require.Equal(t, []string{"true", ""}, s.header("X-Is-Resource-Name"))
}

func TestNothingIsSentAboutNamesOfNobody(t *testing.T) {
	s := serve(t, answers(200, "0", "[]"))
	c := client(t, s.URL, robot, harbor.Options{})
	ctx := context.Background()
	for _, name := range []string{
		"", "tool-x", "tool-x/", "/web", "tool-x//web", "tool-x/web/", "tool-x/../web", "Tool/web", "tool-x/Web", "tool--x/web",
		"tool-x/w eb", "tool-x/web?x", "tool-x/web#x", "tool-x/%2e%2e", "tool-x/web\x00", "tool-x/wéb", "tool-x/-web",
		"tool-x/web:latest", "tool-x/" + strings.Repeat("a", 260),
	} {
		_, err := c.RepositoryArtifacts(ctx, name)
		require.Equal(t, fault.Usage, fault.KindOf(err), "%q: %v", name, err)
	}
	for _, name := range []string{"", "tool--x", "tool-x/y", "../x", "Tool", "tool-", "a..b", "a%2fb", strings.Repeat("a", 256)} {
		_, err := c.ProjectArtifacts(ctx, name)
		require.Equal(t, fault.Usage, fault.KindOf(err), "%q: %v", name, err)
	}
	require.Empty(t, s.requests())
}
