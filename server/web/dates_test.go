package web_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/web"
)

func TestAgesAreInDays(t *testing.T) {
	d := web.Dates{Day: "2026-08-01"}
	for at, want := range map[string]string{
		"2026-08-01T23:59:59Z": "today", "2026-08-02T01:00:00Z": "today", "2026-07-31T23:59:59Z": "yesterday", "2026-07-30T00:00:00Z": "2 days ago",
		"2026-06-03T00:00:00Z": "59 days ago", "2026-06-02T00:00:00Z": "60 days ago", "2025-08-01T00:00:00Z": "12 months ago", "2024-07-31T00:00:00Z": "2 years ago",
		"2026-08-01T00:30:00+02:00": "yesterday",
	} {
		when, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		require.Equal(t, want, d.Age(when), at)
	}
	require.Empty(t, d.Age(time.Time{}))
	require.Empty(t, web.Dates{}.Age(noon))
}

func TestEndsAreTheNextStepsOfALife(t *testing.T) {
	d := web.Dates{Day: "2026-08-01"}
	for _, c := range []struct {
		state string
		life  api.Lifecycle
		want  []string
	}{
		{"stable", api.Lifecycle{Deprecated: "2027-01-01", Unsupported: "2028-01-01"}, []string{"deprecated from 2027-01-01", "security updates end 2028-01-01"}},
		{"deprecated", api.Lifecycle{Deprecated: "2025-01-01", Unsupported: "2026-08-01", Removed: "2026-12-01"}, []string{"no security updates since 2026-08-01", "removed on 2026-12-01"}},
		{"deprecated", api.Lifecycle{Deprecated: "2027-01-01"}, nil},
	} {
		require.Equal(t, c.want, d.Ends(api.Image{State: c.state, Lifecycle: &c.life}))
	}
	require.Nil(t, d.Ends(api.Image{State: "stable"}))
}

func TestRootsOfPages(t *testing.T) {
	for path, want := range map[string]string{
		"/": "./", "/tools": "./", "/tools/a": "../", "/images/team/tool": "../../", "/images/team%2Ftool": "../", "/a/b/c/": "../../../", "": "./",
	} {
		require.Equal(t, want, web.RootOf(path), path)
	}
}
