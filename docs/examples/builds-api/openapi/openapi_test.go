package openapi

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

var update = flag.Bool("update", false, "cut images.yaml anew out of Bayplan's document")

const head = `# The two paths about images, cut out of Bayplan's document (schemas/openapi.yaml).
# The gateway says which tool asks, so that the header is no parameter here.
openapi: 3.0.3
info:
  title: builds-api, the part about images
  version: 1.0.0
`

// What is committed agrees with what Bayplan's document says today: that may have
// grown since, and may not have taken anything away or changed its kind.
func TestAgreesWithBayplansDocument(t *testing.T) {
	text, err := os.ReadFile("../../../../schemas/openapi.yaml")
	require.NoError(t, err)
	if *update {
		var document yaml.Node
		require.NoError(t, yaml.Unmarshal(text, &document))
		require.NoError(t, os.WriteFile("images.yaml", cutOut(t, document.Content[0]), 0o644))
		return
	}
	bayplans, err := openapi3.NewLoader().LoadFromData(text)
	require.NoError(t, err)
	ours, err := openapi3.NewLoader().LoadFromData(Images)
	require.NoError(t, err)
	for path, item := range ours.Paths.Map() {
		theirs := bayplans.Paths.Value(path)
		require.NotNil(t, theirs, path)
		for _, p := range item.Get.Parameters {
			same := theirs.Get.Parameters.GetByInAndName(p.Value.In, p.Value.Name)
			require.NotNil(t, same, "%s %s", path, p.Value.Name)
			require.Equal(t, p.Value.Schema.Value.Type, same.Schema.Value.Type, "%s %s", path, p.Value.Name)
		}
		for status := range item.Get.Responses.Map() {
			require.NotNil(t, theirs.Get.Responses.Value(status), "%s %s", path, status)
		}
	}
	require.Greater(t, len(ours.Components.Schemas), 10)
	for name, schema := range ours.Components.Schemas {
		require.Contains(t, bayplans.Components.Schemas, name)
		agrees(t, name, schema.Value, bayplans.Components.Schemas[name].Value)
	}
}

// agrees holds that all of a schema is in the other one, of the same kind.
func agrees(t *testing.T, place string, ours, theirs *openapi3.Schema) {
	require.Equal(t, ours.Type, theirs.Type, place)
	for _, name := range ours.Required {
		require.Contains(t, theirs.Required, name, place)
	}
	for name, property := range ours.Properties {
		require.Contains(t, theirs.Properties, name, place)
		agrees(t, place+"."+name, property.Value, theirs.Properties[name].Value)
	}
}

// builds-api's library reads it, and finds nothing wrong.
func TestIsValid(t *testing.T) {
	document, err := openapi3.NewLoader().LoadFromData(Images)
	require.NoError(t, err)
	require.NoError(t, document.Validate(t.Context(), openapi3.EnableExamplesValidation()))
	require.Equal(t, 2, document.Paths.Len())
}

// cutOut gives the two paths, and all that they refer to.
func cutOut(t *testing.T, root *yaml.Node) []byte {
	paths := mapping()
	for _, path := range []string{"/v1/tool/{toolname}/images", "/v1/tool/{toolname}/images/resolve"} {
		item := at(root, "paths", path)
		require.NotNil(t, item, path)
		withoutHeader(at(item, "get", "parameters"))
		paths.Content = append(paths.Content, word(path), item)
	}
	wanted := map[string]bool{}
	follow(root, paths, wanted)
	components := mapping()
	all := at(root, "components")
	for i := 0; i+1 < len(all.Content); i += 2 {
		kept := mapping()
		group := all.Content[i+1]
		for j := 0; j+1 < len(group.Content); j += 2 {
			if wanted[all.Content[i].Value+"/"+group.Content[j].Value] {
				kept.Content = append(kept.Content, group.Content[j], group.Content[j+1])
			}
		}
		if len(kept.Content) > 0 {
			components.Content = append(components.Content, all.Content[i], kept)
		}
	}
	var out bytes.Buffer
	out.WriteString(head)
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	require.NoError(t, encoder.Encode(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{
		word("tags"), {Kind: yaml.SequenceNode, Content: at(root, "tags").Content[:1]}, word("paths"), paths, word("components"), components,
	}}))
	return out.Bytes()
}

// withoutHeader takes the tool's header out of an operation's parameters.
func withoutHeader(parameters *yaml.Node) {
	for i, p := range parameters.Content {
		if ref := at(p, "$ref"); ref != nil && strings.HasSuffix(ref.Value, "/parameters/Tool") {
			parameters.Content = append(parameters.Content[:i:i], parameters.Content[i+1:]...)
			return
		}
	}
}

// follow notes the components that a node refers to, and those that they do.
func follow(root, node *yaml.Node, wanted map[string]bool) {
	if ref := at(node, "$ref"); ref != nil {
		name := strings.TrimPrefix(ref.Value, "#/components/")
		if !wanted[name] {
			wanted[name] = true
			follow(root, at(root, append([]string{"components"}, strings.Split(name, "/")...)...), wanted)
		}
	}
	for _, child := range node.Content {
		follow(root, child, wanted)
	}
}

// at gives the value below some keys; nil where there is none.
func at(node *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		var found *yaml.Node
		for i := 0; node != nil && node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == key {
				found = node.Content[i+1]
			}
		}
		node = found
	}
	return node
}

func mapping() *yaml.Node         { return &yaml.Node{Kind: yaml.MappingNode} }
func word(text string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: text} }
