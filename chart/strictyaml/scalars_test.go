package strictyaml_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// Plain scalars that mean the same to every reader.
func TestPlainScalarsWithOneMeaning(t *testing.T) {
	for text, want := range map[string]any{
		"word": "word", "two words": "two words", "a:b": "a:b", "3.20.1": "3.20.1", "v1": "v1", "1.2.3-rc": "1.2.3-rc",
		"docker-registry.example:5000/a:b": "docker-registry.example:5000/a:b", "/usr/bin": "/usr/bin", "--port": "--port", "$PORT": "$PORT",
		"1e": "1e", "0xyz": "0xyz", "12:60": "12:60", "x12:30": "x12:30", "é": "é", "日本": "日本", "😀": "😀", "nil": "nil", "none": "none", "_1": "_1", ".": ".", "..": "..",
		"true": true, "True": true, "TRUE": true, "false": false, "False": false, "FALSE": false,
		"0": json.Number("0"), "8000": json.Number("8000"), "-1": json.Number("-1"),
		"9007199254740992": json.Number("9007199254740992"), "-9007199254740992": json.Number("-9007199254740992"),
		"2.5": json.Number("2.5"), "-0.25": json.Number("-0.25"), "0.0001": json.Number("0.0001"),
	} {
		node, problems := strictyaml.Parse([]byte("k: " + text + "\n"))
		require.Empty(t, problems, text)
		require.Equal(t, want, node.Get("k").Value, text)
		sameAsHelm(t, []byte("k: "+text+"\n"), node)
	}
}

// Plain scalars that some reader bends, as a value and as a key.
func TestPlainScalarsThatBend(t *testing.T) {
	for group, words := range map[string]string{
		"a boolean by some readers":                        "y Y n N yes Yes YES no No NO on On ON off Off OFF tRUE fALSE oN",
		"a number that loses digits":                       "3.20 3.0 1.10 0.0 -0.0 0.1000000000000000055511151231257827 9007199254740993.5",
		"a number that is written back with an exponent":   "0.00001 -0.00009",
		"a number that not every reader can hold":          "9007199254740993 -9007199254740993 99999999999999999999 -0",
		"a number, and not by all readers as the same one": "010 08 0o17 0O17 0x1F 0X1F -0x1F 0b101 0B1 +1 +1.5 .5 -.5 1. 1e3 1E3 1e-3 1.5e+3 1_000 1_0.5 0_7 0x_1 +_1 1__0 .5_0 1e1_0 -_5 0_x1F",
		"a number to the base 60 by some readers":          "1:30 190:20:30 190:20:30.15 -1:30 01:30",
		"a number by some readers":                         ".inf .Inf .INF -.inf +.INF .nan .NaN .NAN",
		"a time by some readers":                           "2026-1-1 2026-01-01T00:00:00Z 2026-01-01t1:2:3 2001-12-14T21:59:43.10-05:00",
		"a special value by some readers":                  "= <<",
	} {
		for _, word := range strings.Fields(words) {
			_, problems := strictyaml.Parse([]byte("k: " + word + "\n"))
			require.Len(t, problems, 1, word)
			require.Equal(t, strictyaml.RuleBends, problems[0].Rule, word)
			require.Contains(t, problems[0].Message, word+" is read as "+group+": quote it", word)
			require.True(t, strictyaml.Ambiguous(word), word)

			_, problems = strictyaml.Parse([]byte("k: [\"" + word + "\", '" + word + "', !!str " + word + "]\n"))
			require.Empty(t, problems, "%s in quotes", word)
			if word == "<<" {
				continue // as a key it is a merge
			}
			_, problems = strictyaml.Parse([]byte(word + ": v\n"))
			require.Len(t, problems, 1, word)
			require.Contains(t, problems[0].Message, "key "+word+" is read as "+group+": quote it", word)
		}
	}
}

func TestTimesWithASpace(t *testing.T) {
	_, problems := strictyaml.Parse([]byte("k: 2026-01-01 10:00:00 +1\n"))
	require.Len(t, problems, 1)
	require.Contains(t, problems[0].Message, "a time by some readers")
}

func TestNulls(t *testing.T) {
	for _, text := range []string{"k: ~\n", "k: null\n", "k: Null\n", "k: NULL\n", "k:\n", "- \n- a\n", "k: [~]\n", "---\n"} {
		_, problems := strictyaml.Parse([]byte(text))
		require.Len(t, problems, 1, text)
		require.Equal(t, strictyaml.RuleNull, problems[0].Rule, text)
	}
	for _, text := range []string{"~: v\n", "null: v\n", "? \n: v\n"} {
		_, problems := strictyaml.Parse([]byte(text))
		require.Len(t, problems, 1, text)
		require.Contains(t, problems[0].Message, "is read as null: quote it", text)
	}
}

// A date is what the caller decides about: Python makes an object of it, Go
// leaves the text.
func TestDates(t *testing.T) {
	node, problems := strictyaml.Parse([]byte("plain: 2026-01-01\nquoted: \"2026-01-01\"\n"))
	require.Empty(t, problems)
	require.True(t, node.Get("plain").Date)
	require.False(t, node.Get("quoted").Date)
	require.Equal(t, "2026-01-01", node.Get("plain").Value)
	_, problems = strictyaml.Parse([]byte("2026-01-01: v\n"))
	require.Len(t, problems, 1)
	require.Contains(t, problems[0].Message, "is read as a date: quote it")
}

func TestTags(t *testing.T) {
	for _, text := range []string{"k: !!str 3.20\n", "k: !!str\n", "!!map {k: !!seq [a]}\n", "k: !<tag:yaml.org,2002:str> 1\n", "k: \"! 10\"\n", "k: Hello world !\n", "!!str k: v\n", "k: ! text\n"} {
		node, problems := strictyaml.Parse([]byte(text))
		require.Empty(t, problems, text)
		sameAsHelm(t, []byte(text), node)
	}
	for _, text := range []string{
		"k: !!int 3\n", "k: !!int \"3\"\n", "k: !!float 1\n", "k: !!bool true\n", "k: !!null ~\n", "k: !!binary aGk=\n", "k: !!timestamp 2026-01-01\n", "k: !own x\n",
		"k: !!set {a: b}\n", "k: !!omap [a: b]\n", "k: !!map [a]\n", "!!int 1: v\n", "k: !python/object:os.system x\n", "k: ! 10\n", "k: [&a ! true]\n",
	} {
		_, problems := strictyaml.Parse([]byte(text))
		require.NotEmpty(t, problems, text)
	}
}
