package chart_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/pack"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/render"
)

// The real catalogs: the shape of 2025, the same with references in Harbor, and
// the flat shape of 2026.
var realCatalogs = []string{"images-v1.yaml", "images-v1-harbor.yaml", "images-v1-flat-sample.yaml"}

func readCatalog(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "catalogs", name))
	require.NoError(t, err)
	return text
}

// wrap makes a values.yaml of a legacy catalog.
func wrap(legacy []byte) []byte {
	return []byte("formatVersion: \"1.0\"\nimages:\n  " + strings.ReplaceAll(string(legacy), "\n", "\n  ") + "\n")
}

// load understands a catalog that has nothing wrong with it.
func load(t *testing.T, values []byte) *chart.Catalog {
	t.Helper()
	_, findings := chart.FromValues(values).Check()
	require.Empty(t, findings)
	loaded, err := chart.FromValues(values).Load()
	require.NoError(t, err)
	require.Empty(t, loaded.Warnings)
	return loaded.Catalog
}

// asData decodes YAML or JSON as Helm does.
func asData(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var data map[string]any
	require.NoError(t, yaml.UnmarshalStrict(text, &data))
	return data
}

func TestRealCatalogsAreCarriedWithoutLoss(t *testing.T) {
	for _, name := range realCatalogs {
		t.Run(name, func(t *testing.T) {
			source := readCatalog(t, name)
			catalog := load(t, wrap(source))
			require.Equal(t, asData(t, source), asData(t, catalog.LegacyYAML()))
			require.Equal(t, asData(t, source), asData(t, catalog.LegacyJSON()))
			require.Equal(t, yaml11(t, source), yaml11(t, catalog.LegacyYAML()))
			plain, err := json.Marshal(catalog.Legacy())
			require.NoError(t, err)
			require.Equal(t, asData(t, source), asData(t, plain))
		})
	}
}

func TestHelmsEngineRendersWhatTheServerEncodes(t *testing.T) {
	sources := map[string][]byte{"what is easily lost": []byte(hardCatalog), "a block at the end": []byte("a:\n  state: stable\n  image: registry.example/a\n  webservice-defaults:\n    z: |\n      one\n      two\n")}
	for _, name := range realCatalogs {
		sources[name] = readCatalog(t, name)
	}
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			values := wrap(source)
			dir := filepath.Join(t.TempDir(), chart.Name)
			require.NoError(t, os.CopyFS(dir, os.DirFS(chart.Name)))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "values.yaml"), values, 0o600))
			packed, err := pack.Dir(dir)
			require.NoError(t, err)

			fromDir, err := render.Dir(dir, render.Options{Namespace: "tf-public"})
			require.NoError(t, err)
			fromArchive, err := render.Archive(packed.Archive, render.Options{Namespace: "tf-public"})
			require.NoError(t, err)
			require.Equal(t, fromDir, fromArchive)

			rendered, err := render.Legacy(fromDir)
			require.NoError(t, err)
			encoded := load(t, values).LegacyYAML()
			require.Equal(t, asData(t, encoded), asData(t, rendered))
			require.Equal(t, yaml11(t, encoded), yaml11(t, rendered))
		})
	}
}

func TestLegacyIsTheSameBytesEachTime(t *testing.T) {
	values := wrap(readCatalog(t, "images-v1.yaml"))
	first := load(t, values)
	text, document := string(first.LegacyYAML()), string(first.LegacyJSON())
	for range 20 {
		again := load(t, values)
		require.Equal(t, text, string(again.LegacyYAML()))
		require.Equal(t, document, string(again.LegacyJSON()))
	}
	require.True(t, strings.HasSuffix(text, "\n"))
	require.True(t, strings.HasSuffix(document, "}"), "no final newline")
}

