package strictyaml_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// Documents that look odd and mean the same to everybody.
func TestDocumentsWithOneMeaning(t *testing.T) {
	for name, text := range map[string]string{
		"byte order mark":   "\ufeffa: b\n",
		"CRLF":              "a: b\r\nc:\r\n  - d\r\n  - |\r\n    e\r\n    f\r\n",
		"lone CR":           "a: b\rc: d\r",
		"no final newline":  "a: b",
		"comments":          "# one\na: b # two\n# three\n",
		"start and end":     "%YAML 1.1\n---\na: b\n...\n",
		"literal block":     "a: |\n  one\n\n    two\n  three\n",
		"kept block":        "a: |+\n  one\n\nb: |-\n  two\n",
		"folded block":      "a: >\n  one\n  two\n\n  three\n",
		"indented block":    "a: |2\n    one\n",
		"folded quotes":     "a: 'one\n\n  two'\nb: \"one\\\n  two\"\nc: one\n  two\n",
		"escapes":           `a: "\x41\u00e9\U0001F600\t\\\"\e\0\N\L\P\_"` + "\n",
		"unicode":           "日本: é\n😀: \"\\ud7ff\"\n",
		"flow":              "{a: [b, {c: d}], \"e\": 'f'}\n",
		"compact lists":     "a:\n- b\n- - c\n  - d\n- e: f\n  g: h\n",
		"explicit keys":     "? a\n: b\n? c\n: - d\n",
		"a list":            "- a\n- b\n",
		"a word":            "word\n",
		"anchors":           "a: &x {b: c}\nd: *x\ne: [*x, *x]\n&w f: *x\ng: {*w : h}\n",
		"merge":             "base: &b {k: v, o: base}\na:\n  <<: *b\n  o: own\nc: {<<: [*b, {k: other, m: w}]}\nd: {<<: {k: v}}\n",
		"merge of merges":   "p: &p {a: b}\nq: &q {<<: *p, c: d}\nr: {<<: *q, e: f}\n",
		"quoted merge key":  "a: {\"<<\": {b: c}, '=': d}\n",
		"a key like a path": "a.b[0]: {\"c d\": e, \"\": f}\n",
	} {
		t.Run(name, func(t *testing.T) {
			node, problems := strictyaml.Parse([]byte(text))
			require.Empty(t, problems)
			sameAsHelm(t, []byte(text), node)
		})
	}
}

func TestEmptyDocumentsAreEmptyMaps(t *testing.T) {
	for _, text := range []string{"", "\n", "# only a comment\n", "   \n\n"} {
		node, problems := strictyaml.Parse([]byte(text))
		require.Empty(t, problems)
		require.Equal(t, map[string]any{}, node.Any())
	}
}

func TestProblemsHaveTheirPlace(t *testing.T) {
	for text, want := range map[string]string{
		"a: b\nc:\n  - d\n  - 010\n":        "yaml-bends 4:5 c[1]",
		"a: {b: c, b: d}\n":                 "yaml-duplicate 1:11 a.b",
		"a: b\n\"a\": c\n":                  "yaml-duplicate 2:1 a",
		"a: b\n? [c]\n: d\n":                "yaml-bends 2:3 ",
		"a: b\n? {c: d}\n: e\n":             "yaml-bends 2:3 ",
		"a: b\n---\nc: d\n":                 "yaml-syntax 2:1 ",
		"a: b\n---\n- [\n":                  "yaml-syntax 3:0 ",
		"é: {\"b c\": [~]}\n":               "yaml-null 1:13 \"é\".\"b c\"[0]",
		"a: *x\n":                           "yaml-syntax 0:0 ",
		"a: b\n  c: d\n":                    "yaml-syntax 2:0 ",
		"a: \"\\ud800\"\n":                  "yaml-syntax 0:0 ",
		"a: \xff\n":                         "yaml-syntax 0:0 ",
		"a: b\nc: \"d\u2028e\"\n":           "yaml-bends 2:6 ",
		"a: b\nc:\n# d\u0085\n":             "yaml-bends 3:4 |yaml-null 2:3 c",
		"b: &b {k: v}\na: {k: w, <<: *b}\n": "yaml-bends 2:11 a.k",
		"a: {<<: {b: c}, <<: {d: e}}\n":     "yaml-duplicate 1:17 a",
		"a: {<<: word}\n":                   "yaml-syntax 1:9 a",
		"a: {<<: [word]}\n":                 "yaml-syntax 1:9 a",
		"l: &l [{a: b}]\nm: {<<: *l}\n":     "yaml-syntax 2:9 m",
		"a: &a {b: *a}\n":                   "yaml-syntax 1:4 a" + strings.Repeat(".b", 32),
		"p: &p 010\nq: *p\n":                "yaml-bends 1:4 p|yaml-bends 1:4 q",
	} {
		_, problems := strictyaml.Parse([]byte(text))
		var got []string
		for _, p := range problems {
			got = append(got, fmt.Sprintf("%s %d:%d %s", p.Rule, p.Line, p.Column, p.Path))
		}
		require.Equal(t, want, strings.Join(got, "|"), text)
	}
}

