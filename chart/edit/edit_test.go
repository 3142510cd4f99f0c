package edit_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/edit"
)

const small = `# The catalog.
formatVersion: "1.0"

images:
  # The newest.
  trixie:
    state: stable # for now
    aliases: [debian, "tf-trixie"]
    image: one.example/trixie
    variants:
      webservice:
        image: one.example/trixie-web
        extra:
          wstype: generic

  # Old.
  # Very old.
  buster:
    state: 'deprecated'
    replacedBy: trixie
    aliases:
      - tf-buster # stored jobs say so
      - tf-buster-DEPRECATED
    image: one.example/buster

# What is left.
tombstones: {}
`

// changed gives the lines that a change takes out and puts in.
func changed(t *testing.T, values string, changes ...edit.Change) string {
	t.Helper()
	after, err := edit.Apply([]byte(values), changes...)
	require.NoError(t, err)
	var out []string
	for line := range strings.Lines(string(diff.Diff("a", []byte(values), "b", after))) {
		if (line[0] == '+' || line[0] == '-') && !strings.HasPrefix(line, "---") && !strings.HasPrefix(line, "+++") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

func TestOnlyTheLinesThatMustChange(t *testing.T) {
	for name, c := range map[string]struct {
		changes []edit.Change
		diff    string
	}{
		"a state":          {[]edit.Change{edit.SetState("trixie", "deprecated")}, "-    state: stable # for now\n+    state: deprecated # for now\n"},
		"a quoted state":   {[]edit.Change{edit.SetState("buster", "stable")}, "-    state: 'deprecated'\n+    state: stable\n"},
		"a state as it is": {[]edit.Change{edit.SetState("trixie", "stable")}, ""},
		"a description":    {[]edit.Change{edit.SetDescription("trixie", "Debian 13: the newest")}, "+    description: \"Debian 13: the newest\"\n"},
		"a successor":      {[]edit.Change{edit.SetReplacedBy("buster", "")}, "-    replacedBy: trixie\n"},
		"a date":           {[]edit.Change{edit.SetDate("trixie", "unsupported", "2027-06-01")}, "+    lifecycle:\n+      unsupported: \"2027-06-01\"\n"},
		"two dates": {
			[]edit.Change{edit.SetDate("trixie", "unsupported", "2027-06-01"), edit.SetDate("trixie", "deprecated", "2027-01-01")},
			"+    lifecycle:\n+      deprecated: \"2027-01-01\"\n+      unsupported: \"2027-06-01\"\n",
		},
		"an alias in brackets":      {[]edit.Change{edit.AddAlias("trixie", "newest")}, "-    aliases: [debian, \"tf-trixie\"]\n+    aliases: [debian, \"tf-trixie\", newest]\n"},
		"an alias in lines":         {[]edit.Change{edit.AddAlias("buster", "3.20")}, "+      - \"3.20\"\n"},
		"an alias less":             {[]edit.Change{edit.RemoveAlias("buster", "tf-buster")}, "-      - tf-buster # stored jobs say so\n"},
		"an alias less in brackets": {[]edit.Change{edit.RemoveAlias("trixie", "debian")}, "-    aliases: [debian, \"tf-trixie\"]\n+    aliases: [\"tf-trixie\"]\n"},
		"the last alias": {
			[]edit.Change{edit.RemoveAlias("trixie", "debian"), edit.RemoveAlias("trixie", "tf-trixie")},
			"-    aliases: [debian, \"tf-trixie\"]\n",
		},
		"an alias that is there": {[]edit.Change{edit.AddAlias("buster", "tf-buster")}, ""},
		"a move": {
			[]edit.Change{edit.SetImage("buster", "", "two.example/buster")},
			"-    image: one.example/buster\n+    image: two.example/buster\n+    formerly:\n+      - one.example/buster\n",
		},
		"a move there and back": {
			[]edit.Change{edit.SetImage("buster", "", "two.example/buster"), edit.SetImage("buster", "", "one.example/buster")},
			"+    formerly:\n+      - two.example/buster\n",
		},
		"a variant's move": {
			[]edit.Change{edit.SetImage("trixie", "webservice", "two.example/web")},
			"+    formerly:\n+      - one.example/trixie-web\n-        image: one.example/trixie-web\n+        image: two.example/web\n",
		},
		"a variant": {
			[]edit.Change{edit.SetImage("buster", "jobs-framework", "one.example/buster-jobs")},
			"+    variants:\n+      jobs-framework:\n+        image: one.example/buster-jobs\n",
		},
		"an extra":       {[]edit.Change{edit.SetExtra("trixie", "webservice", "resources", "jdk")}, "+          resources: jdk\n"},
		"the last extra": {[]edit.Change{edit.SetExtra("trixie", "webservice", "wstype", "")}, "-        extra:\n-          wstype: generic\n"},
		"an image": {
			[]edit.Change{edit.Add("3.20", edit.New{State: "beta", Aliases: []string{"on"}, Image: "one.example/a", Variants: map[string]string{"webservice": "one.example/b"}, Wstype: "js"})},
			"+  \"3.20\":\n+    state: beta\n+    aliases:\n+      - \"on\"\n+    image: one.example/a\n+    variants:\n+      webservice:\n+        image: one.example/b\n+        extra:\n+          wstype: js\n",
		},
		"a name": {
			[]edit.Change{edit.Rename("trixie", "debian")},
			"-  trixie:\n+  debian:\n-    aliases: [debian, \"tf-trixie\"]\n+    aliases: [\"tf-trixie\", trixie]\n-    replacedBy: trixie\n+    replacedBy: debian\n",
		},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.diff, changed(t, small, c.changes...)) })
	}
}

