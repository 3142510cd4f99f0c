package harbortest_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

// run runs an outside program with a home of its own.
func run(t *testing.T, home, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = home
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "DOCKER_CONFIG=" + home, "HELM_REGISTRY_CONFIG=" + filepath.Join(home, "helm.json")}
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s %v: %s", program, args, output)
}

// What programs push shows in the API with its type, and they can read it back.
func TestPrograms(t *testing.T) {
	type row struct {
		Type string `json:"type"`
		Tags []struct{ Name string }
	}
	expect := func(c client, repository, kind, tag string) {
		rows := list[row](c, "/api/v2.0/projects/tool-a/repositories/"+repository+"/artifacts")
		require.Len(t, rows, 1)
		require.Equal(t, kind, rows[0].Type)
		require.Equal(t, tag, rows[0].Tags[0].Name)
	}
	setup := func(t *testing.T) (client, string) {
		s := harbortest.Start(t, harbortest.StartOptions{})
		s.AddProject("tool-a", harbortest.Public)
		home := t.TempDir()
		return asAdmin(t, s), home
	}
	for _, helm := range []string{"helm3", "helm4"} {
		t.Run(helm, func(t *testing.T) {
			program := registrytest.Tool(t, helm)
			c, home := setup(t)
			run(t, home, program, "create", "mychart")
			run(t, home, program, "package", "mychart", "--version", "1.2.3")
			run(t, home, program, "registry", "login", c.server.Host, "--plain-http", "-u", "admin", "-p", adminPassword)
			run(t, home, program, "push", "mychart-1.2.3.tgz", "oci://"+c.server.Host+"/tool-a", "--plain-http")
			expect(c, "mychart", "CHART", "1.2.3")
			run(t, home, program, "pull", "oci://"+c.server.Host+"/tool-a/mychart", "--version", "1.2.3", "--plain-http", "-d", t.TempDir())
			c.must(http.StatusOK, http.MethodGet, "/api/v2.0/projects/tool-a/repositories/mychart/artifacts/1.2.3/additions/values.yaml", nil)
		})
	}
	t.Run("oras", func(t *testing.T) {
		program := registrytest.Tool(t, "oras")
		c, home := setup(t)
		require.NoError(t, os.WriteFile(filepath.Join(home, "file"), []byte("text"), 0o600))
		run(t, home, program, "push", "--plain-http", "-u", "admin", "-p", adminPassword, c.server.Host+"/tool-a/any:1", "file:text/plain")
		expect(c, "any", "UNKNOWN", "1")
		run(t, home, program, "pull", "--plain-http", "-o", t.TempDir(), c.server.Host+"/tool-a/any:1")
	})
	t.Run("crane", func(t *testing.T) {
		program := registrytest.Tool(t, "crane")
		c, home := setup(t)
		c.push("tool-a/web:1", image(t, imageOptions{}))
		run(t, home, program, "auth", "login", c.server.Host, "-u", "admin", "-p", adminPassword)
		run(t, home, program, "copy", "--insecure", c.server.Host+"/tool-a/web:1", c.server.Host+"/tool-a/copy:2")
		expect(c, "copy", "IMAGE", "2")
	})
}
