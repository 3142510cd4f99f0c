// Package render runs a catalog chart's templates with Helm's own engine, as
// `helm template` does, so that people see what a version renders to.
//
// It links Helm and is imported by commands and tests only: the server encodes
// the legacy view from the catalog and executes no templates. An archive is
// checked by package archive before Helm sees it. The chart's own schema is
// never used, because Helm would follow references in it to files and hosts:
// whoever wants the values checked loads the chart with package chart.
package render

import (
	"fmt"
	"maps"
	"path"
	"slices"

	helmchart "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/releaseutil"
	"sigs.k8s.io/yaml"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/archive"
)

// Options say for which release a chart is rendered. The zero value renders
// release "image-config" in namespace "default".
type Options struct {
	Release   string
	Namespace string
	// Values are put over the chart's values, as `helm template -f` does.
	Values map[string]any
}

// Dir renders a chart's directory: template name to manifest.
func Dir(dir string, opts Options) (map[string]string, error) {
	loaded, err := loader.LoadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", dir, err)
	}
	return render(loaded, opts)
}

// Archive renders a packaged chart: template name to manifest.
func Archive(data []byte, opts Options) (map[string]string, error) {
	content, err := archive.Read(data)
	if err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	files := make([]*loader.BufferedFile, 0, len(content.Files))
	for _, name := range slices.Sorted(maps.Keys(content.Files)) {
		files = append(files, &loader.BufferedFile{Name: name, Data: content.Files[name]})
	}
	loaded, err := loader.LoadFiles(files)
	if err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	return render(loaded, opts)
}

func render(loaded *helmchart.Chart, opts Options) (map[string]string, error) {
	release := chartutil.ReleaseOptions{
		Name: orDefault(opts.Release, chart.Name), Namespace: orDefault(opts.Namespace, "default"), IsInstall: true,
	}
	const skipSchema = true
	values, err := chartutil.ToRenderValuesWithSchemaValidation(loaded, opts.Values, release, chartutil.DefaultCapabilities, skipSchema)
	if err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	rendered, err := engine.Render(loaded, values)
	if err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	out := make(map[string]string, len(rendered))
	for name, text := range rendered {
		if path.Base(name) != "NOTES.txt" {
			out[name] = text
		}
	}
	return out, nil
}

// Legacy picks the legacy document out of rendered manifests: the value of
// chart.LegacyKey in the ConfigMap named chart.Name.
func Legacy(manifests map[string]string) ([]byte, error) {
	for _, name := range slices.Sorted(maps.Keys(manifests)) {
		// One template may render several objects.
		objects := releaseutil.SplitManifests(manifests[name])
		for _, key := range slices.Sorted(maps.Keys(objects)) {
			// Helm cuts the last line break off and writes it again.
			document, found, err := legacyOf(objects[key] + "\n")
			if err != nil {
				return nil, fmt.Errorf("template %s renders no YAML: %w", name, err)
			}
			if found {
				return document, nil
			}
		}
	}
	return nil, fmt.Errorf("the chart renders no ConfigMap %s with the key %s", chart.Name, chart.LegacyKey)
}

func legacyOf(manifest string) (document []byte, found bool, err error) {
	var object struct {
		Kind     string `json:"kind"`
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
		Data map[string]any `json:"data"`
	}
	if err := yaml.Unmarshal([]byte(manifest), &object); err != nil {
		return nil, false, err
	}
	if object.Kind != "ConfigMap" || object.Metadata.Name != chart.Name {
		return nil, false, nil
	}
	text, found := object.Data[chart.LegacyKey].(string)
	return []byte(text), found, nil
}

func orDefault(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
