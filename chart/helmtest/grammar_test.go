package helmtest

import (
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

// grammar compiles one definition of the schema.
func grammar(t *testing.T, definition string) *jsonschema.Schema {
	t.Helper()
	return compile(t, "#/definitions/"+definition)
}

// compile uses the library and the dialect that both Helms use. The tables here
// are long; a process for each row would be slow.
func compile(t *testing.T, fragment string) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(readFile(t, schemaFile)))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("values.schema.json", document))
	schema, err := compiler.Compile("values.schema.json" + fragment)
	require.NoError(t, err)
	return schema
}

var grammars = map[string]struct{ accepted, refused []string }{
	"name": {
		accepted: []string{
			"bookworm", "python3.13", "3.20", "tf-node12-DEPRECATED", "toolforge-python39-sssd-base",
			"bullseye-standalone", "a", "9", "a_b", "group/bookworm", "a/b/c", "tool", "tool-x", "tools/x", "Buildservice",
			"buildservice/x", "x/tool-y/z",
		},
		refused: []string{
			"", " ", "book worm", "bookworm ", "bookworm\n", "-x", ".x", "_x", "/x", "x/", "a//b", "a/-b", "x:y", "x@y", "x+y", "é",
			"buildservice", "tool-x/y", "tool-/y", "tool-wikibugs/bot/more",
		},
	},
	"reference": {
		accepted: []string{
			"docker-registry.tools.wmflabs.org/toolforge-bookworm-sssd",
			"tools-harbor.wmcloud.org/toolforge-pre-built/toolforge-bookworm-sssd",
			"registry.example:5000/a/b/c:v1.0_x-y", "localhost/a", "localhost:5000/a", "registry:5000/a", "127.0.0.1:5000/a",
			"[::1]:5000/a", "[::1]/a", "Registry.Example/a", "registry.example/a__b/c.d/e---f",
			"registry.example/a@sha256:" + strings.Repeat("0f", 32),
			"registry.example/a:latest@sha512:" + strings.Repeat("0f", 64),
		},
		refused: []string{
			"", "bookworm", "toolforge/bookworm", "registry.example", "registry.example/", "registry.example/A",
			"registry.example/a b", " registry.example/a", "registry.example/a\n", "https://registry.example/a",
			"registry.example/a:", "registry.example/a:b c", "registry.example/a:-x", "registry.example/a:" + strings.Repeat("x", 129),
			"registry.example/a@", "registry.example/a@sha256:abc", "registry.example/a@md5:" + strings.Repeat("0", 32),
			"registry.example//a", "registry.example/a/", "registry.example/a..b", "registry.example/-a", "registry.:5000/a",
			"-registry.example/a", "registry.example:port/a",
		},
	},
	"stackName": {
		accepted: []string{"heroku-22", "tools-harbor.wmcloud.org/toolforge/heroku-builder:22", "io.buildpacks.stacks.jammy"},
		refused:  []string{"", "heroku 22", "-heroku", "heroku\n"},
	},
	"date": {
		accepted: []string{"2027-03-31", "2028-02-29"},
		refused:  []string{"", "2027-02-29", "2027-3-1", "2027-03-31T00:00:00Z", "31.03.2027", "tomorrow"},
	},
	"state": {
		accepted: []string{"stable", "beta", "deprecated"},
		refused:  []string{"", "Stable", "sable", "removed"},
	},
	"text": {
		accepted: []string{"", "a\nb\tc", "é 日本 😀", "\u00a0"},
		refused:  []string{"\u007f", "a\u0085b", "\u009f"},
	},
}

func TestGrammars(t *testing.T) {
	for definition, words := range grammars {
		t.Run(definition, func(t *testing.T) {
			schema := grammar(t, definition)
			for _, word := range words.accepted {
				require.NoError(t, schema.Validate(word), "%q", word)
			}
			for _, word := range words.refused {
				require.Error(t, schema.Validate(word), "%q", word)
			}
			require.Error(t, schema.Validate(nil))
			require.Error(t, schema.Validate(1.5))
		})
	}
}

// What names an image, a tombstone or a stack is a key, and keys are held by a
// pattern of their own: it must say the same as the definition that aliases and
// successors follow.
func TestKeysFollowTheGrammarOfNames(t *testing.T) {
	entry := map[string]any{"state": "stable", "image": "registry.example/x"}
	places := map[string]struct {
		definition string
		put        func(name string) map[string]any
	}{
		"images": {"name", func(name string) map[string]any {
			return map[string]any{"images": map[string]any{name: entry}}
		}},
		"tombstones": {"name", func(name string) map[string]any {
			grave := map[string]any{"date": "2026-01-01", "reason": "Nobody used it."}
			return map[string]any{"images": map[string]any{"x": entry}, "tombstones": map[string]any{name: grave}}
		}},
		"stacks": {"stackName", func(name string) map[string]any {
			stack := map[string]any{"state": "stable"}
			return map[string]any{"images": map[string]any{"x": entry}, "stacks": map[string]any{name: stack}}
		}},
	}
	schema := rootSchema(t)
	for place, at := range places {
		t.Run(place, func(t *testing.T) {
			for _, name := range grammars[at.definition].accepted {
				require.NoError(t, schema.Validate(at.put(name)), "%q", name)
			}
			for _, name := range grammars[at.definition].refused {
				require.Error(t, schema.Validate(at.put(name)), "%q", name)
			}
		})
	}
}

func TestWebserviceDefaults(t *testing.T) {
	for text, want := range map[string]bool{
		"{}":                           true,
		"{command: run.sh}":            true,
		"{command: [run.sh, $PORT]}":   true,
		"{command: []}":                false,
		"{command: \"\"}":              false,
		"{command: [run.sh, 8000]}":    false,
		"{command: 5}":                 false,
		"{port: 1}":                    true,
		"{port: 65535}":                true,
		"{port: 0}":                    false,
		"{port: 8000.5}":               false,
		"{port: \"8000\"}":             false,
		"{memory: 1Gi}":                true,
		"{memory: 1024}":               false,
		"{cpu: 0.5, probe: {path: /}}": true,
		"{cpu: ~}":                     false,
		"{probe: {path: ~}}":           false,
	} {
		t.Run(text, func(t *testing.T) {
			values := data(t, asImages("x: {state: stable, image: registry.example/x, webservice-defaults: "+text+"}"))
			err := rootSchema(t).Validate(values)
			require.Equal(t, want, err == nil, "%v", err)
		})
	}
}

func rootSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	return compile(t, "")
}
