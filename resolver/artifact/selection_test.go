package artifact_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

var builds = regexp.MustCompile(`^0\.0\.\d+-\d{14}-[0-9a-f]{8}$`)

func TestChoose(t *testing.T) {
	real := []string{"latest", "0.0.27-20260511093000-1b2c3d4e", "0.0.28-20260722001336-ea583302", "0.0.29-dev-mr-7", "0.0.9-20230725120000-aaaaaaaa"}
	for name, c := range map[string]struct {
		constraint string
		pattern    *regexp.Regexp
		tags       []string
		want       string
	}{
		"highest":                                      {">=1", nil, []string{"1.2.0", "1.10.0", "1.9.0"}, "1.10.0"},
		"within the constraint":                        {"~1.2", nil, []string{"1.2.0", "1.2.9", "1.3.0"}, "1.2.9"},
		"tags that are no versions are ignored":        {"*", nil, []string{"latest", "v2", "1.0", "2026", "01.2.3", "1.0.0"}, "1.0.0"},
		"a leading v is no strict SemVer":              {"*", nil, []string{"v9.0.0", "1.0.0"}, "1.0.0"},
		"pre-releases do not count":                    {">=0.1", nil, []string{"1.0.0", "2.0.0-rc.1"}, "1.0.0"},
		"builds count by pattern":                      {">=0.0.1", builds, real, "0.0.28-20260722001336-ea583302"},
		"builds are below the next version":            {"<0.0.28", builds, real, "0.0.27-20260511093000-1b2c3d4e"},
		"a merge request is never picked":              {">=0.0.29 || *", builds, real, "0.0.28-20260722001336-ea583302"},
		"a release is above its pre-releases":          {"*", builds, []string{"0.0.28", "0.0.28-20260722001336-ea583302"}, "0.0.28"},
		"the later build of one version":               {"*", builds, []string{"0.0.28-20260722001336-ea583302", "0.0.28-20260801000000-00000000"}, "0.0.28-20260801000000-00000000"},
		"numbers are compared as numbers":              {"*", builds, []string{"0.0.9-20230725120000-aaaaaaaa", "0.0.10-20230101000000-aaaaaaaa"}, "0.0.10-20230101000000-aaaaaaaa"},
		"an underscore is a plus":                      {"1.0.0", nil, []string{"1.0.0_build.5"}, "1.0.0_build.5"},
		"ties in build metadata: the greater":          {"*", nil, []string{"1.0.0_b", "1.0.0_c", "1.0.0_a"}, "1.0.0_c"},
		"ties: with build metadata above without":      {"*", nil, []string{"1.0.0_b", "1.0.0"}, "1.0.0_b"},
		"a constraint that names a pre-release":        {"<=0.0.28-20260722001336-ea583302", builds, real, "0.0.28-20260722001336-ea583302"},
		"the pattern sees the version, not the tag":    {"*", regexp.MustCompile(`\+x$`), []string{"1.0.0-rc.1_x", "1.0.0-rc.2_y"}, "1.0.0-rc.1_x"},
		"numbers too large for us are ignored":         {"*", nil, []string{"99999999999999999999999.0.0", "1.0.0"}, "1.0.0"},
		"duplicates do no harm":                        {"*", nil, []string{"1.0.0", "1.0.0"}, "1.0.0"},
		"an unanchored pattern is the operator's word": {"*", regexp.MustCompile(`dev`), real, "0.0.29-dev-mr-7"},
	} {
		t.Run(name, func(t *testing.T) {
			sel := artifact.Selection{Constraint: c.constraint, PreReleases: c.pattern}
			for range 2 { // in both directions
				got, err := sel.Choose(c.tags)
				require.NoError(t, err)
				require.Equal(t, c.want, got)
				slices.Reverse(c.tags)
			}
		})
	}
}

func TestChooseNothing(t *testing.T) {
	sel := artifact.Selection{Constraint: ">=1", PreReleases: builds}
	_, err := sel.Choose([]string{"latest", "0.0.1", "0.0.2", "0.0.3", "0.0.4", "1.0.0-dev-mr-7"})
	require.True(t, fault.Is(err, fault.NotFound))
	require.EqualError(t, err, `choose version: no version matches ">=1"; of 6 tags, not counted: latest (no SemVer version); `+
		`0.0.2, 0.0.3, 0.0.4 (outside the constraint); 1.0.0-dev-mr-7 (a pre-release that no pattern admits)`)
	require.Contains(t, fault.HintOf(err), "pattern of the pre-releases")

	_, err = sel.Choose(nil)
	require.True(t, fault.Is(err, fault.NotFound))
	require.ErrorContains(t, err, "no tags")

	_, err = artifact.Selection{Constraint: "newest"}.Choose([]string{"1.0.0"})
	require.True(t, fault.Is(err, fault.Usage))
}

// A selection that makes no sense is refused before anybody is asked.
func TestSelectionUsage(t *testing.T) {
	client := newClient(t, "http://127.0.0.1:1", artifact.Options{})
	versioned := artifact.Reference{Host: host, Path: path, Version: "1.0.0"}
	for name, c := range map[string]struct {
		ref     artifact.Reference
		sel     artifact.Selection
		message string
	}{
		"nothing":                {catalog, artifact.Selection{}, "no version is named"},
		"tag and constraint":     {versioned, artifact.Selection{Constraint: ">=1"}, "both given"},
		"version and constraint": {catalog, artifact.Selection{Version: "1.0.0", Constraint: ">=1"}, "both given"},
		"digest and constraint":  {catalog, artifact.Selection{Digest: someDigest, Constraint: ">=1"}, "both given"},
		"two versions":           {versioned, version("1.0.1"), "the reference says version 1.0.0, the selection 1.0.1"},
		"bad constraint":         {catalog, artifact.Selection{Constraint: "newest"}, "is no constraint"},
		"constraint as version":  {catalog, version(">=1"), "is a constraint"},
		"bad digest":             {catalog, artifact.Selection{Digest: "abc"}, "is no digest"},
		"bad host":               {artifact.Reference{Host: "no host", Path: path}, version("1.0.0"), "registry"},
		"bad path":               {artifact.Reference{Host: host, Path: "A"}, version("1.0.0"), "repository"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := client.Resolve(t.Context(), c.ref, c.sel)
			require.Equal(t, fault.Usage, fault.KindOf(err), "%v", err)
			require.ErrorContains(t, err, c.message)
		})
	}
}
