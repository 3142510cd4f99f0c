package legacy_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/archive"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/legacy"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/render"
)

// The real catalogs: the shape of 2025, the same with references in Harbor, and
// the flat shape of 2026.
var realCatalogs = []string{"images-v1.yaml", "images-v1-harbor.yaml", "images-v1-flat-sample.yaml"}

func readCatalog(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../testdata/catalogs", name))
	require.NoError(t, err)
	return string(text)
}

// asImages makes a values.yaml of a legacy document.
func asImages(document string) []byte {
	return []byte("formatVersion: \"1.0\"\nimages:\n  " + strings.ReplaceAll(document, "\n", "\n  ") + "\n")
}

// want is the catalog that a legacy document stands for.
func want(t *testing.T, document string) *chart.Catalog {
	t.Helper()
	loaded, err := chart.FromValues(asImages(document)).Load()
	require.NoError(t, err)
	return loaded.Catalog
}

// read understands a text that has nothing wrong with it.
func read(t *testing.T, text string) *chart.Chart {
	t.Helper()
	source, err := legacy.Read([]byte(text), "given.yaml")
	require.NoError(t, err)
	loaded, err := source.Load()
	require.NoError(t, err)
	require.Empty(t, loaded.Warnings)
	require.Equal(t, "file", source.Kind)
	require.Equal(t, chart.Name, loaded.Metadata.Name)
	return loaded
}

// object is a ConfigMap as the Kubernetes API has it.
func object(name, text string, labels map[string]any) map[string]any {
	return map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{
			"name": name, "namespace": "tf-public", "labels": labels, "creationTimestamp": nil,
			"managedFields": []any{map[string]any{"fieldsV1": map[string]any{"f:data": map[string]any{"f:images-v1.yaml": map[string]any{}}}}},
		},
		"data": map[string]any{chart.LegacyKey: text},
	}
}

func asYAML(t *testing.T, v any) string {
	t.Helper()
	text, err := yaml.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", "    ")
	require.NoError(t, err)
	return string(text)
}

func TestARealDocumentIsReadInEveryDress(t *testing.T) {
	labels := map[string]any{legacy.ChartLabel: "image-config-0.0.28-20260722001336-ea583302"}
	for _, name := range realCatalogs {
		document := readCatalog(t, name)
		catalog := want(t, document)
		t.Run(name, func(t *testing.T) {
			for dress, text := range map[string]string{
				"the text":              document,
				"behind a marker":       "---\n" + document,
				"with Windows' lines":   strings.ReplaceAll(document, "\n", "\r\n"),
				"as JSON":               asJSON(t, mustData(t, document)),
				"kubectl -o yaml":       asYAML(t, object("image-config", document, labels)),
				"kubectl -o json":       asJSON(t, object("image-config", document, labels)),
				"a list":                asYAML(t, map[string]any{"apiVersion": "v1", "kind": "List", "items": []any{secret, object("image-config", document, labels)}}),
				"a list of ConfigMaps":  asJSON(t, map[string]any{"apiVersion": "v1", "kind": "ConfigMapList", "items": []any{map[string]any{"data": map[string]any{chart.LegacyKey: document}}}}),
				"under another name":    asYAML(t, object("images-of-another-release", document, nil)),
				"with a test of itself": asYAML(t, object("image-config", document, labels)) + "---\n" + asYAML(t, object("fixture", "a: {}", nil)),
			} {
				loaded := read(t, text)
				require.Equal(t, catalog, loaded.Catalog, dress)
				if strings.Contains(text, legacy.ChartLabel) {
					require.Equal(t, "0.0.28-20260722001336-ea583302", loaded.Metadata.Version, dress)
				} else {
					require.Empty(t, loaded.Metadata.Version, dress)
				}
			}
		})
	}
}

var secret = map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "a"}, "data": map[string]any{"key": "dmFsdWU="}}

func mustData(t *testing.T, text string) map[string]any {
	t.Helper()
	var data map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &data))
	return data
}

func TestWhatHelmRendersIsReadBack(t *testing.T) {
	for _, name := range realCatalogs {
		document := readCatalog(t, name)
		dir := filepath.Join(t.TempDir(), chart.Name)
		require.NoError(t, os.CopyFS(dir, chart.BundledFS()))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "values.yaml"), asImages(document), 0o600))
		manifests, err := render.Dir(dir, render.Options{Namespace: "tf-public"})
		require.NoError(t, err)
		var release strings.Builder
		release.WriteString("---\n# Source: other/templates/role.yaml\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: a, creationTimestamp: null}\nrules: [{apiGroups: [\"\"], resources: [configmaps], verbs: [get], limit: 1e3}]\n")
		for _, text := range manifests {
			release.WriteString("---\n# Source: image-config/templates/configmap.yaml\n" + text + "\n")
		}
		release.WriteString("---\n# Source: nothing\n---\nnot: an object\n")
		loaded := read(t, release.String())
		require.Equal(t, want(t, document), loaded.Catalog, name)
		source, err := chart.Open(dir)
		require.NoError(t, err)
		original, err := source.Load()
		require.NoError(t, err)
		require.Equal(t, original.Metadata.Version, loaded.Metadata.Version)
	}
}

