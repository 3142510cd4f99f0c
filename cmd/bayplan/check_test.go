package main

import (
	"bytes"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/schemas"
)

// What check prints as data is what its schema says, with breaks of every kind
// and without.
func TestCheckPrintsWhatItsSchemaSays(t *testing.T) {
	schema := compiledSchema(t, schemas.CheckSchema())
	for _, args := range [][]string{
		{"../../chart/image-config"},
		{"../../testdata/catalogs/images-v1-flat-sample.yaml"},
		{"../../testdata/catalogs/images-v1-flat-sample.yaml", "--against", "../../testdata/catalogs/images-v1.yaml"},
		{"../../chart/image-config", "--consumer", "webservice-0.98"},
	} {
		var out, messages bytes.Buffer
		code := run(t.Context(), append([]string{"check", "-o", "json"}, args...), streams{out: &out, err: &messages})
		require.LessOrEqual(t, code, exitFindings, &messages)
		answer, err := jsonschema.UnmarshalJSON(&out)
		require.NoError(t, err)
		require.NoError(t, schema.Validate(answer))
	}
}
