package schemas_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/schemas"
)

func loadDocument(t *testing.T) *openapi3.T {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromData(schemas.OpenAPIYAML())
	require.NoError(t, err)
	return document
}

// tree gives the document as plain data.
func tree(t *testing.T) map[string]any {
	t.Helper()
	var root map[string]any
	require.NoError(t, yaml.UnmarshalStrict(schemas.OpenAPIYAML(), &root))
	return root
}

func TestDocumentIsValid(t *testing.T) {
	document := loadDocument(t)
	require.NoError(t, document.Validate(t.Context(), openapi3.EnableExamplesValidation(), openapi3.EnableSchemaFormatValidation()))
	require.Equal(t, "Apache-2.0", document.Info.License.Name)
}

func TestJSONIsTheSameDocument(t *testing.T) {
	served, err := schemas.OpenAPIJSON()
	require.NoError(t, err)
	var root map[string]any
	require.NoError(t, json.Unmarshal(served, &root))
	require.Equal(t, tree(t), root)

	served[0] = 'x'
	again, err := schemas.OpenAPIJSON()
	require.NoError(t, err)
	require.EqualValues(t, '{', again[0], "a caller must not be able to change what others get")
}

func TestRoutes(t *testing.T) {
	var routes []string
	for path, item := range loadDocument(t).Paths.Map() {
		for method := range item.Operations() {
			routes = append(routes, method+" "+path)
		}
	}
	require.ElementsMatch(t, []string{
		"GET /v1/images", "GET /v1/images/{name}", "GET /v1/image-config", "GET /v1/catalog", "GET /v1/drift", "GET /v1/catalog/versions", "GET /v1/catalog/diff",
		"GET /v1/healthz", "GET /v1/readyz", "GET /v1/metrics", "GET /openapi.json",
		"GET /v1/tool/{toolname}/images", "GET /v1/tool/{toolname}/images/resolve", "GET /v1/events", "GET /v1/tool/{toolname}/events",
		"POST /v1/webhooks/harbor",
	}, routes)
}

func TestOperations(t *testing.T) {
	document := loadDocument(t)
	seen := map[string]string{}
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			place := method + " " + path
			require.NotEmpty(t, operation.OperationID, place)
			require.NotContains(t, seen, operation.OperationID, place)
			seen[operation.OperationID] = place
			require.Len(t, operation.Tags, 1, place)
			require.NotNil(t, document.Tags.Get(operation.Tags[0]), "%s: tag %s", place, operation.Tags[0])
			require.NotNil(t, operation.Responses.Status(405), place)
			require.Nil(t, operation.Responses.Default(), "%s: a default response would admit any status", place)
		}
	}
}

// What answers 304 says by what it is asked for.
func TestConditionalRequests(t *testing.T) {
	for path, item := range loadDocument(t).Paths.Map() {
		for method, operation := range item.Operations() {
			asks := operation.Parameters.GetByInAndName(openapi3.ParameterInHeader, "If-None-Match") != nil
			require.Equal(t, operation.Responses.Status(304) != nil, asks, "%s %s", method, path)
		}
	}
}

// TestEveryErrorHasOneShape holds that errors have one shape on all routes.
func TestEveryErrorHasOneShape(t *testing.T) {
	document := loadDocument(t)
	for path, item := range document.Paths.Map() {
		for _, operation := range item.Operations() {
			for status, response := range operation.Responses.Map() {
				if status < "400" {
					continue
				}
				media := response.Value.Content.Get("application/json")
				require.NotNil(t, media, "%s %s", path, status)
				require.Equal(t, "#/components/schemas/Error", media.Schema.Ref, "%s %s", path, status)
			}
		}
	}
}

