package schemas_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/checker"
	"github.com/oasdiff/oasdiff/diff"
	"github.com/oasdiff/oasdiff/load"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/schemas"
)

// Clients are written against a version of the contract. Each one that was
// published stays in the folder published, and the document of today has to have
// a version that says what a client of the newest of them has to expect.
func TestTheVersionSaysWhatChanged(t *testing.T) {
	before := published(t)
	need, reasons := stepFrom(t, before, schemas.OpenAPIYAML())
	step := stepBetween(versionOf(t, before), versionOf(t, schemas.OpenAPIYAML()))
	require.GreaterOrEqual(t, step, need, "the version of openapi.yaml grows by %s; what changed since the published one demands %s step:\n%s",
		step, need, strings.Join(reasons, "\n"))
}

// The step that a change of the contract demands is found, whatever the change.
func TestWhatAChangeDemands(t *testing.T) {
	before := published(t)
	for name, c := range map[string]struct {
		change func(t *testing.T, root map[string]any)
		need   step
	}{
		"nothing":                      {func(*testing.T, map[string]any) {}, none},
		"another word in a text":       {set("Other words.", "info", "description"), patch},
		"a route more":                 {set(map[string]any{"get": get(t, before, "paths", "/v1/healthz", "get")}, "paths", "/v1/other"), minor},
		"a property more":              {set(map[string]any{"type": "string"}, "components", "schemas", "ImageRecord", "properties", "mood"), minor},
		"a parameter more":             {add(map[string]any{"name": "mood", "in": "query", "schema": map[string]any{"type": "string"}}, "paths", "/v1/image-config", "get", "parameters"), minor},
		"a route gone":                 {set(nil, "paths", "/v1/image-config"), major},
		"a property gone":              {set(nil, "components", "schemas", "ImageRecord", "properties", "description"), major},
		"a property of another type":   {set("integer", "components", "schemas", "ImageRecord", "properties", "host", "type"), major},
		"a property not there always":  {set([]any{"warning"}, "components", "schemas", "UsersStatus", "required"), major},
		"a status gone":                {set(nil, "paths", "/v1/images/{name}", "get", "responses", "410"), major},
		"a parameter that is demanded": {add(map[string]any{"name": "mood", "in": "query", "required": true, "schema": map[string]any{"type": "string"}}, "paths", "/v1/image-config", "get", "parameters"), major},
		"a parameter gone":             {set([]any{}, "paths", "/v1/images/{name}", "get", "parameters"), major},
	} {
		t.Run(name, func(t *testing.T) {
			var root map[string]any
			require.NoError(t, yaml.Unmarshal(before, &root))
			c.change(t, root)
			after, err := yaml.Marshal(root)
			require.NoError(t, err)
			if c.need == none {
				after = before
			}
			need, reasons := stepFrom(t, before, after)
			require.Equal(t, c.need, need, strings.Join(reasons, "\n"))
		})
	}
}

// step is how far a version grows, as SemVer has it.
type step int

const (
	none step = iota
	patch
	minor
	major
)

func (s step) String() string { return [...]string{"nothing", "a patch", "a minor", "a major"}[s] }

// stepBetween tells how far one version is from another; a version that does not
// grow is no step.
func stepBetween(before, after *semver.Version) step {
	switch {
	case !after.GreaterThan(before):
		return none
	case after.Major() > before.Major():
		return major
	case after.Minor() > before.Minor():
		return minor
	}
	return patch
}

// stepFrom tells which step the difference of two documents demands, and why.
func stepFrom(t *testing.T, before, after []byte) (need step, reasons []string) {
	t.Helper()
	if string(before) == string(after) {
		return none, nil
	}
	changes, operations, err := diff.GetWithOperationsSourcesMap(diff.NewConfig(), spec(t, before), spec(t, after))
	require.NoError(t, err)
	found := checker.CheckBackwardCompatibilityUntilLevel(checker.NewConfig(checker.GetAllChecks()), changes, operations, checker.INFO)
	need = patch
	words := checker.NewDefaultLocalizer()
	for _, change := range found {
		one := minor
		if change.IsBreaking() || change.GetId() == "response-non-success-status-removed" {
			one = major
		}
		need = max(need, one)
		reasons = append(reasons, change.GetOperation()+" "+change.GetPath()+": "+change.GetUncolorizedText(words))
	}
	slices.Sort(reasons)
	return need, slices.Compact(reasons)
}

func spec(t *testing.T, text []byte) *load.SpecInfo {
	t.Helper()
	path := filepath.Join(t.TempDir(), "openapi.yaml")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	info, err := load.NewSpecInfo(openapi3.NewLoader(), load.NewSource(path))
	require.NoError(t, err)
	return info
}

// published gives the newest version of the contract that was published.
func published(t *testing.T) []byte {
	t.Helper()
	files, err := filepath.Glob("published/openapi-*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var newest []byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, "published/openapi-"+versionOf(t, text).String()+".yaml", filepath.ToSlash(file))
		if newest == nil || versionOf(t, text).GreaterThan(versionOf(t, newest)) {
			newest = text
		}
	}
	return newest
}

func versionOf(t *testing.T, text []byte) *semver.Version {
	t.Helper()
	var document struct {
		Info struct {
			Version string `json:"version"`
		} `json:"info"`
	}
	require.NoError(t, yaml.Unmarshal(text, &document))
	version, err := semver.StrictNewVersion(document.Info.Version)
	require.NoError(t, err)
	return version
}

// get gives what a document has at a place.
func get(t *testing.T, text []byte, path ...string) any {
	t.Helper()
	var root map[string]any
	require.NoError(t, yaml.Unmarshal(text, &root))
	return at(t, root, path[:len(path)-1])[path[len(path)-1]]
}

func at(t *testing.T, root map[string]any, path []string) map[string]any {
	t.Helper()
	for _, key := range path {
		next, ok := root[key].(map[string]any)
		require.True(t, ok, key)
		root = next
	}
	return root
}

// set puts a value at a place; nil takes it away.
func set(value any, path ...string) func(*testing.T, map[string]any) {
	return func(t *testing.T, root map[string]any) {
		parent, key := at(t, root, path[:len(path)-1]), path[len(path)-1]
		if value == nil {
			require.Contains(t, parent, key)
			delete(parent, key)
			return
		}
		parent[key] = value
	}
}

// add appends to a list at a place.
func add(value any, path ...string) func(*testing.T, map[string]any) {
	return func(t *testing.T, root map[string]any) {
		parent, key := at(t, root, path[:len(path)-1]), path[len(path)-1]
		list, ok := parent[key].([]any)
		require.True(t, ok, key)
		parent[key] = append(list, value)
	}
}
