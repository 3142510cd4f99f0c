package fake

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/pack"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
)

// Catalog is a catalog that was read.
type Catalog struct {
	Origin resolver.Origin
	Chart  *chart.Chart
	// Content is what the same file says of the platform.
	Content Content
}

// chartYAML is the chart around a catalog that is none.
const chartYAML = "apiVersion: v2\nname: image-config\ndescription: A catalog for tests\nversion: 0.0.0-fake\n"

// OpenCatalog reads "bundled", a chart's directory, a packaged chart (.tgz), or a
// YAML file: a chart's values.yaml, in which harbor, missing and tools may stand
// beside the catalog, the legacy images-v1.yaml, or a ConfigMap that holds it.
func OpenCatalog(ctx context.Context, path string) (*Catalog, error) {
	if path == string(resolver.OriginBundled) {
		return load(ctx, resolver.FromBundled(), Content{})
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return load(ctx, resolver.FromPath(path), Content{})
	}
	text, err := readFile(path, strictyaml.MaxBytes)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(string(text), "\x1f\x8b") {
		return load(ctx, resolver.FromPath(path), Content{})
	}
	values, content, err := valuesOf(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	packed, err := pack.Files([]pack.File{{Name: "Chart.yaml", Data: []byte(chartYAML)}, {Name: "values.yaml", Data: values}})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return load(ctx, archived{path: path, archive: packed.Archive}, content)
}

func load(ctx context.Context, origin resolver.Origin, content Content) (*Catalog, error) {
	offer, err := origin.Fetch(ctx, "")
	if err != nil {
		return nil, err
	}
	loaded, err := offer.Source.Load()
	if err != nil {
		return nil, err
	}
	return &Catalog{Origin: origin, Chart: loaded, Content: content}, nil
}

// archived is the origin of a chart in memory.
type archived struct {
	path    string
	archive []byte
}

// Name implements resolver.Origin.
func (a archived) Name() string { return a.path }

// Fetch implements resolver.Origin.
func (a archived) Fetch(_ context.Context, last string) (*resolver.Offer, error) {
	source, err := chart.FromArchive(a.archive, "")
	if err != nil || source.Digest() == last {
		return nil, err
	}
	return &resolver.Offer{Identity: source.Digest(), Kind: resolver.OriginArchive, Source: source}, nil
}

// valuesOf gives a values.yaml of any of the YAML forms, and what it says of the
// platform. Scalars keep their spelling, for the catalog's own rules to judge.
func valuesOf(text []byte) ([]byte, Content, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, Content{}, err
	}
	if len(document.Content) == 0 || document.Content[0].Kind != yaml.MappingNode {
		return nil, Content{}, errors.New("it is no catalog: a map is wanted")
	}
	root := document.Content[0]
	if kind := at(root, "kind"); kind != nil && kind.Value == "ConfigMap" {
		inner := at(at(root, "data"), chart.LegacyKey)
		if inner == nil {
			return nil, Content{}, fmt.Errorf("the ConfigMap has no key %s", chart.LegacyKey)
		}
		return valuesOf([]byte(inner.Value))
	}
	if at(root, "formatVersion") != nil {
		content, err := contentOf(root)
		return text, content, err
	}
	values, err := yaml.Marshal(mapping("formatVersion", scalar("1.0"), "images", root))
	return values, Content{}, err
}

// contentOf reads the keys that say something of the platform.
func contentOf(root *yaml.Node) (Content, error) {
	own := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i+1 < len(root.Content); i += 2 {
		switch root.Content[i].Value {
		case "harbor", "missing", "tools":
			own.Content = append(own.Content, root.Content[i], root.Content[i+1])
		}
	}
	text, err := yaml.Marshal(own)
	if err != nil {
		return Content{}, err
	}
	return decodeContent(text)
}

// at gives the value of a key; nil where there is none.
func at(node *yaml.Node, key string) *yaml.Node {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}

func scalar(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text, Style: yaml.DoubleQuotedStyle}
}

func mapping(key string, value *yaml.Node, second string, other *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{scalar(key), value, scalar(second), other}}
}
