package fake

import (
	"context"
	"fmt"
	"os"
	"strings"

	"sigs.k8s.io/yaml"

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
// beside the catalog, the legacy images-v1.yaml, a ConfigMap that holds it, or
// manifests with one.
func OpenCatalog(ctx context.Context, path string) (*Catalog, error) {
	if path == string(resolver.OriginBundled) {
		return load(ctx, resolver.FromBundled(), Content{})
	}
	if strings.Contains(path, "://") {
		return nil, fmt.Errorf("%s is in a registry, and a test server reads files: bayplan pull fetches it", path)
	}
	path = strings.TrimPrefix(path, "file:") // as serve calls a legacy file
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
	content, ok, err := contentOf(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if !ok {
		return load(ctx, resolver.FromLegacyFile(path), Content{})
	}
	packed, err := pack.Files([]pack.File{{Name: "Chart.yaml", Data: []byte(chartYAML)}, {Name: "values.yaml", Data: text}})
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

// contentOf reads what a values.yaml says of the platform, and gives false for a
// text that is none: the catalog's own rules judge that.
func contentOf(text []byte) (c Content, ok bool, err error) {
	var root map[string]any
	if yaml.Unmarshal(text, &root) != nil || root["formatVersion"] == nil {
		return c, false, nil
	}
	own := map[string]any{}
	for _, key := range []string{"harbor", "missing", "tools"} {
		if value, ok := root[key]; ok {
			own[key] = value
		}
	}
	asYAML, err := yaml.Marshal(own)
	if err != nil {
		return c, true, err
	}
	c, err = decodeContent(asYAML)
	return c, true, err
}
