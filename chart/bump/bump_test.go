package bump_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/bump"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/compare"
)

// Each kind of change that package compare has is in the table.
func TestEveryKindHasAStep(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../compare/change.go", nil, 0)
	require.NoError(t, err)
	var kinds []compare.Kind
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if of, ok := spec.Type.(*ast.Ident); ok && of.Name == "Kind" {
			word, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			kinds = append(kinds, compare.Kind(word))
		}
		return true
	})
	require.Greater(t, len(kinds), 30)
	table := bump.Table()
	require.Len(t, table, len(kinds))
	for _, kind := range kinds {
		require.NotEqual(t, bump.None, table[kind], kind)
	}
}

func TestSteps(t *testing.T) {
	for name, c := range map[string]struct {
		changes compare.Changes
		want    bump.Step
	}{
		"nothing":                  {nil, bump.None},
		"a description":            {compare.Changes{{Kind: compare.KindDescription}}, bump.Patch},
		"a new name":               {compare.Changes{{Kind: compare.KindDescription}, {Kind: compare.KindImageAdded}}, bump.Minor},
		"a deprecation":            {compare.Changes{{Kind: compare.KindState, New: "deprecated"}}, bump.Minor},
		"a removed name":           {compare.Changes{{Kind: compare.KindImageTombstoned}, {Kind: compare.KindImageAdded}}, bump.Major},
		"a moved alias":            {compare.Changes{{Kind: compare.KindAliasMoved}}, bump.Major},
		"anything that breaks":     {compare.Changes{{Kind: compare.KindExtra, Breaking: true}}, bump.Major},
		"a kind that is not known": {compare.Changes{{Kind: "new-kind"}}, bump.Major},
	} {
		require.Equal(t, c.want, bump.Demanded(c.changes), name)
	}
	for _, step := range []bump.Step{bump.None, bump.Patch, bump.Minor, bump.Major} {
		text, err := step.MarshalText()
		require.NoError(t, err)
		var back bump.Step
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, step, back)
	}
	require.ErrorContains(t, new(bump.Step).UnmarshalText([]byte("leap")), `"leap" is no step`)
}

func TestNext(t *testing.T) {
	for published, want := range map[string][4]string{ // none, patch, minor, major
		"1.2.3":                          {"1.2.3", "1.2.4", "1.3.0", "2.0.0"},
		"0.2.3":                          {"0.2.3", "0.2.4", "0.2.4", "0.3.0"},
		"0.0.28":                         {"0.0.28", "0.0.29", "0.0.29", "0.1.0"},
		"0.0.28-20260722001336-ea583302": {"0.0.28", "0.0.29", "0.0.29", "0.1.0"},
		"1.2.3-rc.1+build":               {"1.2.3", "1.2.4", "1.3.0", "2.0.0"},
	} {
		for step, next := range want {
			require.Equal(t, next, bump.Next(semver.MustParse(published), bump.Step(step)).String(), published)
		}
	}
}

func TestEnough(t *testing.T) {
	for _, c := range []struct {
		published, version string
		step               bump.Step
		says               string
	}{
		{"1.2.3", "1.3.0", bump.Minor, ""},
		{"1.2.3", "2.0.0", bump.Minor, ""},
		{"1.2.3", "1.3.0-rc.1", bump.Minor, ""},
		{"1.2.3", "1.2.4", bump.Minor, "1.2.4 is too small a step from 1.2.3: what changed is minor, so it is 1.3.0 or later"},
		{"1.2.3", "1.9.9", bump.Major, "so it is 2.0.0 or later"},
		{"0.0.28", "0.0.29", bump.Major, "so it is 0.1.0 or later"},
		{"0.0.28", "0.0.29-20260722001336-ea583302", bump.Minor, ""},
		{"1.2.3", "1.2.3", bump.None, "1.2.3 does not come after 1.2.3, which is published"},
		{"1.2.3", "1.2.4", bump.None, ""},
		{"1.2.3", "1.0.0", bump.Patch, "does not come after"},
	} {
		err := bump.Enough(semver.MustParse(c.published), semver.MustParse(c.version), c.step)
		if c.says == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, c.says)
		}
	}
}

