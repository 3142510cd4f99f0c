package api_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/schemas"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// exampleOf gives the document's example of an operation's good answer.
func exampleOf(t *testing.T, operationID string) []byte {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromData(schemas.OpenAPIYAML())
	require.NoError(t, err)
	for _, item := range document.Paths.Map() {
		if item.Get != nil && item.Get.OperationID == operationID {
			media := item.Get.Responses.Status(200).Value.Content.Get("application/json")
			example, err := json.Marshal(media.Example)
			require.NoError(t, err)
			return example
		}
	}
	t.Fatalf("no operation %s", operationID)
	return nil
}

// What nobody knows is left out; what is always there is there even if empty.
func Example() {
	answer := api.ImageAnswer{Image: api.Image{
		ShortName: "bookworm",
		Type:      api.TypeStandard,
		State:     api.StateStable,
		Host:      "registry.example.org",
		Path:      "bookworm",
		Tag:       "latest",
		Image:     "registry.example.org/bookworm:latest",
	}}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(answer); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {
	//   "image": {
	//     "short_name": "bookworm",
	//     "type": "standard",
	//     "state": "stable",
	//     "aliases": [],
	//     "host": "registry.example.org",
	//     "path": "bookworm",
	//     "tag": "latest",
	//     "image": "registry.example.org/bookworm:latest",
	//     "variants": {}
	//   },
	//   "messages": {}
	// }
}
