package main

import (
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/pack"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// leastRights are those that docs/harbor.md tells operators to give.
var leastRights = []string{"artifact:list", "repository:list", "repository:pull"}

// withPlatform adds what a platform keeps in its Harbor besides tools' images,
// both in private projects: standard images, and the catalog chart that names
// them by tag and by digest. It gives the chart's reference.
func withPlatform(t *testing.T, h *harbortest.Harbor, host string, reach endpoint.Config) string {
	t.Helper()
	h.AddProject("toolforge", harbortest.Private)
	h.AddProject("toolforge-pre-built", harbortest.Private)
	digest, err := h.Push("toolforge-pre-built/bookworm", "latest", harbortest.Profile{})
	require.NoError(t, err)
	dir := t.TempDir()
	replace(t, filepath.Join(dir, "Chart.yaml"), "apiVersion: v2\nname: image-config\nversion: 0.0.28\n")
	replace(t, filepath.Join(dir, "values.yaml"), `formatVersion: "1.0"
images:
  bookworm: {state: stable, image: `+host+`/toolforge-pre-built/bookworm}
  pinned: {state: stable, image: "`+host+`/toolforge-pre-built/bookworm@`+digest+`"}
`)
	packed, err := pack.Dir(dir)
	require.NoError(t, err)
	hosts, err := endpoint.New(map[string]endpoint.Config{host: reach}, endpoint.Options{Credentials: as("admin", "Harbor12345")})
	require.NoError(t, err)
	ref := artifact.Reference{Host: host, Path: "toolforge/image-config"}
	_, err = artifact.New(hosts, artifact.Options{}).Publish(t.Context(), ref, artifact.Package{Archive: packed.Archive})
	require.NoError(t, err)
	return "oci://" + host + "/toolforge/image-config:0.0.28"
}

// gammas gives the names of the private tool's images, as it sees them.
func gammas(t *testing.T, address, cacheControl string) string {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, address+"/v1/tool/gamma/images?fields=short_name,exists", nil)
	require.NoError(t, err)
	request.Header.Set("X-Toolforge-Tool", "gamma")
	request.Header.Set("Cache-Control", cacheControl)
	response, err := testClient.Do(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(body)
}

// onDemand pushes another repository and asks for the tool's list, fresh. Rounds
// would find it too, so they are made to fail.
func onDemand(t *testing.T, h *harbortest.Server, address string) string {
	t.Helper()
	h.Fault(harbortest.Of(harbortest.KindRepositories), harbortest.Status(http.StatusBadGateway))
	_, err := h.Push("tool-gamma/second", "latest", harbortest.Profile{})
	require.NoError(t, err)
	return gammas(t, address, "no-cache")
}

// The rights that operators are told to give are enough, and each of them is
// needed for what the document says.
func TestLeastRights(t *testing.T) {
	old := harbortest.Options{NoProjectArtifacts: true, Version: "v2.11.0"}
	const gamma, second = `"tool-gamma/gamma:latest"`, `"tool-gamma/second:latest"`
	start := func(t *testing.T, opts harbortest.Options, without string) (*harbortest.Server, *service) {
		h := aHarbor(t, opts)
		rights := slices.DeleteFunc(slices.Clone(leastRights), func(right string) bool { return right == without })
		h.AddRobot("bayplan", robotSecret, harbortest.Permission{Project: "*", Actions: rights})
		o := &serveOptions{listen: "127.0.0.1:0"}
		o.source.catalog = withPlatform(t, h.Harbor, harborHost, endpoint.Config{URL: h.URL})
		return h, serveHere(t, o, h)
	}
	for name, opts := range map[string]harbortest.Options{"2.15.2": {}, "2.11": old} {
		t.Run("enough for "+name, func(t *testing.T) {
			h, s := start(t, opts, "")
			address := s.said(t, mainLine)
			s.said(t, isReady)
			body := gammas(t, address, "")
			require.Contains(t, body, gamma)
			require.Contains(t, body, `{"short_name":"bookworm","exists":true}`)
			require.Contains(t, body, `{"short_name":"pinned","exists":true}`)
			require.Contains(t, body, `"messages":{}`)
			require.NotContains(t, s.output(), "level=WARN")
			require.Contains(t, onDemand(t, h, address), second)
		})
	}
	t.Run("without artifact: list", func(t *testing.T) {
		_, s := start(t, harbortest.Options{}, "artifact:list")
		address := s.said(t, mainLine)
		s.said(t, regexp.MustCompile(`level=WARN msg="Harbor lists projects that our account may not read" projects=\d+ .*hint="give the account the right artifact: list`))
		require.NotContains(t, gammas(t, address, ""), gamma)
	})
	t.Run("without repository: pull", func(t *testing.T) {
		_, s := start(t, harbortest.Options{}, "repository:pull")
		s.said(t, regexp.MustCompile(`level=WARN .*toolforge/image-config:0.0.28`))
		require.NotContains(t, s.output(), "msg=ready")
	})
	t.Run("without repository: list", func(t *testing.T) {
		h, s := start(t, old, "repository:list")
		address := s.said(t, mainLine)
		s.said(t, isReady)
		require.Contains(t, gammas(t, address, ""), gamma)
		require.NotContains(t, onDemand(t, h, address), second)
	})
}
