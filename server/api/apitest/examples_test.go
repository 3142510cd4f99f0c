package apitest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/schemas"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api/apitest"
)

// TestDocumentedExamplesPass answers each route with each example of the
// document. Examples are thereby as strict as our own answers have to be.
func TestDocumentedExamplesPass(t *testing.T) {
	document, err := openapi3.NewLoader().LoadFromData(schemas.OpenAPIYAML())
	require.NoError(t, err)
	visited := 0
	for path, item := range document.Paths.Map() {
		method, operation, other := http.MethodGet, item.Get, http.MethodPost
		if operation == nil {
			method, operation, other = http.MethodPost, item.Post, http.MethodGet
		}
		for status, response := range operation.Responses.Map() {
			for media, body := range response.Value.Content {
				visited++
				t.Run(operation.OperationID+" "+status+" "+media, func(t *testing.T) {
					code, err := strconv.Atoi(status)
					require.NoError(t, err)
					a := answer{
						method: method, path: strings.NewReplacer("{name}", "a/b", "{toolname}", "wikibugs").Replace(path) + exampleQuery(operation), status: code,
						header: exampleHeaders(response.Value), body: encode(t, media, body.Example),
					}
					a.header["Content-Type"] = media
					if code == http.StatusMethodNotAllowed {
						a.method = other
					}
					require.NoError(t, a.check(t))
				})
			}
		}
	}
	require.Greater(t, visited, 25)

	operations, err := apitest.Operations()
	require.NoError(t, err)
	require.Len(t, operations, document.Paths.Len())
}

// exampleQuery gives the query parameters that an operation demands.
func exampleQuery(operation *openapi3.Operation) string {
	query := url.Values{}
	for _, ref := range operation.Parameters {
		if p := ref.Value; p.In == openapi3.ParameterInQuery && p.Required {
			values, several := p.Example.([]any)
			if !several {
				values = []any{p.Example}
			}
			for _, value := range values {
				query.Add(p.Name, value.(string))
			}
		}
	}
	if len(query) == 0 {
		return ""
	}
	return "?" + query.Encode()
}

// exampleHeaders gives all headers of a response that have an example.
func exampleHeaders(response *openapi3.Response) map[string]string {
	headers := map[string]string{}
	for name, ref := range response.Headers {
		switch example := ref.Value.Schema.Value.Example.(type) {
		case string:
			headers[name] = example
		case float64:
			headers[name] = strconv.Itoa(int(example))
		}
	}
	return headers
}

func encode(t *testing.T, media string, example any) string {
	t.Helper()
	if text, ok := example.(string); ok {
		return text
	}
	encoded, err := json.Marshal(example)
	if media == "application/yaml" {
		encoded, err = yaml.Marshal(example)
	}
	require.NoError(t, err)
	return string(encoded)
}
