package harbortest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

func names(rows []repositoryRow) []string {
	list := make([]string, len(rows))
	for i, r := range rows {
		list[i] = r.Name
	}
	return list
}

// Every page of every order holds each repository once, private ones for those
// who may see them.
func TestPagesAreComplete(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{Options: harbortest.Options{Now: ticking()}})
	s.Seed(harbortest.Seed{Projects: 5, Repositories: 5})
	for i, name := range s.Seed(harbortest.Seed{Projects: 2, Repositories: 3, Prefix: "hidden-"}) {
		_, err := s.Push(name, fmt.Sprint(i), harbortest.Profile{})
		require.NoError(t, err)
	}
	require.NoError(t, s.SetVisibility("hidden-000000", harbortest.Private))
	require.NoError(t, s.SetVisibility("hidden-000001", harbortest.Private))
	s.AddRobot("one", "secret", harbortest.Permission{Project: "hidden-000001", Actions: []string{"repository:list"}})
	viewers := map[string]struct {
		client client
		want   int
	}{
		"anonymous": {client{t: t, server: s}, 25},
		"robot":     {client{t, s, "robot$one", "secret"}, 28},
		"admin":     {asAdmin(t, s), 31},
	}
	for who, v := range viewers {
		for _, sort := range []string{"", "-update_time", "update_time", "creation_time", "name", "-name"} {
			t.Run(who+" "+sort, func(t *testing.T) {
				seen := map[string]bool{}
				for page := 1; page <= 5; page++ {
					path := fmt.Sprintf("/api/v2.0/repositories?page=%d&page_size=7&sort=%s", page, sort)
					resp, _ := v.client.do(http.MethodGet, path, nil)
					require.Equal(t, fmt.Sprint(v.want), resp.Header.Get("X-Total-Count"))
					for _, r := range list[repositoryRow](v.client, path) {
						require.False(t, seen[r.Name], r.Name)
						seen[r.Name] = true
					}
				}
				require.Len(t, seen, v.want)
			})
		}
	}
}

func TestUpdateTimeRanges(t *testing.T) {
	at := time.Date(2026, 11, 23, 10, 0, 0, 500e6, time.UTC)
	s := harbortest.Start(t, harbortest.StartOptions{Options: harbortest.Options{Now: func() time.Time { return at }}})
	s.AddProject("tool-a", harbortest.Public)
	push := func(name string) {
		_, err := s.Push("tool-a/"+name, "latest", harbortest.Profile{})
		require.NoError(t, err)
	}
	push("one") // 10:00:00.500
	at = at.Add(time.Second)
	push("two") // 10:00:01.500
	one, two := "tool-a/one", "tool-a/two"
	tests := []struct {
		q    string
		want []string
	}{
		{"[2026-11-23T10:00:01~]", []string{two}},
		{"[2026-11-23T10:00:00.500Z~]", []string{two, one}},
		{"[2026-11-23T10:00:00.501Z~]", []string{two}},
		{"[2026-11-23T10:00:00.900~]", []string{two, one}}, // the fraction is dropped
		{"[2026-11-23 10:00:01~]", []string{two}},
		{"[2026-11-23~]", []string{two, one}},
		{"[~2026-11-23T10:00:01]", []string{one}},
		{"[2026-11-23T10:00:00~2026-11-23T10:00:01]", []string{one}},
		{"[2026-11-24~]", []string{}},
	}
	c := client{t: t, server: s}
	for _, sort := range []string{"-update_time", "-creation_time"} {
		for _, tt := range tests {
			t.Run(sort+" "+tt.q, func(t *testing.T) {
				path := "/api/v2.0/repositories?sort=" + sort + "&q=" + url.QueryEscape("update_time="+tt.q)
				require.Equal(t, tt.want, names(list[repositoryRow](c, path)))
			})
		}
	}
	c.must(http.StatusInternalServerError, http.MethodGet, "/api/v2.0/repositories?q=update_time=[soon~]", nil)
	c.must(http.StatusBadRequest, http.MethodGet, "/api/v2.0/repositories?q=update_time=[2026-11-23~", nil)
}

// A plus in a filter must be escaped twice.
func TestAPlusInAFilter(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{})
	s.Seed(harbortest.Seed{Projects: 1})
	c := client{t: t, server: s}
	path := "/api/v2.0/projects/tool-000000/repositories/tool-000000/artifacts?q=media_type=application/vnd.docker.container.image.v1"
	require.Empty(t, list[artifactRow](c, path+"%2Bjson"))
	require.Len(t, list[artifactRow](c, path+"%252Bjson"), 1)
}

func TestProjectsTurnPrivateAndBack(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{Options: harbortest.Options{Now: ticking()}})
	seeded := s.Seed(harbortest.Seed{Projects: 2})
	c := client{t: t, server: s}
	before, _ := s.Repository(seeded[0])
	require.NoError(t, s.SetVisibility("tool-000000", harbortest.Private))
	require.Equal(t, []string{seeded[1]}, names(list[repositoryRow](c, "/api/v2.0/repositories")))
	c.must(http.StatusUnauthorized, http.MethodGet, "/api/v2.0/projects/tool-000000/repositories", nil)
	admin := asAdmin(t, s)
	type projectRow struct{ Name string }
	require.Equal(t, []projectRow{{"tool-000000"}}, list[projectRow](admin, "/api/v2.0/projects?public=false"))
	admin.must(http.StatusOK, http.MethodPut, "/api/v2.0/projects/tool-000000", []byte(`{"metadata":{"public":"true"}}`))
	require.Len(t, list[repositoryRow](c, "/api/v2.0/repositories"), 2)
	after, _ := s.Repository(seeded[0])
	require.Equal(t, before.Updated, after.Updated)
}

func TestProjectsAreCreated(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{})
	c := asAdmin(t, s)
	create := func(name string) int {
		resp, _ := c.do(http.MethodPost, "/api/v2.0/projects", []byte(`{"project_name":"`+name+`","metadata":{"public":"false"}}`))
		return resp.StatusCode
	}
	require.Equal(t, http.StatusCreated, create("tool-a-char.sep-b"))
	require.Equal(t, http.StatusConflict, create("tool-a-char.sep-b"))
	for _, bad := range []string{"tool--b", "tool__b", "tool..b", "Tool", "-tool"} {
		require.Equal(t, http.StatusBadRequest, create(bad), bad)
	}
	c.user = ""
	c.must(http.StatusUnauthorized, http.MethodGet, "/api/v2.0/projects/tool-a-char.sep-b", nil)
}

func TestScanOverview(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{})
	name := s.Seed(harbortest.Seed{Projects: 1})[0]
	require.NoError(t, s.SetScan(name, "latest", harbortest.Scan{
		Severity: "High", Fixable: 2, Summary: map[string]int{"High": 2, "Low": 3}, Finished: time.Unix(1, 0),
	}))
	c := client{t: t, server: s}
	path := "/api/v2.0/projects/tool-000000/repositories/tool-000000/artifacts"
	require.Nil(t, list[artifactRow](c, path)[0].ScanOverview)
	for _, report := range list[artifactRow](c, path+"?with_scan_overview=true")[0].ScanOverview {
		require.Equal(t, 5, report.Summary.Total)
		require.Equal(t, 2, report.Summary.Fixable)
		return
	}
	require.Fail(t, "no report")
}
