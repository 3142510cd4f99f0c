package bump_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/bump"
)

var someNotes = []bump.Note{
	{Kind: "added", Description: "image added: node22"},
	{Kind: "deprecated", Description: `state changed to deprecated: node12, "x"`},
}

const written = `artifacthub.io/changes: |
    - kind: added
      description: 'image added: node22'
    - kind: deprecated
      description: 'state changed to deprecated: node12, "x"'
`

// Whatever a Chart.yaml looks like, what an edit is not about stays as it is.
func TestApply(t *testing.T) {
	for name, c := range map[string]struct{ before, after string }{
		"comments and order": {
			"# top\nversion: 1.0.0 # numbered by hand\nname: x\n# behind\n",
			"# top\nversion: 1.1.0 # numbered by hand\nname: x\n# behind\nannotations:\n  " + written,
		},
		"quotes": {
			"appVersion: '1.0.0' # too\nversion: \"1.0.0\"\n",
			"appVersion: '1.1.0' # too\nversion: \"1.1.0\"\nannotations:\n  " + written,
		},
		"appVersion of something else": {
			"version: 1.0.0\nappVersion: \"7\"\n",
			"version: 1.1.0\nappVersion: \"7\"\nannotations:\n  " + written,
		},
		"appVersion as it was published": {
			"version: 0.0.0\nappVersion: 0.9.0\n",
			"version: 1.1.0\nappVersion: 1.1.0\nannotations:\n  " + written,
		},
		"no line break at the end": {
			"version: 1.0.0\nname: x",
			"version: 1.1.0\nname: x\nannotations:\n  " + written,
		},
		"other annotations": {
			"version: 1.0.0\nannotations:\n  # free\n  artifacthub.io/license: Apache-2.0 # as it is\n\n# last\nname: x\n",
			"version: 1.1.0\nannotations:\n  # free\n  artifacthub.io/license: Apache-2.0 # as it is\n  " + written + "\n# last\nname: x\n",
		},
		"notes of the version before": {
			"annotations:\n  artifacthub.io/changes: | # for people\n    - kind: added\n      description: old\n    # of the text\n\n  # above\n  z: 1\nversion: 1.0.0\n",
			"annotations:\n  " + strings.Replace(written, "|\n", "| # for people\n", 1) + "\n  # above\n  z: 1\nversion: 1.1.0\n",
		},
		"notes on one line": {
			"annotations:\n  artifacthub.io/changes: \"[]\" # none\nversion: 1.0.0\n",
			"annotations:\n  " + strings.Replace(written, "|\n", "| # none\n", 1) + "version: 1.1.0\n",
		},
		"notes over several lines": {
			"annotations:\n  artifacthub.io/changes:\n    - kind: added\n      description: no text but a list\n  a: b\nversion: 1.0.0\n",
			"annotations:\n  " + written + "  a: b\nversion: 1.1.0\n",
		},
		"annotations further in": {
			"version: 1.0.0\nannotations:\n      a: ü\n",
			"version: 1.1.0\nannotations:\n      a: ü\n      " + strings.ReplaceAll(written, "\n    ", "\n        "),
		},
		"annotations that are empty": {
			"annotations: {} # none\nversion: 1.0.0\n",
			"annotations: # none\n  " + written + "version: 1.1.0\n",
		},
		"annotations that are nothing": {
			"annotations:\nversion: 1.0.0\n",
			"annotations:\n  " + written + "version: 1.1.0\n",
		},
		"line breaks of Windows": {
			"version: 1.0.0 # ü\r\nname: x\r\n",
			"version: 1.1.0 # ü\r\nname: x\r\nannotations:\r\n  " + strings.ReplaceAll(written, "\n", "\r\n"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := bump.Apply([]byte(c.before), bump.Edit{Version: "1.1.0", Published: "0.9.0", Notes: someNotes})
			require.NoError(t, err)
			require.Equal(t, c.after, string(got))
			again, err := bump.Apply(got, bump.Edit{Version: "1.1.0", Published: "0.9.0", Notes: someNotes})
			require.NoError(t, err)
			require.Equal(t, c.after, string(again), "once more changes nothing")
		})
	}
}