// hardCatalog holds what is there and empty, quoted words that look like
// something else, and text of several lines.
const hardCatalog = `
empty:
  state: stable
  aliases: []
  variants:
    jobs-framework: {image: registry.example/empty, extra: {}}
without-variants:
  state: beta
  image: registry.example:5000/a/b:v1
  variants: {}
"3.20":
  state: deprecated
  image: registry.example/three
  webservice-defaults:
    memory: "1e3"
    own: {nested: [1, 2.5, "2", true, "true", "on", "n", "~", "null", "010", "0x1F", "12:30:45", "2026-01-01", "", " "]}
text:
  state: stable
  image: registry.example/text
  webservice-defaults:
    block: |
      first: "line"

        indented {{ not a template }}
      last
    odd: "quote \" backslash \\ <&> é 日本 😀 # no comment: - no list"
    separators: "a\n\u2028b\u2029\n  c\r\nd\te\u0001"
    integer: 9007199254740991
    small: -1
    fraction: 0.0001
`

func TestLegacyKeepsWhatIsEasilyLost(t *testing.T) {
	source := []byte(hardCatalog)
	catalog := load(t, wrap(source))
	require.Equal(t, asData(t, source), asData(t, catalog.LegacyYAML()))
	require.Equal(t, asData(t, source), asData(t, catalog.LegacyJSON()))
	require.Equal(t, yaml11(t, source), yaml11(t, catalog.LegacyYAML()))
}

// FuzzLegacy holds that any text in a catalog without findings is the same text
// to every reader of the legacy document, as a key and as a value; and that no
// text whatever stops the encoder.
func FuzzLegacy(f *testing.F) {
	for _, seed := range []string{"word", "3.20", "on", "=", "<<", "2026-02-30", "0x_", ".5_0", "a\u007fb", "\u0085", "\ufffe", "a\n\u2028 b\n\n", " x ", "- a", "a: b #c", "'", "\"", "\\", "!", "&a *b", "%", "@", "\t", "\x00", "~", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || len(text) > 1000 {
			return
		}
		quoted, err := json.Marshal(text)
		require.NoError(t, err)
		loaded, findings := chart.FromValues(fmt.Appendf(nil,
			"formatVersion: \"1.0\"\nimages: {a: {state: stable, image: a.b/c, webservice-defaults: {k: [%s], m: {%s: v}}}}\n", quoted, quoted)).Check()
		if loaded == nil {
			return
		}
		data := asData(t, loaded.Catalog.LegacyJSON())
		if len(findings) > 0 {
			_ = loaded.Catalog.LegacyYAML()
			return
		}
		require.Equal(t, data, asData(t, loaded.Catalog.LegacyYAML()))
		defaults := yaml11(t, loaded.Catalog.LegacyYAML()).(map[any]any)[typed{"str", "a"}].(map[any]any)[typed{"str", "webservice-defaults"}].(map[any]any)
		require.Equal(t, []any{typed{"str", text}}, defaults[typed{"str", "k"}])
		require.Equal(t, map[any]any{typed{"str", text}: typed{"str", "v"}}, defaults[typed{"str", "m"}])
	})
}

func TestLegacyHoldsLegacyKeysOnly(t *testing.T) {
	catalog := load(t, []byte(`
formatVersion: "1.0"
images:
  old:
    state: stable
    image: registry.example/old
    description: Words for people.
    replacedBy: new
    links: [{title: Guide, url: "https://example.org/"}]
    lifecycle: {deprecated: 2020-01-01, removed: "2021-01-01"}
    formerly: ["registry.example/older:v1"]
  new: {state: beta, image: registry.example/new}
tombstones:
  ancient: {date: "2019-01-01", reason: Nobody used it., replacedBy: new}
stacks:
  heroku-22: {state: deprecated}
`))
	require.JSONEq(t, `{
		"new": {"state": "beta", "image": "registry.example/new"},
		"old": {"state": "stable", "image": "registry.example/old"}
	}`, string(catalog.LegacyJSON()), "the state is as written: no clock is asked")
}

func TestLegacyWritesOnlyStatesThatConsumersKnow(t *testing.T) {
	for written, want := range map[string]string{
		"stable": "stable", "beta": "beta", "deprecated": "deprecated", "sunset": "deprecated", "": "deprecated", "Stable": "deprecated",
	} {
		catalog := &chart.Catalog{Images: map[string]*chart.Entry{"a": {State: written, Image: "registry.example/a"}}}
		require.JSONEq(t, `{"a": {"state": "`+want+`", "image": "registry.example/a"}}`, string(catalog.LegacyJSON()), written)
	}
}
