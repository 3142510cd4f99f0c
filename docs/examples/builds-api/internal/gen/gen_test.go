package gen

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is committed is what builds-api's generator makes of the document.
func TestIsGenerated(t *testing.T) {
	if os.Getenv("BAYPLAN_REQUIRE_TOOLS") != "1" {
		t.Skip("fetches oapi-codegen through the Go module proxy: set BAYPLAN_REQUIRE_TOOLS=1 to run it")
	}
	out := filepath.Join(t.TempDir(), "api.gen.go")
	generate := exec.CommandContext(t.Context(), "go", "run", "github.com/deepmap/oapi-codegen/v2/cmd/oapi-codegen@v2.1.0",
		"-config", "internal/gen/config.yaml", "-o", out, "openapi/images.yaml")
	generate.Dir = "../.."
	said, err := generate.CombinedOutput()
	require.NoError(t, err, "%s", said)
	made, err := os.ReadFile(out)
	require.NoError(t, err)
	committed, err := os.ReadFile("api.gen.go")
	require.NoError(t, err)
	require.Equal(t, string(committed), string(made), "run go generate ./internal/gen")
}
