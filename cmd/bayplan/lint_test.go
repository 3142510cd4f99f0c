package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/schemas"
)

// What lint prints as data is what its schema says, with findings of every kind
// and without.
func TestLintPrintsWhatItsSchemaSays(t *testing.T) {
	schema := compiledSchema(t, schemas.LintSchema())
	mistakes, err := os.ReadFile("../../chart/lint/testdata/mistakes.yaml")
	require.NoError(t, err)
	bad := filepath.Join(t.TempDir(), "image-config")
	require.NoError(t, os.CopyFS(bad, os.DirFS("../../chart/image-config")))
	require.NoError(t, os.WriteFile(filepath.Join(bad, "values.yaml"), mistakes, 0o600))
	for dir, code := range map[string]int{bad: exitFindings, "../../chart/image-config": exitDone} {
		var out, messages bytes.Buffer
		require.Equal(t, code, run(t.Context(), []string{"lint", dir, "-o", "json", "--allow-host", "docker-registry.tools.wmflabs.org", "--allow-host", "docker-registry.svc.toolforge.org"}, streams{out: &out, err: &messages}), &messages)
		answer, err := jsonschema.UnmarshalJSON(&out)
		require.NoError(t, err)
		require.NoError(t, schema.Validate(answer))
	}
}

// compiledSchema makes a schema of its text.
func compiledSchema(t *testing.T, text []byte) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("schema.json", document))
	schema, err := compiler.Compile("schema.json")
	require.NoError(t, err)
	return schema
}