func TestFind(t *testing.T) {
	node, problems := strictyaml.Parse([]byte("a:\n  b: [c, d]\ne: f\n"))
	require.Empty(t, problems)
	for _, c := range []struct {
		path         strictyaml.Path
		line, column int
	}{
		{nil, 1, 1},
		{strictyaml.Keys("a", "b"), 2, 3},
		{strictyaml.Keys("a", "b").With(strictyaml.Index(1)), 2, 10},
		{strictyaml.Keys("a", "b").With(strictyaml.Index(2)), 2, 3},
		{strictyaml.Keys("a", "x", "y"), 1, 1},
		{strictyaml.Keys("e", "x"), 3, 1},
		{strictyaml.Keys("nothing"), 1, 1},
	} {
		_, line, column := node.Find(c.path)
		require.Equal(t, []int{c.line, c.column}, []int{line, column}, c.path.String())
	}
	found, line, column := (*strictyaml.Node)(nil).Find(strictyaml.Keys("a"))
	require.Nil(t, found)
	require.Zero(t, line+column)
}

// A long map is searched by an index: no key is lost by it.
func TestLongMaps(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "k%d: v%d\n", i, i)
	}
	b.WriteString("<<: {k5: other, merged: w}\n")
	node, problems := strictyaml.Parse([]byte(b.String()))
	require.Len(t, problems, 1, "k5 stands above the merge")
	for i := range 1000 {
		text, _ := node.Get(fmt.Sprint("k", i)).Text()
		require.Equal(t, fmt.Sprint("v", i), text)
	}
	require.Equal(t, "w", node.Get("merged").Value)
	require.Nil(t, node.Get("k1000"))
}

// Documents over a bound. Each is refused: without the bounds several take
// minutes or gigabytes, which the test would not survive.
func TestBounds(t *testing.T) {
	laughs := "a0: &a0 [lol, lol]\n"
	for i := range 40 {
		laughs += fmt.Sprintf("a%d: &a%d [*a%d, *a%d, *a%d, *a%d]\n", i+1, i+1, i, i, i, i)
	}
	for name, c := range map[string]struct{ text, words string }{
		"five megabytes of short keys": {strings.Repeat("abcd: e\n", 5<<20/8), "the file has 5242880 bytes, at most 2097152 are read"},
		"many keys":                    {manyKeys(200_000), "more than 60000 values"},
		"a billion laughs":             {laughs, "values"},
		"laughs in merges":             {"a: &a {b: c}\n" + "d: {<<: [" + strings.Repeat("*a,", 250_000) + "]}\n", "more than 60000 values"},
		"a long text, often":           {"a: &a " + strings.Repeat("x", 1<<20) + "\nb: [*a, *a, *a]\n", "more than 2097152 bytes of text"},
		"a long key, often":            {"a: &a {" + strings.Repeat("x", 1024) + ": w}\nb: [" + strings.Repeat("*a,", 3000) + "]\n", "more than 2097152 bytes of text"},
		"mostly aliases":               {"a: &a [" + strings.Repeat("x,", 100) + "]\nb: [" + strings.Repeat("*a,", 100) + "]\n", "values come from aliases"},
		"a key over a kilobyte":        {"? " + strings.Repeat("x", 1025) + "\n: w\n", "a key has 1025 bytes, at most 1024"},
		"deep lists":                   {strings.Repeat("[", 100) + strings.Repeat("]", 100), "more than 64 levels"},
		"very deep lists":              {strings.Repeat("[", 1<<20), "exceeded max depth"},
		"deep maps":                    {strings.Repeat("{a: ", 100) + "b" + strings.Repeat("}", 100), "more than 64 levels"},
		"deep blocks":                  {deepBlocks(100), "more than 64 levels"},
		"an alias of itself":           {"a: &a [*a, *a, *a, *a]\n", "more than 64 levels"},
		"a merge of itself":            {"a: &a {<<: *a}\n", "more than 64 levels"},
		"many problems":                {"[" + strings.Repeat("~,", 100_000) + "]", "more than 999 problems"},
		"many directives":              {strings.Repeat("%TAG !a! tag:a,2000:\n", 90_000) + "---\na: b\n", "the document has 90000 directives, at most 10 are read"},
		"directives by odd breaks":     {strings.Repeat("%TAG !a! tag:a,2000:\u0085", 12) + "---\u0085a: b\n", "the document has 12 directives"},
		"UTF-16":                       {"\xff\xfea\x00:\x00 \x00b\x00", "the text is UTF-16: write it as UTF-8"},
		"UTF-16, the other way":        {"\xfe\xff\x00a\x00:\x00 \x00b", "the text is UTF-16: write it as UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := strictyaml.Parse([]byte(c.text))
			require.LessOrEqual(t, len(problems), strictyaml.MaxProblems)
			require.NotEmpty(t, problems)
			last := problems[len(problems)-1]
			require.Equal(t, strictyaml.RuleSyntax, last.Rule)
			require.Contains(t, last.Message, c.words)
		})
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%x: 1\n", i)
	}
	return b.String()
}

func directives(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%%TAG !a%d! tag:a,2000:\n", i)
	}
	return b.String()
}

func deepBlocks(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func TestWithinTheBounds(t *testing.T) {
	for name, text := range map[string]string{
		"a few aliases":       "a: &a [" + strings.Repeat("x,", 100) + "]\nb: [*a, *a, *a, *a]\n",
		"a key of a kilobyte": "? " + strings.Repeat("x", 1024) + "\n: w\n",
		"ten directives":      "%YAML 1.1\n" + directives(10) + "---\na: b\n",
		"64 levels":           strings.Repeat("[", 64) + strings.Repeat("]", 64),
		"a long text":         "a: " + strings.Repeat("x", strictyaml.MaxBytes-10) + "\n",
	} {
		node, problems := strictyaml.Parse([]byte(text))
		require.Empty(t, problems, name)
		sameAsHelm(t, []byte(text), node)
	}
}
