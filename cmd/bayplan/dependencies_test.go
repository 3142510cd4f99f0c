package main

import (
	"os"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
)

// pastAdvisories are the versions of what is built in before which there are known
// advisories, or bounds that we count on are missing.
var pastAdvisories = map[string]string{
	"helm.sh/helm/v3":             "3.20.2", // archives, schemas
	"oras.land/oras-go/v2":        "2.6.2",  // redirects, realms, uploads, links (CVE-2026-50163 and those before)
	"golang.org/x/net":            "0.45.0", // HTML, HTTP/2
	"golang.org/x/crypto":         "0.45.0", // ssh agents
	"github.com/docker/cli":       "29.2.0",
	"google.golang.org/protobuf":  "1.33.0", // endless loops in JSON
	"github.com/sirupsen/logrus":  "1.9.3",
	"github.com/cloudflare/circl": "1.6.1",
	"golang.org/x/oauth2":         "0.27.0",
}

// What is built in stands past every advisory that is known of it. Where the
// database can be reached, .ci/vulnerabilities says more.
func TestDependenciesStandPastAdvisories(t *testing.T) {
	text, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	file, err := modfile.Parse("go.mod", text, nil)
	require.NoError(t, err)
	required := map[string]*semver.Version{}
	for _, r := range file.Require {
		version, err := semver.NewVersion(r.Mod.Version)
		require.NoError(t, err, r.Mod)
		required[r.Mod.Path] = version
		require.NotEqual(t, "github.com/distribution/distribution/v3", r.Mod.Path, "from 3.1.1 on; add it above")
	}
	for path, least := range pastAdvisories {
		require.Contains(t, required, path, "it is not built in any more: take it out above")
		require.False(t, required[path].LessThan(semver.MustParse(least)), "%s %s is before %s", path, required[path], least)
	}
	require.Empty(t, file.Replace, "a replacement says another version than it is")
}
