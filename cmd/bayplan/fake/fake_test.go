package fake_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/pack"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/cmd/bayplan/fake"
)

// The platform is what its file says: images, what is missing, tools' images with
// their stacks and times, private ones for their own tool alone.
func TestPlatform(t *testing.T) {
	r := start(t, write(t, "platform.yaml", platform), "")
	require.JSONEq(t, `{"images": [
		{"short_name": "bookworm", "exists": true}, {"short_name": "gone", "exists": false},
		{"short_name": "pinned", "exists": false}, {"short_name": "prebuilt", "exists": true},
		{"short_name": "tool-a-char.sep-b/old:latest", "exists": true}, {"short_name": "tool-wikibugs/web/api:latest", "exists": true},
		{"short_name": "tool-wikibugs/wikibugs:latest", "exists": true}, {"short_name": "tool-wikibugs/wikibugs:v1", "exists": true}
	], "messages": {}}`, r.good("/v1/images?fields=exists", ""))
	require.JSONEq(t, `{"images": [
		{"short_name": "tool-wikibugs/wikibugs:latest", "pushed_at": "2026-01-01T00:01:00Z", "stack": {"name": "heroku-24"}},
		{"short_name": "tool-wikibugs/wikibugs:v1", "pushed_at": "2026-01-01T00:00:00Z", "stack": {"name": "heroku-24"}}
	], "messages": {}}`, r.good("/v1/tool/wikibugs/images?q=wikibugs:&type=buildservice&fields=pushed_at,stack", "wikibugs"))
	require.Contains(t, r.good("/v1/images/tool-a-char.sep-b/old:latest", ""), `"stack":{"name":"heroku-22"}`)
	require.Contains(t, r.good("/v1/tool/secret/images", "secret"), `"tool-secret/secret:latest"`)
	require.NotContains(t, r.good("/v1/tool/wikibugs/images", "wikibugs"), "tool-secret")
	require.NotContains(t, r.good("/v1/tool/fresh/images?type=buildservice", "fresh"), "short_name")
}

// Equal input gives equal answers, byte for byte, and more input changes nothing
// about the rest.
func TestTheSameEachTime(t *testing.T) {
	path := write(t, "platform.yaml", platform)
	more := write(t, "more.yaml", "tools: {alpha: [alpha:latest]}\n")
	one, two, three := start(t, path, ""), start(t, path, ""), start(t, path, more)
	require.Equal(t, one.good("/v1/images", ""), two.good("/v1/images", ""))
	_, first, _, err := one.get("/v1/images", "")
	require.NoError(t, err)
	_, second, _, err := two.get("/v1/images", "")
	require.NoError(t, err)
	require.Equal(t, first.Header.Get("ETag"), second.Header.Get("ETag"))
	require.Equal(t, one.good("/v1/tool/secret/images", "secret"), three.good("/v1/tool/secret/images", "secret"))
	require.Contains(t, three.good("/v1/images", ""), "tool-alpha/alpha:latest")
}

// A catalog may have any of the forms in which people have it.
func TestFormsOfACatalog(t *testing.T) {
	packed, err := pack.Bundled()
	require.NoError(t, err)
	directory := t.TempDir()
	require.NoError(t, os.CopyFS(directory, chart.BundledFS()))
	legacy, err := os.ReadFile("../../../testdata/catalogs/images-v1.yaml")
	require.NoError(t, err)
	for name, path := range map[string]string{
		"bundled":      "bundled",
		"a directory":  directory,
		"an archive":   write(t, "chart.tgz", string(packed.Archive)),
		"today's":      "../../../testdata/catalogs/images-v1.yaml",
		"a ConfigMap":  write(t, "configmap.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: image-config}\ndata:\n  images-v1.yaml: |\n"+indented(string(legacy))),
		"as in serve":  "file:../../../testdata/catalogs/images-v1-flat-sample.yaml",
		"in Harbor":    "../../../testdata/catalogs/images-v1-harbor.yaml",
		"the flat one": "../../../testdata/catalogs/images-v1-flat-sample.yaml",
	} {
		t.Run(name, func(t *testing.T) {
			catalog, err := fake.OpenCatalog(t.Context(), path)
			require.NoError(t, err)
			r := start(t, path, "")
			for name := range catalog.Chart.Catalog.Images {
				require.Contains(t, r.good("/v1/images/"+name, ""), `"exists":true`)
			}
			require.NotContains(t, r.good("/v1/images?exists=false&exists=unknown", ""), "short_name")
		})
	}
}

func indented(text string) string {
	out := ""
	for _, line := range splitLines(text) {
		out += "    " + line + "\n"
	}
	return out
}

func TestCatalogsThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		"":          "yaml",
		"- a":       "yaml",
		"a: [":      "yaml",
		"a: {b: c}": "images.a",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: image-config}\ndata: {other: x}":               "no ConfigMap with the key images-v1.yaml",
		"3.20: {state: stable, image: one.test/a, variants: {}}":                                          "quote",
		"formatVersion: '1.0'\nimages: {a: {state: stable, image: one.test/a}}\ntools: {a: 1}":            "a tool is a list of images",
		"formatVersion: '1.0'\nimages: {a: {state: stable, image: one.test/a}}\ntools: {a: [1]}":          "an image is a text",
		"formatVersion: '1.0'\nimages: {a: {state: stable, image: one.test/a}}\ntools: {a: [{imag: x}]}":  "imag",
		"formatVersion: '1.0'\nimages: {a: {state: stable, image: one.test/a}}\ntools: {a: {image: [x]}}": "image",
		"formatVersion: '1.0'\nimages: {a: {state: stable, image: one.test/a}}\ntools: {A: [x]}":          "no tool's name",
		"formatVersion: '1.0'\nimages: {a: {state: stable, image: one.test/a}}\ntools: {a: [X]}":          "no image such as",
		"formatVersion: '1.0'\nimages: {node20: {state: stable, image: one.test/a}}\nmissing: [node2]":    "did you mean node20?",
		"formatVersion: '1.0'\nharbor: one.test\nimages: {a: {state: stable, image: one.test/a}}":         "has no project",
	} {
		_, err := fake.Start(t.Context(), write(t, "platform.yaml", text), "")
		require.ErrorContains(t, err, want, text)
	}
	_, err := fake.Start(t.Context(), "oci://registry.example/image-config:1.2.3", "")
	require.ErrorContains(t, err, "bayplan pull fetches it")
	_, err = fake.Start(t.Context(), "nowhere", "")
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = fake.Start(t.Context(), write(t, "long.yaml", string(make([]byte, 3<<20))), "")
	require.ErrorContains(t, err, "more than")
}

func TestFilesOfImages(t *testing.T) {
	both := write(t, "platform.yaml", platform)
	for text, want := range map[string]string{
		"tool: {}":                         `unknown field "tool"`,
		"tools: {wikibugs: [x]}":           "both have the tool wikibugs",
		"harbor: other.test":               "one has the Harbor harbor.test, the other other.test",
		"tools: {a: [x]}\ntools: {b: [x]}": "already set",
	} {
		_, err := fake.Start(t.Context(), both, write(t, "images.yaml", text))
		require.ErrorContains(t, err, want, text)
	}
	_, err := fake.Start(t.Context(), both, "nowhere")
	require.ErrorIs(t, err, os.ErrNotExist)
}
