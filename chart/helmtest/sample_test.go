package helmtest

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// sampleEntry is what this file needs to know of an entry.
type sampleEntry struct {
	State      string
	ReplacedBy string `yaml:"replacedBy"`
	Variants   map[string]any
}

// legacyKeys are those that the sample shares with its source.
var legacyKeys = []string{"state", "aliases", "image", "variants", "webservice-defaults"}

func TestSampleSaysWhatItsSourceSays(t *testing.T) {
	sample, _ := data(t, readFile(t, chartFolder, "values.yaml")).(map[string]any)
	require.Equal(t, "1.0", sample["formatVersion"])
	images, _ := sample["images"].(map[string]any)
	require.Len(t, images, 41)
	got := map[string]any{}
	for name, entry := range images {
		legacy := map[string]any{}
		for _, key := range legacyKeys {
			if value, found := entry.(map[string]any)[key]; found {
				legacy[key] = value
			}
		}
		got[name] = legacy
	}
	require.Equal(t, data(t, readFile(t, catalogsFolder, "images-v1.yaml")), any(got))
}

func TestSampleKeepsTheOrderOfItsSource(t *testing.T) {
	var sample struct{ Images yaml.Node }
	require.NoError(t, yaml.Unmarshal([]byte(readFile(t, chartFolder, "values.yaml")), &sample))
	var source yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte(readFile(t, catalogsFolder, "images-v1.yaml")), &source))
	require.Equal(t, keys(source.Content[0]), keys(&sample.Images))
}

// A successor that is itself on its way out, or that lacks the flavour people
// used, would send them on a second journey.
func TestSuccessorsInTheSampleAreStableAndNoLess(t *testing.T) {
	var sample struct{ Images map[string]sampleEntry }
	require.NoError(t, yaml.Unmarshal([]byte(readFile(t, chartFolder, "values.yaml")), &sample))
	var without []string
	for name, entry := range sample.Images {
		if entry.State != "deprecated" {
			require.Empty(t, entry.ReplacedBy, "%s is %s and needs no successor", name, entry.State)
			continue
		}
		if entry.ReplacedBy == "" {
			without = append(without, name)
			continue
		}
		successor, found := sample.Images[entry.ReplacedBy]
		require.True(t, found, "%s is replaced by %q, which is no image", name, entry.ReplacedBy)
		require.Equal(t, "stable", successor.State, "%s is replaced by %s", name, entry.ReplacedBy)
		for variant := range entry.Variants {
			require.Contains(t, successor.Variants, variant, "%s is replaced by %s", name, entry.ReplacedBy)
		}
	}
	require.Equal(t, []string{"golang1.11"}, without, "the catalog holds no other Go image")
}

// keys lists the keys of a YAML mapping in the order in which they stand.
func keys(mapping *yaml.Node) []string {
	var names []string
	for i := 0; i < len(mapping.Content); i += 2 {
		names = append(names, mapping.Content[i].Value)
	}
	return names
}