// visit walks the document. It calls f for every object that holds keywords, not
// for maps whose keys are names, and does not go into examples.
func visit(path string, node any, f func(path string, object map[string]any)) {
	switch node := node.(type) {
	case []any:
		for i, child := range node {
			visit(fmt.Sprintf("%s[%d]", path, i), child, f)
		}
	case map[string]any:
		f(path, node)
		for key, child := range node {
			names, isMap := child.(map[string]any)
			switch {
			case key == "example":
			case isMap && slices.Contains(nameMaps, key):
				for name, named := range names {
					visit(path+"."+key+"."+name, named, f)
				}
			default:
				visit(path+"."+key, child, f)
			}
		}
	}
}

// nameMaps are the keywords whose value maps names to objects.
var nameMaps = []string{"properties", "paths", "schemas", "responses", "parameters", "headers", "content"}

// newIn31 are the keywords that tools for OpenAPI 3.0 do not know, and those of
// 3.0 that 3.1 gave up.
var newIn31 = []string{
	"const", "examples", "patternProperties", "propertyNames", "if", "then", "else",
	"exclusiveMinimum", "exclusiveMaximum", "nullable", "$defs", "$id", "$schema", "$comment",
	"prefixItems", "contains", "dependentSchemas", "dependentRequired", "unevaluatedProperties",
	"unevaluatedItems", "contentEncoding", "contentMediaType", "webhooks", "pathItems",
	"jsonSchemaDialect", "identifier",
}

func TestToolsFor30ReadIt(t *testing.T) {
	objects := 0
	visit("", tree(t), func(path string, object map[string]any) {
		objects++
		for _, keyword := range newIn31 {
			require.NotContains(t, object, keyword, path)
		}
		if kind, ok := object["type"]; ok {
			require.IsType(t, "", kind, "%s: a list of types", path)
			require.NotEqual(t, "null", kind, path)
		}
		if _, ok := object["$ref"]; ok {
			require.Len(t, object, 1, "%s: 3.0 ignores what stands beside $ref", path)
		}
	})
	require.Greater(t, objects, 300, "the walk saw too little to mean anything")
	require.NotContains(t, tree(t)["info"], "summary", "3.1 alone knows info.summary")
}

func TestEverythingIsDescribed(t *testing.T) {
	visit("", tree(t), func(path string, object map[string]any) {
		if _, ok := object["$ref"]; ok || !mustDescribe(path) {
			return
		}
		text, _ := object["description"].(string)
		require.NotEmpty(t, strings.TrimSpace(text), "%s has no description", path)
	})
}

// mustDescribe tells from its path whether an object is a named property,
// schema, parameter, header, response, tag or operation.
func mustDescribe(path string) bool {
	parts := strings.Split(path, ".")
	if len(parts) < 2 {
		return false
	}
	last := parts[len(parts)-1]
	parent := parts[len(parts)-2]
	return slices.Contains([]string{"properties", "schemas", "responses", "parameters", "headers"}, parent) ||
		last == "get" || strings.HasPrefix(last, "tags[") && len(parts) == 2
}

func TestEveryBodyHasAnExample(t *testing.T) {
	bodies := 0
	visit("", tree(t), func(path string, object map[string]any) {
		content, ok := object["content"].(map[string]any)
		if !ok {
			return
		}
		for media, body := range content {
			bodies++
			require.Contains(t, body, "example", "%s %s", path, media)
			require.Contains(t, body, "schema", "%s %s", path, media)
		}
	})
	require.Greater(t, bodies, 10)
}

// TestWordsMayGrow holds that no answer's words are a closed list: a client made
// from the document must survive a new one. Parameters are ours to check.
func TestWordsMayGrow(t *testing.T) {
	visit("", tree(t), func(path string, object map[string]any) {
		if _, ok := object["enum"]; ok {
			require.Contains(t, path, ".components.parameters.")
		}
	})
}

func TestValuesSchemaIsDraft07(t *testing.T) {
	var schema map[string]any
	require.NoError(t, json.Unmarshal(schemas.ValuesSchema(), &schema))
	require.Equal(t, "http://json-schema.org/draft-07/schema#", schema["$schema"])
	require.Contains(t, schema["properties"], "images")
}
