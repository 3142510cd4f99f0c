package adopt_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/adopt"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/legacy"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/render"
)

var realCatalogs = []string{"images-v1.yaml", "images-v1-harbor.yaml", "images-v1-flat-sample.yaml"}

func deployed(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../testdata/catalogs", name))
	require.NoError(t, err)
	return string(text)
}

// imported writes the chart that a text becomes, and gives its folder.
func imported(t *testing.T, text string) string {
	t.Helper()
	source, err := legacy.Read([]byte(text), "given.yaml")
	require.NoError(t, err)
	others, err := legacy.Others([]byte(text), "given.yaml")
	require.NoError(t, err)
	files, err := adopt.Files(source, others, adopt.Options{From: "given.yaml", Version: "1.2.3"})
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), chart.Name)
	for name, text := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, text, 0o600))
	}
	return dir
}

func data(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	require.NoError(t, yaml.UnmarshalStrict(text, &v))
	return v
}

// What a chart made of a document renders is the document again, as data.
func TestNothingIsLost(t *testing.T) {
	for _, name := range realCatalogs {
		document := deployed(t, name)
		json, err := yaml.YAMLToJSON([]byte(document))
		require.NoError(t, err)
		for dress, text := range map[string]string{
			"as it is": document, "behind a marker": "---\n" + document, "with an end": document + "...\n",
			"with Windows' lines": strings.ReplaceAll(document, "\n", "\r\n"), "as JSON": string(json),
		} {
			t.Run(name+" "+dress, func(t *testing.T) {
				dir := imported(t, text)
				manifests, err := render.Dir(dir, render.Options{Namespace: "tf-public"})
				require.NoError(t, err)
				rendered, err := render.Legacy(manifests)
				require.NoError(t, err)
				require.Equal(t, data(t, []byte(document)), data(t, rendered))
			})
		}
	}
}

// The order and the comments of a document stay.
func TestTheTextIsKept(t *testing.T) {
	dir := imported(t, "# first\nb: # the newest\n  state: stable\n  image: one.example/b\n\n# then\na:\n  state: beta\n  image: one.example/a\n")
	values, err := os.ReadFile(filepath.Join(dir, "values.yaml"))
	require.NoError(t, err)
	require.Equal(t, `# yaml-language-server: $schema=values.schema.json
# Made from given.yaml.
formatVersion: "1.0"

images:
  # first
  b: # the newest
    state: stable
    image: one.example/b

  # then
  a:
    state: beta
    image: one.example/a
`, string(values))
	chartYAML, err := os.ReadFile(filepath.Join(dir, "Chart.yaml"))
	require.NoError(t, err)
	require.Contains(t, string(chartYAML), "\nversion: 1.2.3\n")
}

const release = `---
# Source: image-config/templates/role.yaml
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: image-config:reader
  annotations: {template: "{{ .Values }} and {{- more -}}"}
---
# Source: image-config/templates/configmap.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: image-config
  labels: {helm.sh/chart: image-config-0.0.28-20260722001336-ea583302}
data:
  images-v1.yaml: |
    a: {state: stable, image: one.example/a}
--- # another
apiVersion: v1
kind: ServiceAccount
metadata: {name: reader}
`

// The other objects of a release are rendered as they were.
func TestOtherObjectsStay(t *testing.T) {
	dir := imported(t, release)
	manifests, err := render.Dir(dir, render.Options{Namespace: "tf-public"})
	require.NoError(t, err)
	objects, err := render.Objects(manifests)
	require.NoError(t, err)
	require.Equal(t, []string{"ConfigMap/image-config", "Role/image-config:reader", "ServiceAccount/reader"}, objects)
	role := manifests["image-config/templates/01-role-image-config-reader.yaml"]
	require.Contains(t, role, `"{{ .Values }} and {{- more -}}"`)
	require.Equal(t, data(t, []byte(strings.Split(release, "---")[1])), data(t, []byte(role)))
	chartYAML, err := os.ReadFile(filepath.Join(dir, "Chart.yaml"))
	require.NoError(t, err)
	require.Contains(t, string(chartYAML), "had version 0.0.28-20260722001336-ea583302.")
}

// What readers of YAML disagree about is refused until it is quoted.
func TestMistakesAreTold(t *testing.T) {
	source, err := legacy.Read([]byte("3.20:\n  state: stable\n  image: one.example/a\n"), "given.yaml")
	require.NoError(t, err)
	_, err = adopt.Files(source, nil, adopt.Options{})
	invalid, ok := errors.AsType[*chart.InvalidError](err)
	require.True(t, ok)
	require.Contains(t, invalid.Findings[0].String(), `given.yaml:1:1: error: images."3.20": key 3.20 is read as a number`)
}

// A comment stays a comment, whatever it is about.
func TestNamesStayInTheirComments(t *testing.T) {
	source, err := legacy.Read([]byte("a: {state: stable, image: one.example/a}\n"), "")
	require.NoError(t, err)
	files, err := adopt.Files(source, nil, adopt.Options{From: "one\nimages: {}\u2028x"})
	require.NoError(t, err)
	require.Contains(t, string(files["values.yaml"]), "# Made from one images: {} x.\n")
	require.Contains(t, string(files["Chart.yaml"]), "version: 0.0.0\n")
}

func FuzzFiles(f *testing.F) {
	f.Add("a: {state: stable, image: one.example/a}\n")
	f.Add("a:\n  state: stable\n  image: one.example/a\n  webservice-defaults:\n    command: |2\n        two\n      one\n")
	f.Fuzz(func(t *testing.T, text string) {
		source, err := legacy.Read([]byte(text), "")
		if err != nil {
			return
		}
		before, err := source.Load()
		if err != nil {
			return
		}
		files, err := adopt.Files(source, nil, adopt.Options{})
		if err != nil {
			return
		}
		after, err := chart.FromValues(files["values.yaml"]).Load()
		require.NoError(t, err)
		require.Equal(t, before.Catalog.Images, after.Catalog.Images)
	})
}
