package render_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/archive"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/pack"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/render"
)

const shipped = "../image-config"

// chartWith is the shipped chart with other files in some places.
func chartWith(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "image-config")
	require.NoError(t, os.CopyFS(dir, os.DirFS(shipped)))
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

func legacy(t *testing.T, dir string, opts render.Options) map[string]any {
	t.Helper()
	manifests, err := render.Dir(dir, opts)
	require.NoError(t, err)
	text, err := render.Legacy(manifests)
	require.NoError(t, err)
	var data map[string]any
	require.NoError(t, yaml.UnmarshalStrict(text, &data))
	return data
}

func TestADirectoryAndItsArchiveRenderTheSame(t *testing.T) {
	bundled, err := pack.Bundled()
	require.NoError(t, err)
	opts := render.Options{Release: "r", Namespace: "tf-public"}
	fromArchive, err := render.Archive(bundled.Archive, opts)
	require.NoError(t, err)
	fromDir, err := render.Dir(shipped, opts)
	require.NoError(t, err)
	require.Equal(t, fromDir, fromArchive)
	require.Len(t, fromDir, 1, "the notes are no manifest")
	require.Contains(t, fromDir["image-config/templates/configmap.yaml"], "namespace: tf-public")
}

func TestTheZeroOptionsAreARelease(t *testing.T) {
	manifests, err := render.Dir(shipped, render.Options{})
	require.NoError(t, err)
	require.Contains(t, manifests["image-config/templates/configmap.yaml"], "namespace: default")
	require.Len(t, legacy(t, shipped, render.Options{}), 41)
}

// Deployers hand over the values of a whole environment.
func TestValuesAreLaidOverTheCharts(t *testing.T) {
	plain := legacy(t, shipped, render.Options{})
	require.Equal(t, plain, legacy(t, shipped, render.Options{Values: map[string]any{"chartVersion": "0.0.28", "replicas": 2}}))
	more := legacy(t, shipped, render.Options{Values: map[string]any{
		"images": map[string]any{"own": map[string]any{"state": "stable", "image": "registry.example/own"}},
	}})
	require.Len(t, more, len(plain)+1)
	require.Equal(t, map[string]any{"state": "stable", "image": "registry.example/own"}, more["own"])
}

// Helm would read the file that a chart's schema refers to.
func TestTheChartsOwnSchemaIsNotFollowed(t *testing.T) {
	dir := chartWith(t, map[string]string{"values.schema.json": `{"$ref": "file:///nothing/there.json"}`})
	require.Len(t, legacy(t, dir, render.Options{}), 41)
}

func TestOneTemplateMayRenderSeveralObjects(t *testing.T) {
	dir := chartWith(t, map[string]string{"templates/configmap.yaml": `
apiVersion: v1
kind: ConfigMap
metadata: {name: other}
data: {images-v1.yaml: "other: {}"}
---
# nothing but a comment
---
apiVersion: v1
kind: ConfigMap
metadata: {name: image-config}
data:
  images-v1.yaml: |
    a: {state: stable}
`})
	require.Equal(t, map[string]any{"a": map[string]any{"state": "stable"}}, legacy(t, dir, render.Options{}))
}

func TestLegacySaysWhatIsMissing(t *testing.T) {
	_, err := render.Legacy(map[string]string{"a": "kind: ConfigMap\nmetadata: {name: image-config}\ndata: {other: x}\n", "b": ""})
	require.EqualError(t, err, "the chart renders no ConfigMap image-config with the key images-v1.yaml")
	_, err = render.Legacy(map[string]string{"a.yaml": "a: [\n"})
	require.ErrorContains(t, err, "template a.yaml renders no YAML")
}

func TestWhatCannotBeRendered(t *testing.T) {
	_, err := render.Dir(filepath.Join(t.TempDir(), "nothing"), render.Options{})
	require.ErrorContains(t, err, "Chart.yaml file is missing")
	_, err = render.Archive([]byte("<html>"), render.Options{})
	require.ErrorContains(t, err, "not gzip")
	_, err = render.Archive(make([]byte, archive.MaxCompressed+1), render.Options{})
	require.ErrorIs(t, err, archive.ErrTooLarge)
	_, err = render.Dir(chartWith(t, map[string]string{"templates/x.yaml": "{{ fail \"as asked\" }}"}), render.Options{})
	require.ErrorContains(t, err, "as asked")
	_, err = render.Dir(chartWith(t, map[string]string{"templates/x.yaml": "{{ .Values.images "}), render.Options{})
	require.ErrorContains(t, err, "templates/x.yaml")
}

// The engine and the server's own encoder agree.
func Example() {
	bundled, err := pack.Bundled()
	if err != nil {
		fmt.Println(err)
		return
	}
	manifests, err := render.Archive(bundled.Archive, render.Options{Namespace: "tf-public"})
	if err != nil {
		fmt.Println(err)
		return
	}
	rendered, err := render.Legacy(manifests)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(chart.LegacyKey, string(rendered) == string(bundled.Chart.Catalog.LegacyYAML()))
	// Output: images-v1.yaml true
}

func TestObjects(t *testing.T) {
	found, err := render.Objects(map[string]string{
		"b.yaml": "kind: Role\nmetadata: {name: reader}\n---\nkind: ConfigMap\nmetadata: {name: image-config}\n",
		"a.yaml": "# nothing\n",
	})
	require.NoError(t, err)
	require.Equal(t, []string{"ConfigMap/image-config", "Role/reader"}, found)
	_, err = render.Objects(map[string]string{"a.yaml": "{"})
	require.ErrorContains(t, err, "template a.yaml renders no YAML")
}
