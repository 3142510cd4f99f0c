package helmtest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// schemaFile is the one source of truth; the chart carries a copy because Helm
// looks for it there.
const schemaFile = "../../schemas/values.schema.json"

// described are the keywords whose members are what a person meets in an editor:
// each of them says what it means.
var described = []string{"properties", "definitions"}

func TestChartCarriesThePublishedSchema(t *testing.T) {
	require.Equal(t, readFile(t, schemaFile), readFile(t, chartFolder, "values.schema.json"),
		"change schemas/values.schema.json and copy it over chart/image-config/values.schema.json")
}

func TestEveryPropertyOfTheSchemaIsDescribed(t *testing.T) {
	visited := 0
	walk(t, "", schemaDocument(t), func(path string, node map[string]any) {
		for _, keyword := range described {
			members, _ := node[keyword].(map[string]any)
			for name, member := range members {
				visited++
				properties, isObject := member.(map[string]any)
				require.True(t, isObject, "%s/%s/%s is no object", path, keyword, name)
				text, _ := properties["description"].(string)
				require.Greater(t, len(text), 20, "%s/%s/%s has no description that helps", path, keyword, name)
				require.Contains(t, ".)\"", text[len(text)-1:], "%s/%s/%s: a description is a sentence", path, keyword, name)
			}
		}
	})
	require.Greater(t, visited, 35, "the walk missed the properties")
}

// Helm follows a $ref to http:// and file://: who publishes a chart could read
// files of whoever lints it. Ours stays inside the document, and has no target
// that is not there.
func TestSchemaRefersToItselfAlone(t *testing.T) {
	schema := schemaDocument(t)
	definitions, _ := schema["definitions"].(map[string]any)
	used := map[string]bool{}
	walk(t, "", schema, func(path string, node map[string]any) {
		require.NotContains(t, node, "$id", "%s: an $id moves the base that a $ref is read against", path)
		reference, found := node["$ref"]
		if !found {
			return
		}
		name, local := strings.CutPrefix(fmt.Sprint(reference), "#/definitions/")
		require.True(t, local, "%s: $ref %v", path, reference)
		require.Contains(t, definitions, name, path)
		used[name] = true
	})
	for name := range definitions {
		require.True(t, used[name], "definition %q is not used", name)
	}
}

// Only the root lets unknown keys pass; an object without a word about them
// would swallow typing mistakes.
func TestEveryObjectBelowTheRootIsClosed(t *testing.T) {
	open := map[string]bool{"": true, "/properties/global": true}
	walk(t, "", schemaDocument(t), func(path string, node map[string]any) {
		if types := fmt.Sprint(node["type"]); !strings.Contains(types, "object") || open[path] {
			return
		}
		require.Equal(t, false, node["additionalProperties"], path)
	})
}

func TestNothingMayBeNull(t *testing.T) {
	walk(t, "", schemaDocument(t), func(path string, node map[string]any) {
		require.NotContains(t, fmt.Sprint(node["type"]), "null", path)
		words, _ := node["enum"].([]any)
		require.NotContains(t, words, nil, path)
	})
}

func schemaDocument(t *testing.T) map[string]any {
	t.Helper()
	var schema map[string]any
	require.NoError(t, json.Unmarshal([]byte(readFile(t, schemaFile)), &schema))
	require.Equal(t, "http://json-schema.org/draft-07/schema#", schema["$schema"])
	return schema
}

// walk visits each object of the document with its JSON pointer.
func walk(t *testing.T, path string, node any, visit func(path string, node map[string]any)) {
	t.Helper()
	switch value := node.(type) {
	case map[string]any:
		visit(path, value)
		for key, child := range value {
			walk(t, path+"/"+key, child, visit)
		}
	case []any:
		for i, child := range value {
			walk(t, fmt.Sprintf("%s/%d", path, i), child, visit)
		}
	}
}
