package render

import (
	"fmt"
	"maps"
	"slices"

	"helm.sh/helm/v3/pkg/releaseutil"
	"sigs.k8s.io/yaml"
)

// Objects names the objects of rendered manifests, each as Kind/name, sorted.
func Objects(manifests map[string]string) ([]string, error) {
	var out []string
	for _, template := range slices.Sorted(maps.Keys(manifests)) {
		for _, manifest := range releaseutil.SplitManifests(manifests[template]) {
			var object struct {
				Kind     string `json:"kind"`
				Metadata struct {
					Name string `json:"name"`
				} `json:"metadata"`
			}
			if err := yaml.Unmarshal([]byte(manifest), &object); err != nil {
				return nil, fmt.Errorf("template %s renders no YAML: %w", template, err)
			}
			if object.Kind != "" {
				out = append(out, object.Kind+"/"+object.Metadata.Name)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
