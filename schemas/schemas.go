// Package schemas holds what Bayplan publishes about its own shapes: the OpenAPI
// document of the endpoint, the JSON Schema of a catalog's values.yaml, and those
// of what commands print as data.
//
// What is embedded here is what the server serves, what the tests check every
// answer against, and what the catalog is validated with: there is no second
// copy to drift away (the chart's own values.schema.json is compared byte for
// byte by a test beside the chart).
//
// The package does not validate anything. Its neighbours do: server/api has the
// Go types of the same bodies, server/api/apitest checks answers, package chart
// checks catalogs.
package schemas

import (
	_ "embed"
	"sync"

	"sigs.k8s.io/yaml"
)

//go:embed openapi.yaml
var openAPI string

//go:embed values.schema.json
var values string

//go:embed lint.schema.json
var lint string

//go:embed check.schema.json
var check string

// OpenAPIYAML gives the OpenAPI 3.1 document as it is written, with its
// comments. The slice is the caller's own.
func OpenAPIYAML() []byte { return []byte(openAPI) }

// OpenAPIJSON gives the same document as compact JSON with sorted keys, the
// bytes of /openapi.json. The slice is the caller's own. An error means that
// the embedded document is not YAML, which a test of this package excludes.
func OpenAPIJSON() ([]byte, error) {
	s, err := openAPIJSON()
	return []byte(s), err
}

var openAPIJSON = sync.OnceValues(func() (string, error) {
	b, err := yaml.YAMLToJSONStrict([]byte(openAPI))
	return string(b), err
})

// ValuesSchema gives the JSON Schema (draft-07) of a catalog's values.yaml, the
// one that ships in the chart. The slice is the caller's own.
func ValuesSchema() []byte { return []byte(values) }

// LintSchema gives the JSON Schema (draft-07) of what `bayplan lint -o json`
// prints. The slice is the caller's own.
func LintSchema() []byte { return []byte(lint) }

// CheckSchema gives the JSON Schema (draft-07) of what `bayplan check -o json`
// prints. The slice is the caller's own.
func CheckSchema() []byte { return []byte(check) }
