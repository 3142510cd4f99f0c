package strictyaml_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// sameAsHelm holds the promise of the package: a document without problems
// gives the data that sigs.k8s.io/yaml gives, with which Helm reads it.
func sameAsHelm(t *testing.T, text []byte, node *strictyaml.Node) {
	t.Helper()
	fromHelm, err := helmJSON(text)
	require.NoError(t, err, "Helm refuses what has no problems")
	ours, err := json.Marshal(node.Any())
	require.NoError(t, err)
	require.JSONEq(t, string(fromHelm), string(ours))
	require.Equal(t, decoded(t, fromHelm), decoded(t, ours), "numbers keep their digits")
}

// helmJSON reads as Helm does. To the strict reader an overridden merge key is
// a duplicate; Helm uses the other one for values.
func helmJSON(text []byte) ([]byte, error) {
	strict, err := yaml.YAMLToJSONStrict(text)
	if err == nil {
		return strict, nil
	}
	return yaml.YAMLToJSON(text)
}

// decoded keeps each number as it is written.
func decoded(t *testing.T, text []byte) any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var v any
	require.NoError(t, decoder.Decode(&v))
	return v
}