func TestATombstoneStaysOfARemovedImage(t *testing.T) {
	after, err := edit.Apply([]byte(small), edit.Remove("buster", chart.Tombstone{Date: "2026-11-26", Reason: "too old"}))
	require.NoError(t, err)
	before, _, found := strings.Cut(small, "  # Old.\n")
	require.True(t, found)
	require.Equal(t, before+`# What is left.
tombstones:
  buster:
    date: "2026-11-26"
    reason: too old
    replacedBy: trixie
`, string(after))
}

func TestWhatCannotBe(t *testing.T) {
	for name, c := range map[string]struct {
		values  string
		change  edit.Change
		message string
	}{
		"an alias":          {small, edit.SetState("tf-buster", "stable"), `there is no image "tf-buster": it is an alias of buster`},
		"a slip":            {small, edit.SetState("trixy", "stable"), `there is no image "trixy": did you mean trixie?`},
		"no such image":     {small, edit.SetState("bookworm", "stable"), `there is no image "bookworm"`},
		"no state":          {small, edit.SetState("buster", ""), "an image has a state"},
		"no such alias":     {small, edit.RemoveAlias("buster", "debian"), `buster has no alias "debian"`},
		"no such variant":   {small, edit.SetExtra("buster", "webservice", "wstype", "js"), `buster has no variant "webservice"`},
		"no such date":      {small, edit.SetDate("buster", "born", "2026-01-01"), `there is no date "born"`},
		"no reference":      {small, edit.SetImage("buster", "", "buster"), "names no registry host"},
		"a name twice":      {small, edit.Rename("buster", "trixie"), `there is an image "trixie" already`},
		"an image twice":    {small, edit.Add("buster", edit.New{State: "stable", Image: "one.example/a"}), `there is an image "buster" already`},
		"an image of none":  {small, edit.Add("a", edit.New{State: "stable"}), "a reference is wanted"},
		"no reason":         {small, edit.Remove("buster", chart.Tombstone{Date: "2026-11-26"}), "a reason is wanted"},
		"the only image":    {"images:\n  a: {state: stable, image: one.example/a}\n", edit.Remove("a", chart.Tombstone{Date: "2026-11-26", Reason: "old"}), "it is the only image"},
		"braces":            {"images:\n  a: {state: stable, image: one.example/a}\n", edit.SetState("a", "beta"), "images.a is written in braces on one line"},
		"lines by CR":       {"images:\r  a:\n    state: stable\n    image: one.example/a\n", edit.SetState("a", "beta"), "line breaks that are none to most programs"},
		"lines by LS":       {"images:\n  a:\n    description: \"x\u2028y\"\n    state: stable\n", edit.SetState("a", "beta"), "line breaks that are none to most programs"},
		"an anchor":         {"images:\n  a: &a\n    state: stable\n    image: one.example/a\n", edit.SetState("a", "beta"), "values.yaml uses an anchor"},
		"a list over lines": {"images:\n  a:\n    state: stable\n    image: one.example/a\n    aliases: [b,\n      c]\n", edit.AddAlias("a", "d"), "the list goes over several lines in brackets"},
		"no YAML":           {"images: [\n", edit.SetState("a", "beta"), "yaml-syntax"},
		"no map":            {"- a\n", edit.SetState("a", "beta"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			after, err := edit.Apply([]byte(c.values), c.change)
			require.ErrorContains(t, err, c.message)
			require.Nil(t, after)
		})
	}
}

// Line breaks of Windows, a missing last one, tombstones that are not there yet,
// and texts beyond ASCII.
func TestOddTexts(t *testing.T) {
	bare := "formatVersion: \"1.0\"\nimages:\n  a:\n    state: stable\n    image: one.example/a\n  b:\n    state: stable\n    image: one.example/b"
	after, err := edit.Apply([]byte(bare), edit.Remove("a", chart.Tombstone{Date: "2026-11-26", Reason: "zu alt – Größe"}))
	require.NoError(t, err)
	require.Equal(t, "formatVersion: \"1.0\"\nimages:\n  b:\n    state: stable\n    image: one.example/b\ntombstones:\n  a:\n    date: \"2026-11-26\"\n    reason: zu alt – Größe\n", string(after))

	windows := strings.ReplaceAll(small, "\n", "\r\n")
	after, err = edit.Apply([]byte(windows), edit.AddAlias("buster", "old"), edit.SetState("trixie", "beta"))
	require.NoError(t, err)
	require.NotContains(t, strings.ReplaceAll(string(after), "\r\n", ""), "\n")
	require.Contains(t, string(after), "      - old\r\n")

	wide := "images:\n  a:\n    description: \"Größe – naïve ☃\" # ☃\n    state: \"stable\" # ☃\n    image: one.example/a\n"
	require.Equal(t, "-    state: \"stable\" # ☃\n+    state: beta # ☃\n", changed(t, wide, edit.SetState("a", "beta")))
	long := "images:\n  a:\n    state: stable\n    description: >-\n      one\n      two\n    image: one.example/a\n"
	require.Equal(t, "-    description: >-\n-      one\n-      two\n+    description: three\n", changed(t, long, edit.SetDescription("a", "three")))
}

