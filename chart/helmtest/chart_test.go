package helmtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const (
	chartFolder    = "../image-config"
	catalogsFolder = "../../testdata/catalogs"
)

// sources are the real catalogs: the shape of 2025, the same in Harbor, and the
// flat shape of 2026.
var sources = []string{"images-v1.yaml", "images-v1-harbor.yaml", "images-v1-flat-sample.yaml"}

// chartPath is the shipped chart, wherever Helm is started.
func chartPath(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(chartFolder)
	require.NoError(t, err)
	return path
}

// chartWith copies the chart and gives the copy other values. Values passed with
// -f would be merged into the shipped ones; a catalog of its own has to stand in
// the chart.
func chartWith(t *testing.T, values string) string {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "image-config")
	require.NoError(t, os.CopyFS(copied, os.DirFS(chartFolder)))
	require.NoError(t, os.WriteFile(filepath.Join(copied, "values.yaml"), []byte(values), 0o600))
	return copied
}

// asImages puts a legacy catalog under the key images.
func asImages(legacy string) string {
	return "formatVersion: \"1.0\"\nimages:\n  " + strings.ReplaceAll(legacy, "\n", "\n  ") + "\n"
}

func readFile(t *testing.T, elements ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(elements...))
	require.NoError(t, err)
	return string(content)
}

// data decodes YAML keeping integers, floats and strings apart.
func data(t *testing.T, text string) any {
	t.Helper()
	var value any
	require.NoError(t, yaml.Unmarshal([]byte(text), &value))
	return value
}

// configMap is all that the chart may render.
type configMap struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct {
		Name, Namespace string
		Labels          map[string]string
	}
	Data map[string]string
}

// rendered reads `helm template` output, which must be that one ConfigMap and
// nothing else.
func rendered(t *testing.T, manifest string) configMap {
	t.Helper()
	decoder := yaml.NewDecoder(strings.NewReader(manifest))
	decoder.KnownFields(true)
	var result configMap
	require.NoError(t, decoder.Decode(&result), manifest)
	var more any
	require.Error(t, decoder.Decode(&more), "a second document was rendered: %v", more)
	require.Equal(t, "v1", result.APIVersion)
	require.Equal(t, "ConfigMap", result.Kind)
	require.Equal(t, "image-config", result.Metadata.Name)
	require.Len(t, result.Data, 1)
	require.Contains(t, result.Data, "images-v1.yaml")
	return result
}

// catalogOf renders a chart and gives the text that consumers read.
func catalogOf(t *testing.T, h helm, chart string, args ...string) string {
	t.Helper()
	out := h.ok(t, append([]string{"template", "image-config", chart}, args...)...)
	return rendered(t, out.stdout).Data["images-v1.yaml"]
}
