package server_test

import (
	"encoding/json"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// asData reads YAML or JSON into plain data.
func asData(t testing.TB, text []byte) map[string]any {
	t.Helper()
	plain, err := yaml.YAMLToJSONStrict(text)
	require.NoError(t, err)
	var out map[string]any
	require.NoError(t, json.Unmarshal(plain, &out))
	return out
}

// The three shapes that the catalog has had come out as they went in.
func TestTheLegacyViewIsTheSourceAsData(t *testing.T) {
	for _, file := range []string{"images-v1.yaml", "images-v1-flat-sample.yaml", "images-v1-harbor.yaml"} {
		t.Run(file, func(t *testing.T) {
			source, err := os.ReadFile("../testdata/catalogs/" + file)
			require.NoError(t, err)
			images, err := yaml.Marshal(map[string]any{"formatVersion": "1.0", "images": asData(t, source)})
			require.NoError(t, err)
			s := start(t, setup{values: string(images)})

			asJSON := s.get(t, "/v1/image-config", "Accept", "application/json")
			require.Equal(t, asData(t, source), asData(t, asJSON.body))
			asYAML := s.get(t, "/v1/image-config")
			require.Equal(t, asData(t, source), asData(t, asYAML.body))
			require.NotEqual(t, asJSON.header.Get("ETag"), asYAML.header.Get("ETag"))
		})
	}
}

func TestTheLegacyViewHasLegacyKeysAlone(t *testing.T) {
	s := start(t, setup{values: sample})
	got := asData(t, s.get(t, "/v1/image-config").body)
	require.Len(t, got, len(sampleNames))
	require.Equal(t, map[string]any{
		"state": "stable", "aliases": []any{"tf-python37"}, "image": "one.test/python37-web",
	}, got["python3.7"], "the state as written, no dates, no successor")
}

func TestAccept(t *testing.T) {
	s := start(t, setup{values: sample})
	const yamlType, jsonType = "application/yaml", "application/json"
	for _, c := range []struct{ accept, want string }{
		{"", yamlType},
		{"*/*", yamlType},
		{"*", yamlType},
		{"application/yaml", yamlType},
		{"application/x-yaml", yamlType},
		{"text/yaml", yamlType},
		{"text/x-yaml;q=0.1", yamlType},
		{"Application/YAML", yamlType},
		{"application/json", jsonType},
		{"APPLICATION/JSON;charset=utf-8", jsonType},
		{"application/*", yamlType},
		{"application/json, */*", yamlType},
		{"application/json, */*;q=0.5", jsonType},
		{"application/json;q=0.5, application/yaml;q=0.4", jsonType},
		{"application/json;q=0.4, application/yaml;q=0.5", yamlType},
		{"application/yaml;q=0, */*", jsonType},
		{"application/json;q=0, */*", yamlType},
		{"application/yaml;q=0, application/*;q=0.1", jsonType},
		{"text/html, application/xhtml+xml, */*;q=0.8", yamlType},
		{"application/json;indent=2;q=0.9, text/yaml;q=0.8", jsonType},
		{"text/html", ""},
		{"text/*", ""},
		{"application/xml", ""},
		{"*/*;q=0", ""},
		{"application/json;q=0, application/yaml;q=0", ""},
		{"application/json;q=zero", ""},
		{"json", ""},
		{",;,", ""},
	} {
		t.Run(c.accept, func(t *testing.T) {
			headers := []string{"Accept", c.accept}
			if c.want == "" {
				failure := s.failure(t, "/v1/image-config", http.StatusNotAcceptable, headers...)
				require.Equal(t, "not_acceptable", failure.Code)
				require.Contains(t, failure.Error[0], "application/yaml or application/json")
				return
			}
			a := s.get(t, "/v1/image-config", headers...)
			require.Equal(t, http.StatusOK, a.status)
			require.Equal(t, c.want, a.header.Get("Content-Type"))
			require.Equal(t, "Accept, Accept-Encoding", a.header.Get("Vary"))
		})
	}
}

func TestSeveralAcceptLinesAreOneList(t *testing.T) {
	s := start(t, setup{values: sample})
	a := s.get(t, "/v1/image-config", "Accept", "text/html", "Accept", "application/json")
	require.Equal(t, "application/json", a.header.Get("Content-Type"))
}

func TestTheLegacyViewStaysWhileOnlyRegistriesChange(t *testing.T) {
	s := start(t, setup{values: sample})
	before := s.get(t, "/v1/image-config")
	s.registries.push("bookworm", "rebuilt")
	s.refresh(t)
	require.Equal(t, before.header.Get("ETag"), s.get(t, "/v1/image-config").header.Get("ETag"))
}
