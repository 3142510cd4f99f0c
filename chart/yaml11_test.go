package chart_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// yaml11 is how a reader that follows YAML 1.1 to the letter sees a document
// (https://yaml.org/type/): each plain scalar with the type that its form gives
// it, n and 010 and 1:30 included. It is stricter than PyYAML and Go's
// libraries, each of which leaves some of these out. Only a lone point, a float
// by the letter, is a string here as it is everywhere.
func yaml11(t *testing.T, text []byte) any {
	t.Helper()
	var document yaml.Node
	require.NoError(t, yaml.Unmarshal(text, &document))
	require.Len(t, document.Content, 1)
	return seen(t, document.Content[0])
}

func seen(t *testing.T, n *yaml.Node) any {
	t.Helper()
	switch n.Kind {
	case yaml.MappingNode:
		m := map[any]any{}
		for i := 0; i < len(n.Content); i += 2 {
			key := seen(t, n.Content[i])
			require.NotContains(t, m, key)
			m[key] = seen(t, n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		l := make([]any, len(n.Content))
		for i, item := range n.Content {
			l[i] = seen(t, item)
		}
		return l
	case yaml.AliasNode:
		return seen(t, n.Alias)
	}
	return typed{typeOf(n), n.Value}
}

// typed is a scalar with the type that a reader gives it.
type typed struct{ is, text string }

var types11 = []struct {
	is   string
	form *regexp.Regexp
}{
	{"null", regexp.MustCompile(`^(~|null|Null|NULL|)$`)},
	{"bool", regexp.MustCompile(`^(y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$`)},
	{"int", regexp.MustCompile(`^[-+]?(0b[01_]+|0[0-7_]*|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(:[0-5]?[0-9])+)$`)},
	{"float", regexp.MustCompile(`^[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)([eE][-+][0-9]+)?$|^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*$|^[-+]?\.(inf|Inf|INF)$|^\.(nan|NaN|NAN)$`)},
	{"time", regexp.MustCompile(`^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?$`)},
	{"special", regexp.MustCompile(`^(=|<<)$`)},
}

func typeOf(n *yaml.Node) string {
	if n.Style != 0 && n.Style != yaml.FlowStyle {
		return "str" // quoted
	}
	for _, t := range types11 {
		if t.form.MatchString(n.Value) {
			return t.is
		}
	}
	return "str"
}

func TestYAML11ViewSeesWhatOthersPassOver(t *testing.T) {
	const text = `{a: [n, 010, 1:30, 3.20, 2026-01-01, "n", word, =, ~]}`
	types := []string{}
	for _, item := range yaml11(t, []byte(text)).(map[any]any)[typed{"str", "a"}].([]any) {
		types = append(types, item.(typed).is)
	}
	require.Equal(t, "bool int int float time str str special null", strings.Join(types, " "))
}