// The chart that ships has a folded text, a long address and comments: all of it
// stays.
func TestApplyToTheChartThatShips(t *testing.T) {
	before, err := os.ReadFile("../image-config/Chart.yaml")
	require.NoError(t, err)
	head, _, found := strings.Cut(string(before), "  artifacthub.io/changes: |\n")
	require.True(t, found)
	want := strings.Replace(head, "version: 0.0.0-sample.1\n", "version: 0.1.0\n", 1) + "  " + written
	got, err := bump.Apply(before, bump.Edit{Version: "0.1.0", Notes: someNotes})
	require.NoError(t, err)
	require.Equal(t, want, string(got))
}

func TestApplyWithoutNotes(t *testing.T) {
	got, err := bump.Apply([]byte("annotations: {artifacthub.io/changes: x}\nversion: 1.0.0\n"), bump.Edit{Version: "1.0.1"})
	require.NoError(t, err)
	require.Equal(t, "annotations: {artifacthub.io/changes: x}\nversion: 1.0.1\n", string(got))
}

// What cannot be changed without spoiling it is refused, with what to do.
func TestApplyRefuses(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"braces":                     {"{version: 1.0.0}\n", "one key to a line: write it so"},
		"annotations in braces":      {"version: 1.0.0\nannotations: {a: b}\n", "annotations: they are not written as lines"},
		"annotations that are none":  {"version: 1.0.0\nannotations: x\n", "annotations: they are not written as lines"},
		"no version":                 {"name: x\n", "version: it is not written on one line"},
		"an anchor":                  {"version: &v 1.0.0\nname: *v\n", "version: it is no plain or quoted text"},
		"a tag":                      {"version: !!str 1.0.0\n", "version: it is no plain or quoted text"},
		"an escape":                  {"version: \"1.0\\x2e0\"\n", "version: it is no plain or quoted text"},
		"a block":                    {"version: |-\n  1.0.0\n", "version: it is no plain or quoted text"},
		"the next line":              {"version:\n  1.0.0\n", "version: it is not written on one line"},
		"annotations of two places":  {"version: 1.0.0\nannotations: &a\n  b: c\nz: *a\n", "make it by hand"},
		"an end before what follows": {"version: 1.0.0\n...\n# gone\n", "make it by hand"},
		"lines that end by CR":       {"version: 1.0.0\rname: x\n", "it has line breaks that are none to most programs"},
		"lines that end by NEL":      {"version: 1.0.0\u0085name: x\n", "it has line breaks that are none to most programs"},
		"no YAML":                    {"\tversion: [", "found character that cannot start any token"},
		"nothing":                    {"", "one key to a line"},
		"a version twice":            {"version: 1.0.0\nversion: 1.0.0\n", "already defined"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := bump.Apply([]byte(c.text), bump.Edit{Version: "1.1.0", Notes: someNotes})
			require.ErrorContains(t, err, c.says)
		})
	}
}

// No text makes it panic, what it gives says the version, and doing it again
// changes nothing.
func FuzzApply(f *testing.F) {
	f.Add("# a\nversion: 1.0.0\nappVersion: 1.0.0\nannotations:\n  a: b\n  artifacthub.io/changes: |\n    - x\n# z\n")
	f.Add("version: '1.0.0'\r\nannotations: {} # c\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := bump.Apply([]byte(text), bump.Edit{Version: "2.0.0", Notes: someNotes[:1]})
		if err != nil {
			return
		}
		require.Contains(t, string(got), "2.0.0")
		again, err := bump.Apply(got, bump.Edit{Version: "2.0.0", Notes: someNotes[:1]})
		require.NoError(t, err)
		require.Equal(t, string(got), string(again))
	})
}
