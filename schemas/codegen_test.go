package schemas_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/schemas"
)

// The generator that builds-api uses, under the module path that this version
// still has (later ones are github.com/oapi-codegen/oapi-codegen), and the
// runtime that its output imports.
const (
	generator = "github.com/deepmap/oapi-codegen/v2/cmd/oapi-codegen@v2.1.0"
	runtime   = "github.com/oapi-codegen/runtime@v1.1.1"
)

// usesClient is a caller of the generated code. It holds what a Go client can
// count on: what a record always has is no pointer, what may be unknown is one,
// and words are plain strings.
const usesClient = `package client

import "context"

func use(ctx context.Context, c *ClientWithResponses) (string, error) {
	limit := 10
	answer, err := c.ListImagesWithResponse(ctx, &ListImagesParams{Limit: &limit})
	if err != nil {
		return "", err
	}
	if answer.JSON400 != nil {
		return answer.JSON400.Code, nil
	}
	image := answer.JSON200.Images[0]
	var exists *bool = image.Exists
	var state string = image.State
	var aliases []string = image.Aliases
	var variant Variant = image.Variants["webservice"]
	_, _, _ = exists, aliases, variant
	return image.ShortName + state, nil
}
`

// TestGeneratedClientCompiles makes Go types and a client from the document in a
// module of their own, and compiles them with a caller.
func TestGeneratedClientCompiles(t *testing.T) {
	if os.Getenv("BAYPLAN_REQUIRE_TOOLS") != "1" {
		t.Skip("fetches oapi-codegen through the Go module proxy: set BAYPLAN_REQUIRE_TOOLS=1 to run it")
	}
	dir := t.TempDir()
	write := func(name string, content []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	run := func(args ...string) []byte {
		command := exec.CommandContext(t.Context(), "go", args...)
		command.Dir = dir
		command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
		var problems []byte
		out, err := command.Output()
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			problems = exit.Stderr
		}
		require.NoError(t, err, "go %v: %s", args, problems)
		return out
	}
	write("go.mod", []byte("module example.org/client\n\ngo 1.26\n"))
	write("openapi.yaml", schemas.OpenAPIYAML())
	write("use.go", []byte(usesClient))
	write("client.go", run("run", generator, "-package", "client", "-generate", "types,client", "openapi.yaml"))
	run("get", runtime)
	run("mod", "tidy")
	run("vet", "./...")
}
