package main

import (
	"io"
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

// The example alerts say what they should on good days and on bad ones.
func TestAlerts(t *testing.T) {
	promtool := registrytest.Tool(t, "promtool")
	for _, args := range [][]string{{"check", "rules", "alerts.yaml"}, {"test", "rules", "alerts_test.yaml"}} {
		cmd := exec.CommandContext(testContext(), promtool, args...)
		cmd.Dir = "../../deploy"
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
	}
}

// An alert about a metric that nobody has would never fire. The program calls itself
// there what `bayplan version` does.
func TestAlertsAreAboutMetricsThatThereAre(t *testing.T) {
	_, address := demoServer(t)
	response, err := testClient.Get(address + "/v1/metrics")
	require.NoError(t, err)
	metrics, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	alerts, err := os.ReadFile("../../deploy/alerts.yaml")
	require.NoError(t, err)
	require.Regexp(t, `(?m)^bayplan_build_info\{goversion="go1\.[^"]+",version="`+regexp.QuoteMeta(buildVersion())+`"\} 1$`, string(metrics))
	names := regexp.MustCompile(`bayplan_[a-z_]+`).FindAllString(string(alerts), -1)
	require.NotEmpty(t, names)
	for _, name := range names {
		if name == "bayplan_catalog_refused" { // the demo's is good; the server's tests have one that is not
			continue
		}
		require.Regexp(t, `(?m)^`+name+`[{ ]`, string(metrics))
	}
}