func TestMatching(t *testing.T) {
	c, err := chart.Bundled()
	require.NoError(t, err)
	loaded, err := c.Load()
	require.NoError(t, err)
	names, err := edit.Matching(loaded.Catalog, "python3.[47]")
	require.NoError(t, err)
	require.Equal(t, []string{"python3.4", "python3.7"}, names)
	all, err := edit.Matching(loaded.Catalog, "*")
	require.NoError(t, err)
	require.Len(t, all, len(loaded.Catalog.Images))
	_, err = edit.Matching(loaded.Catalog, "cobol*")
	require.EqualError(t, err, `there is no image "cobol*"`)
	_, err = edit.Matching(loaded.Catalog, "[")
	require.ErrorContains(t, err, "is no pattern")
}

// Moving everything to another registry changes the shipped catalog where it
// must, and leads back.
func TestMoveHost(t *testing.T) {
	values, err := fs.ReadFile(chart.BundledFS(), "values.yaml")
	require.NoError(t, err)
	const from, to = "docker-registry.tools.wmflabs.org", "harbor.example"
	c := catalogOf(t, values)
	var changes []edit.Change
	references := 0
	for name, e := range c.Images {
		changes = append(changes, edit.MoveHost(c, name, from, to)...)
		for _, v := range e.Variants {
			if strings.HasPrefix(v.Image, from+"/") {
				references++
			}
		}
	}
	require.Len(t, changes, references)
	after, err := edit.Apply(values, changes...)
	require.NoError(t, err)
	require.Empty(t, edit.Worse(values, after))
	formerly := 0
	for _, e := range catalogOf(t, after).Images {
		formerly += len(e.Formerly)
		for _, v := range e.Variants {
			require.NotContains(t, v.Image, from)
		}
	}
	require.Equal(t, references, formerly)
}

func TestWorse(t *testing.T) {
	bad := []byte("images:\n  a:\n    state: shiny\n    image: one.example/a\n")
	same, err := edit.Apply(bad, edit.SetDescription("a", "old mistakes do not count"))
	require.NoError(t, err)
	require.Empty(t, edit.Worse(bad, same))
	worse, err := edit.Apply(bad, edit.SetReplacedBy("a", "nobody"))
	require.NoError(t, err)
	found := edit.Worse(bad, worse)
	require.Len(t, found, 1)
	require.Equal(t, "replaced-by-unknown", found[0].Rule)
}

func catalogOf(t testing.TB, values []byte) *chart.Catalog {
	t.Helper()
	loaded, err := chart.FromValues(values).Load()
	require.NoError(t, err)
	return loaded.Catalog
}

// Whatever a text looks like: a change that is made says what it should, and the
// lines that it does not touch stay byte for byte. (Apply compares what the text
// says by itself; the fuzzer looks for what gets past that, and for panics.)
func FuzzApply(f *testing.F) {
	f.Add(small, "trixie", "3.20")
	f.Add(strings.ReplaceAll(small, "\n", "\r\n"), "buster", "a: b # c")
	f.Add("images:\n  a:\n  # odd\n      state: \"st\\u0061ble\"\n      image: one.example/a\n  # end", "a", "x\ny")
	f.Fuzz(func(t *testing.T, values, name, text string) {
		for _, change := range []edit.Change{
			edit.SetDescription(name, text), edit.AddAlias(name, text), edit.RemoveAlias(name, text), edit.Rename(name, text),
			edit.SetState(name, text), edit.Remove(name, chart.Tombstone{Date: "2026-11-26", Reason: "r" + text}),
			edit.Add(text, edit.New{State: "stable", Image: "one.example/a"}), edit.SetImage(name, "", "one.example/b"),
		} {
			after, err := edit.Apply([]byte(values), change)
			if err != nil {
				continue
			}
			kept := map[string]bool{}
			for line := range strings.Lines(values) {
				kept[strings.TrimRight(line, "\r\n")] = true
			}
			fresh := 0
			for line := range strings.Lines(string(after)) {
				if !kept[strings.TrimRight(line, "\r\n")] {
					fresh++
				}
			}
			require.LessOrEqual(t, fresh, 6+strings.Count(values, "replacedBy"), "%q", after)
		}
	})
}
