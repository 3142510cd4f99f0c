package registrytest

import (
	"os"
	"os/exec"
	"testing"
)

// RequireTools is the environment variable that, set to 1, makes a missing tool a
// failure: in CI nothing may be skipped quietly.
const RequireTools = "BAYPLAN_REQUIRE_TOOLS"

// Tool gives the path of an outside program that a test needs, and skips the test
// if there is none (see [RequireTools]). "helm3" and "helm4" are the programs that
// the variables BAYPLAN_HELM3 and BAYPLAN_HELM4 name; all others are looked up on
// PATH.
func Tool(t testing.TB, name string) string {
	t.Helper()
	wanted, where := name, "on PATH"
	if variable, ok := map[string]string{"helm3": "BAYPLAN_HELM3", "helm4": "BAYPLAN_HELM4"}[name]; ok {
		where = "named by " + variable
		if set := os.Getenv(variable); set != "" {
			wanted = set
		}
	}
	path, err := exec.LookPath(wanted)
	if err == nil {
		return path
	}
	if os.Getenv(RequireTools) == "1" {
		t.Fatalf("%s is needed, and is not %s: %v", name, where, err)
	}
	t.Skipf("%s is not %s", name, where)
	return ""
}