// Findings have the lines of the text that was read, and a catalog's paths.
func TestWhatReadersBendIsRefusedUntilItIsQuoted(t *testing.T) {
	const document = "# a comment\n3.20:\n  state: stable\n  image: registry.example/a\nb:\n  state: on\n  image: registry.example/b\n  image: registry.example/c\n"
	for path, text := range map[string]string{
		"given.yaml":                document,
		"given.yaml!images-v1.yaml": asYAML(t, object("image-config", document, nil)),
	} {
		source, err := legacy.Read([]byte(text), "given.yaml")
		require.NoError(t, err)
		_, err = source.Load()
		invalid, ok := errors.AsType[*chart.InvalidError](err)
		require.True(t, ok)
		var lines []string
		for _, f := range invalid.Findings {
			lines = append(lines, f.String())
		}
		require.Equal(t, []string{
			path + `:2:1: error: images."3.20": key 3.20 is read as a number that loses digits: quote it ("3.20") (yaml-bends)`,
			path + `:6:10: error: images.b.state: on is read as a boolean by some readers: quote it ("on") or write what you mean (yaml-bends)`,
			path + `:8:3: error: images.b.image: key "image" is here twice: the first is on line 7 (yaml-duplicate)`,
		}, lines)
	}
}

func TestMistakesInALegacyDocumentAreFound(t *testing.T) {
	source, err := legacy.Read([]byte("a:\n  state: stabel\n  image: registry.example/a\n  colour: red\n"), "given.yaml")
	require.NoError(t, err)
	_, findings := source.Check()
	require.Len(t, findings, 2)
	require.Equal(t, `given.yaml:2:3: error: images.a.state: "stabel" is not one of stable, beta, deprecated: did you mean stable? (unknown-state)`, findings[0].String())
	require.Equal(t, "unknown-key", findings[1].Rule)

	for what, text := range map[string]string{"nothing but a comment in the ConfigMap": "# empty\n", "a list": "- a\n", "no YAML": "a: [\n"} {
		source, err := legacy.Read([]byte(asYAML(t, object("image-config", text, nil))), "given.yaml")
		require.NoError(t, err)
		_, err = source.Load()
		require.ErrorContains(t, err, "given.yaml!images-v1.yaml", what)
	}
}

func TestWhatHoldsNoLegacyDocumentIsRefused(t *testing.T) {
	configMap := asYAML(t, object("image-config", "a: {}", nil))
	for _, c := range []struct {
		name, text, want string
		is               error
	}{
		{"nothing", "", "given.yaml: there is nothing in it", fs.ErrNotExist},
		{"comments", "# nothing\n---\n# more\n", "there is nothing in it", fs.ErrNotExist},
		{"another object", asYAML(t, secret), "it is a Secret, and no ConfigMap with the key images-v1.yaml", fs.ErrNotExist},
		{"another ConfigMap", strings.ReplaceAll(configMap, chart.LegacyKey, "other.yaml"), "it is a ConfigMap, and no ConfigMap with the key images-v1.yaml", fs.ErrNotExist},
		{"the key elsewhere", "apiVersion: v1\nkind: Role\nrules: [{resourceNames: [images-v1.yaml]}]\n", "it is a Role", fs.ErrNotExist},
		{"other objects", asYAML(t, secret) + "---\n" + asYAML(t, secret), "none of its 2 documents is a ConfigMap", fs.ErrNotExist},
		{"two of one name", configMap + "---\n" + configMap, "2 ConfigMaps hold the key", nil},
		{"two of other names", strings.ReplaceAll(configMap+"---\n"+configMap, "name: image-config", "name: x"), "2 ConfigMaps hold the key", nil},
		{"the key twice", configMap + "kind: ConfigMap\n", `line 14: kind: key "kind" is here twice`, nil},
		{"no value", "apiVersion: v1\nkind: ConfigMap\ndata:\n  images-v1.yaml:\n", "line 4: data.\"images-v1.yaml\"", nil},
		{"a value that bends", "---\n# first\n---\napiVersion: v1\nkind: ConfigMap\ndata: {images-v1.yaml: 1e3}\n", "line 6: data.\"images-v1.yaml\"", nil},
		{"no YAML", "apiVersion: v1\nkind: ConfigMap\ndata: {images-v1.yaml: [\n", "line ", nil},
		{"values of a chart", "formatVersion: \"1.0\"\nimages: {}\n", "name the chart's directory", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := legacy.Read([]byte(c.text), "given.yaml")
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "given.yaml: ")
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
		})
	}
}

