package api_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// TestZeroValuesHaveNoNulls writes the zero value of every body and finds what
// is always there, and no null.
func TestZeroValuesHaveNoNulls(t *testing.T) {
	for want, value := range map[string]any{
		`{"images":[],"messages":{}}`:               api.ImagesAnswer{},
		`{"status":"","messages":{}}`:               api.Health{},
		`{"code":""}`:                               api.Error{},
		`{"image":"","host":"","path":"","tag":""}`: api.Variant{},
		`{"short_name":"","date":""}`:               api.Tombstone{},
		`{"short_name":"","type":"","state":"","aliases":[],"host":"","path":"","tag":"","image":"","variants":{}}`: api.Image{},
	} {
		got, err := json.Marshal(value)
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
	for name, value := range types {
		got, err := json.Marshal(value)
		require.NoError(t, err)
		require.NotContains(t, string(got), "null", name)
	}
}

// TestEmptyIsNotUnknown holds the difference between "none" and "not known"
// where a list or map can be either.
func TestEmptyIsNotUnknown(t *testing.T) {
	no := false
	got, err := json.Marshal(api.Image{
		Exists: &no, Platforms: []string{}, Tags: []string{}, WebserviceDefaults: map[string]any{},
		Variants: map[string]api.Variant{"webservice": {Exists: &no, Extra: map[string]any{}}},
	})
	require.NoError(t, err)
	require.JSONEq(t, `{"short_name": "", "type": "", "state": "", "aliases": [], "host": "", "path": "", "tag": "", "image": "",
		"exists": false, "platforms": [], "tags": [], "webservice_defaults": {},
		"variants": {"webservice": {"image": "", "host": "", "path": "", "tag": "", "exists": false, "extra": {}}}}`, string(got))

	got, err = json.Marshal(api.Error{Code: api.CodeImageNotFound, Suggestions: []string{}})
	require.NoError(t, err)
	require.JSONEq(t, `{"code": "image_not_found", "suggestions": []}`, string(got))
}

// TestRoundTrip holds that a client which decodes into these types loses nothing.
func TestRoundTrip(t *testing.T) {
	for _, name := range []string{"listImages", "getImage", "getCatalog"} {
		t.Run(name, func(t *testing.T) {
			example := exampleOf(t, name)
			into := map[string]any{
				"listImages": &api.ImagesAnswer{}, "getImage": &api.ImageAnswer{}, "getCatalog": &api.CatalogAnswer{},
			}[name]
			require.NoError(t, json.Unmarshal(example, into))
			again, err := json.Marshal(reflect.ValueOf(into).Elem().Interface())
			require.NoError(t, err)
			require.JSONEq(t, string(example), string(again))
		})
	}
}

// TestHTMLIsLeftToTheEncoder holds that the two collections do not force
// escaping on an encoder that is told not to escape.
func TestHTMLIsLeftToTheEncoder(t *testing.T) {
	escaped, err := json.Marshal(api.List[string]{"a && b"})
	require.NoError(t, err)
	require.Equal(t, `["a \u0026\u0026 b"]`, string(escaped))
	own, err := api.Map[any]{"command": "a && b"}.MarshalJSON()
	require.NoError(t, err)
	require.Equal(t, `{"command":"a && b"}`, string(own))
}
