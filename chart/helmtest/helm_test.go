package helmtest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// helmTimeout bounds one run of Helm; each takes a fraction of a second.
const helmTimeout = time.Minute

// helm is one real Helm binary.
type helm struct {
	name   string // "helm3"
	binary string
}

// output is what one run printed and how it ended.
type output struct {
	stdout, stderr string
	err            error
}

// all is what a person sees on a terminal.
func (o output) all() string { return o.stdout + o.stderr }

// eachHelm runs a test with Helm 3 and with Helm 4.
func eachHelm(t *testing.T, test func(t *testing.T, h helm)) {
	t.Helper()
	for name, variable := range map[string]string{"helm3": "BAYPLAN_HELM3", "helm4": "BAYPLAN_HELM4"} {
		t.Run(name, func(t *testing.T) {
			test(t, helm{name: name, binary: binary(t, variable)})
		})
	}
}

// binary finds a tool by its environment variable. A machine without it skips
// the test, unless the machine is one that has promised to have everything.
func binary(t *testing.T, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path != "" {
		return path
	}
	if os.Getenv("BAYPLAN_REQUIRE_TOOLS") == "1" {
		require.FailNow(t, variable+" is not set, and BAYPLAN_REQUIRE_TOOLS=1 asks for it")
	}
	t.Skip(variable + " names no Helm binary")
	return ""
}

// run starts Helm with a home of its own, so that neither the caller's
// repositories and cluster nor another test's can be seen. Extra entries of the
// environment come last and win.
func (h helm) run(t *testing.T, environment []string, args ...string) output {
	t.Helper()
	home := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), helmTimeout)
	defer cancel()
	command := exec.CommandContext(ctx, h.binary, args...)
	command.Dir = home
	command.Env = append([]string{
		"HOME=" + home,
		"HELM_CACHE_HOME=" + filepath.Join(home, "cache"),
		"HELM_CONFIG_HOME=" + filepath.Join(home, "config"),
		"HELM_DATA_HOME=" + filepath.Join(home, "data"),
		"KUBECONFIG=" + filepath.Join(home, "kubeconfig"),
	}, environment...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	require.NoError(t, ctx.Err(), "helm %v did not end in time", args)
	return output{stdout: stdout.String(), stderr: stderr.String(), err: err}
}

// ok runs Helm and requires success.
func (h helm) ok(t *testing.T, args ...string) output {
	t.Helper()
	out := h.run(t, nil, args...)
	require.NoError(t, out.err, "helm %v:\n%s", args, out.all())
	return out
}

// fails runs Helm and requires that it ran and refused.
func (h helm) fails(t *testing.T, args ...string) output {
	t.Helper()
	out := h.run(t, nil, args...)
	var exit *exec.ExitError
	require.ErrorAs(t, out.err, &exit, "helm %v should have refused:\n%s", args, out.all())
	return out
}
