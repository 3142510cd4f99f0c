package strictyaml_test

import (
	"strings"
	"testing"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"a: 1\nb: [x, \"3.20\", 2.5, true]\n",
		"base: &b {state: stable}\nx: {<<: *b, y: 1}\nz:\n  <<: [*b, {q: w}]\n  state: beta\n",
		"a: |\n  text\n\n  more\nb: >-\n  folded\n  text\nc: 'it''s'\nd: \"\\u00e9\\t\\x41\"\n",
		"? a\n: b\n? [c]\n: d\n", "- - a\n  - b\n-\n  - c\n", "{a: {b: [c, {d: e}]}}",
		"\ufeffa: b\r\nc: d\r\n", "%YAML 1.1\n---\na: b\n...\n", "!!map {a: !!str 1, b: ! x}", "&x a: *x\n",
		"a: 0x1F\nb: 010\nc: 1e3\nd: 1:30\ne: 2026-01-01\nf: ~\ng: +1\nh: .5\ni: 1_000\nj: 0o17\nk: y\n",
		"a: b # comment\n# more\nc:\n  # inside\n  d: e\n", "a: *a", "&a [*a]", "a: &a [x]\nb: {<<: *a}\n", "\"<<\": {a: b}\n'a': \"<<\"\n",
		"a: 'x\n\n  y'\nb: \"x\\\n  y\"\nc: x\n  y\n", "a: !<tag:yaml.org,2002:str> 1\n", "a:\n- b\n-  c\n", "key with spaces: a:b\n", "a: \"\\N\\L\\P\\_\"",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		node, problems := strictyaml.Parse(text)
		if len(problems) > 0 || strings.TrimSpace(string(text)) == "" {
			return
		}
		if node.Kind == strictyaml.Map && len(node.Fields) == 0 {
			return // a document of comments alone is null to Helm
		}
		sameAsHelm(t, text, node)
	})
}