// A number is no document; the catalog is found to have no images.
func TestAValueThatIsNoTextIsAnEmptyCatalog(t *testing.T) {
	source, err := legacy.Read([]byte("apiVersion: v1\nkind: ConfigMap\ndata: {images-v1.yaml: 7}\n"), "")
	require.NoError(t, err)
	_, err = source.Load()
	require.ErrorContains(t, err, "it needs at least one entry")
}

func TestReadingIsBounded(t *testing.T) {
	_, err := legacy.Read(make([]byte, legacy.MaxBytes+1), "given.yaml")
	require.ErrorIs(t, err, archive.ErrTooLarge)

	endless := &counter{}
	_, err = legacy.ReadFrom(endless, "-")
	require.ErrorIs(t, err, archive.ErrTooLarge)
	require.LessOrEqual(t, endless.read, legacy.MaxBytes+1<<20)

	// Many documents are cut before any of them is parsed.
	many := strings.Repeat("---\na: 1\n", legacy.MaxBytes/10)
	_, err = legacy.Read([]byte(many), "given.yaml")
	require.ErrorIs(t, err, fs.ErrNotExist)
	large := strings.Repeat("a: {state: stable}\n", legacy.MaxBytes/20)
	source, err := legacy.Read([]byte(large), "given.yaml")
	require.NoError(t, err)
	_, err = source.Load()
	require.ErrorContains(t, err, "at most 2097152 are read")
	_, err = legacy.Read([]byte("# images-v1.yaml\n"+large), "given.yaml")
	require.ErrorContains(t, err, "at most 2097152 are read")
}

type counter struct{ read int }

func (c *counter) Read(p []byte) (int, error) { c.read += len(p); return len(p), nil }

func TestOpenReadsFilesOnly(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "images-v1.yaml")
	require.NoError(t, os.WriteFile(path, []byte(readCatalog(t, "images-v1.yaml")), 0o600))
	source, err := legacy.Open(path)
	require.NoError(t, err)
	require.Equal(t, path, source.Path)

	_, err = legacy.Open(filepath.Join(dir, "nowhere"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = legacy.Open(dir)
	require.ErrorContains(t, err, "is no file")
}

func TestVersionIsThatOfTheChart(t *testing.T) {
	for label, version := range map[string]string{
		"image-config-0.0.28":                         "0.0.28",
		"image-config-0.0.28-20260722001336-ea583302": "0.0.28-20260722001336-ea583302",
		"image-config-1.2.3_build.7":                  "1.2.3+build.7",
		"image-config-":                               "",
		"image-config-1.2":                            "",
		"other-1.2.3":                                 "",
		"":                                            "",
		"image-config-1.2.3-" + strings.Repeat("a", 63-len("image-config-1.2.3-")): "",
		"image-config-1.2.3-" + strings.Repeat("a", 62-len("image-config-1.2.3-")): "1.2.3-" + strings.Repeat("a", 62-len("image-config-1.2.3-")),
	} {
		require.Equal(t, version, legacy.Version(label), label)
	}
}

// Another version of the chart is another catalog, also where it says the same.
func TestTheDigestKnowsTheVersion(t *testing.T) {
	digest := func(label string) string {
		source, err := legacy.Read([]byte(asYAML(t, object("image-config", "a: {state: stable}", map[string]any{legacy.ChartLabel: label}))), "")
		require.NoError(t, err)
		return source.Digest()
	}
	require.Equal(t, digest("image-config-1.0.0"), digest("image-config-1.0.0"))
	require.NotEqual(t, digest("image-config-1.0.0"), digest("image-config-1.0.1"))
}

// FuzzRead holds that no text stops the reader, and that a text which a
// ConfigMap holds is found in it whole.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{"", "---", "a: {state: stable}", "---\napiVersion: v1\nkind: List\nitems: [7, {}]", "apiVersion: v1\nkind: ConfigMap\ndata: {images-v1.yaml: a}", "kind: images-v1.yaml\n--- \n- a", "\ufeff--- images-v1.yaml"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if source, err := legacy.Read([]byte(text), ""); err == nil {
			_, _ = source.Load()
		}
		if !utf8.ValidString(text) || strings.ContainsFunc(text, unprintable) {
			return // JSON may hold these as they are, and YAML may not
		}
		manifest, err := json.Marshal(object("image-config", text, nil))
		require.NoError(t, err)
		source, err := legacy.Read(manifest, "")
		require.NoError(t, err)
		require.Equal(t, chart.FromLegacy([]byte(text), chart.Legacy{Kind: "file"}).Digest(), source.Digest())
	})
}

func unprintable(r rune) bool {
	return r >= 0x7f && r <= 0x9f || r == 0xfeff || r == 0xfffe || r == 0xffff
}