func TestNextBuild(t *testing.T) {
	at := time.Date(2026, 7, 22, 2, 13, 36, 0, time.FixedZone("", 2*60*60))
	for published, want := range map[string]string{
		"":                               "0.0.1-20260722001336-ea583302",
		"0.0.28-20260722001336-aaaaaaaa": "0.0.29-20260722001336-ea583302",
		"0.0.9":                          "0.0.10-20260722001336-ea583302",
		"1.2.3":                          "1.2.4-20260722001336-ea583302",
	} {
		var before *semver.Version
		if published != "" {
			before = semver.MustParse(published)
		}
		next, err := bump.NextBuild(before, at, "ea583302f7e8")
		require.NoError(t, err)
		require.Equal(t, want, next.String())
	}
	for _, commit := range []string{"", "ea58330", "EA583302", "main", "ea583302 x"} {
		_, err := bump.NextBuild(nil, at, commit)
		require.ErrorContains(t, err, "give 8 hexadecimal digits or more")
	}
}

func TestNotes(t *testing.T) {
	before := loaded(t, `
formatVersion: "1.0"
images:
  node12: {state: stable, image: a.example/node12, variants: {}}
  node14: {state: stable, image: a.example/node14, aliases: [node], variants: {}}
  node16: {state: beta, image: a.example/node16, variants: {}}
  old: {state: stable, image: a.example/old, variants: {}}
stacks:
  heroku-22: {state: stable}
`)
	now := loaded(t, `
formatVersion: "1.0"
images:
  node12: {state: deprecated, image: a.example/node12, variants: {}}
  node14: {state: deprecated, image: a.example/node14, variants: {}}
  node16: {state: stable, image: a.example/node16, aliases: [node], variants: {webservice: {image: a.example/w, extra: {wstype: js}}}}
  node22: {state: stable, image: a.example/node22, aliases: [n22], variants: {}}
  new: {state: stable, image: a.example/old, aliases: [old], variants: {}}
stacks:
  heroku-22: {state: deprecated}
  heroku-24: {state: stable}
tombstones:
  gone: {date: "2026-01-01", reason: it went}
`)
	notes := bump.Notes(compare.Catalogs(before, now))
	require.Equal(t, []bump.Note{
		{"added", "variant added: node16 (variants.webservice)"},
		{"added", "image added: node22"},
		{"added", "tombstone added: gone"},
		{"added", "stack added: heroku-24"},
		{"changed", "alias moved (breaking): node (node14 to node16)"},
		{"changed", "state changed to stable: node16"},
		{"changed", "image renamed: old (now new)"},
		{"deprecated", "state changed to deprecated: node12, node14"},
		{"deprecated", "stack changed: heroku-22"},
	}, notes)
	removed := bump.Notes(compare.Catalogs(now, before))
	require.Contains(t, removed, bump.Note{Kind: "removed", Description: "image removed (breaking): new, node22"})
	require.Contains(t, removed, bump.Note{Kind: "removed", Description: "stack removed: heroku-24"})
	require.Empty(t, bump.Notes(nil))
	require.Equal(t, []string{"added", "changed", "deprecated", "removed", "fixed", "security"}, bump.NoteKinds())
}

// An image that left two references leaves one note.
func TestNotesNameEverythingOnce(t *testing.T) {
	before := loaded(t, "formatVersion: \"1.0\"\nimages:\n  a: {state: stable, image: one.example/a, variants: {}}\n")
	now := loaded(t, "formatVersion: \"1.0\"\nimages:\n  a: {state: stable, image: one.example/a, formerly: [two.example/a, two.example/b], variants: {}}\n")
	require.Equal(t, []bump.Note{{"added", "formerly added: a"}}, bump.Notes(compare.Catalogs(before, now)))
}

func loaded(t *testing.T, values string) *chart.Catalog {
	t.Helper()
	c, findings := chart.FromValues([]byte(values)).Check()
	require.Empty(t, findings.Errors())
	return c.Catalog
}
