package compare_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/compare"
)

var update = flag.Bool("update", false, "write the changes that are found into testdata")

// TestChanges reads testdata: what two catalogs hold below images (or whole,
// where they name formatVersion), and the changes between them. The files are
// the manual of what is thought to break whom.
func TestChanges(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			require.Zero(t, len(archive.Files)%3, "three files each: from, to and changes")
			for i := 0; i < len(archive.Files); i += 3 {
				from, to, want := archive.Files[i], archive.Files[i+1], &archive.Files[i+2]
				title, _, _ := strings.Cut(from.Name, "/")
				require.Equal(t, []string{title + "/from", title + "/to", title + "/changes"}, []string{from.Name, to.Name, want.Name})
				got := written(compare.Catalogs(load(t, from.Data), load(t, to.Data)))
				if *update {
					want.Data = []byte(got)
					continue
				}
				require.Equal(t, string(want.Data), got, title)
			}
			if *update {
				require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o600))
			}
		})
	}
}

// written shows changes as the files of testdata have them.
func written(changes compare.Changes) string {
	var out strings.Builder
	for _, c := range changes {
		effect := "safe    "
		if c.Breaking {
			effect = "BREAKING"
		}
		fmt.Fprintf(&out, "%s %s %s", effect, c.Kind, c.Path)
		for _, word := range []string{c.Image, c.Alias, c.Stack} {
			if word != "" {
				fmt.Fprintf(&out, " [%s]", word)
			}
		}
		for _, p := range c.Parts {
			fmt.Fprintf(&out, " %s", p)
		}
		fmt.Fprintf(&out, ": %s -> %s\n         %s\n", asJSON(c.Old), asJSON(c.New), c.Reason)
	}
	return out.String()
}

func asJSON(v any) string {
	if v == nil {
		return "-"
	}
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// load understands a catalog that breaks no rule.
func load(t *testing.T, text []byte) *chart.Catalog {
	t.Helper()
	if !strings.Contains(string(text), "formatVersion:") {
		text = []byte("formatVersion: \"1.0\"\nimages:\n  " + strings.ReplaceAll(string(text), "\n", "\n  ") + "\n")
	}
	loaded, err := chart.FromValues(text).Load()
	require.NoError(t, err, string(text))
	return loaded.Catalog
}

func realCatalog(t *testing.T, name string) *chart.Catalog {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../testdata/catalogs", name))
	require.NoError(t, err)
	return load(t, text)
}

func TestACatalogDoesNotDifferFromItself(t *testing.T) {
	for _, name := range []string{"images-v1.yaml", "images-v1-harbor.yaml", "images-v1-flat-sample.yaml"} {
		require.Empty(t, compare.Catalogs(realCatalog(t, name), realCatalog(t, name)), name)
	}
}

func TestWhatIsThereAndEmptyIsNoDifference(t *testing.T) {
	require.Empty(t, compare.Catalogs(
		load(t, []byte("a: {state: stable, image: registry.example/a, variants: {x: {image: registry.example/x}}}")),
		load(t, []byte("a: {state: stable, image: registry.example/a, aliases: [], variants: {x: {image: registry.example/x, extra: {}}}, webservice-defaults: {}}"))))
}

// A field that comes to the catalog and is not compared would change in silence.
func TestEveryFieldIsCompared(t *testing.T) {
	for _, of := range []struct {
		name string
		pick func(c *chart.Catalog) reflect.Value
	}{
		{"catalog", func(c *chart.Catalog) reflect.Value { return reflect.ValueOf(c).Elem() }},
		{"entry", func(c *chart.Catalog) reflect.Value { return reflect.ValueOf(c.Images["a"]).Elem() }},
		{"variant", func(c *chart.Catalog) reflect.Value { return reflect.ValueOf(c.Images["a"].Variants["x"]).Elem() }},
		{"lifecycle", func(c *chart.Catalog) reflect.Value { return reflect.ValueOf(&c.Images["a"].Lifecycle).Elem() }},
		{"link", func(c *chart.Catalog) reflect.Value { return reflect.ValueOf(&c.Images["a"].Links[0]).Elem() }},
		{"tombstone", func(c *chart.Catalog) reflect.Value { return reflect.ValueOf(c.Tombstones["t"]).Elem() }},
		{"stack", func(c *chart.Catalog) reflect.Value { return reflect.ValueOf(c.Stacks["s"]).Elem() }},
	} {
		fields := of.pick(full()).NumField()
		for i := range fields {
			changed := full()
			field := of.pick(changed).Field(i)
			require.False(t, field.IsZero(), "%s: fill in %s", of.name, of.pick(changed).Type().Field(i).Name)
			field.SetZero()
			require.NotEmpty(t, compare.Catalogs(full(), changed), "%s of %s went", of.pick(changed).Type().Field(i).Name, of.name)
			require.NotEmpty(t, compare.Catalogs(changed, full()), "%s of %s came", of.pick(changed).Type().Field(i).Name, of.name)
		}
	}
}

// full has something in every field.
func full() *chart.Catalog {
	dates := chart.Lifecycle{Deprecated: "2026-01-01", Unsupported: "2026-02-01", Removed: "2026-03-01"}
	return &chart.Catalog{
		FormatVersion: "1.0",
		Images: map[string]*chart.Entry{"a": {
			State: "stable", Aliases: []string{"b"}, Image: "registry.example/a:1",
			Variants:           map[string]*chart.Variant{"x": {Image: "registry.example/x", Extra: map[string]any{"k": "v"}}},
			WebserviceDefaults: map[string]any{"port": json.Number("8000")},
			Description:        "words", Links: []chart.Link{{Title: "Guide", URL: "https://example.org/"}},
			ReplacedBy: "t", Lifecycle: dates, Formerly: []string{"registry.example/old"},
		}},
		Tombstones: map[string]*chart.Tombstone{"t": {Date: "2025-01-01", Reason: "old", ReplacedBy: "a"}},
		Stacks:     map[string]*chart.Stack{"s": {State: "deprecated", Lifecycle: dates, ReplacedBy: "s"}},
	}
}

// A catalog of another major version is not loaded, so that no file has it.
func TestAnotherMajorFormatBreaks(t *testing.T) {
	changed := full()
	changed.FormatVersion = "2.0"
	changes := compare.Catalogs(full(), changed)
	require.Len(t, changes.Breaking(), 1)
	require.Contains(t, changes[0].Reason, "upgrade every one first")
}

func TestTheSameCatalogsGiveTheSameChanges(t *testing.T) {
	from, to := realCatalog(t, "images-v1.yaml"), realCatalog(t, "images-v1-flat-sample.yaml")
	first := written(compare.Catalogs(from, to))
	for range 20 {
		require.Equal(t, first, written(compare.Catalogs(from, to)))
	}
}

func TestMovingEveryImageToAnotherRegistryBreaksEachOnce(t *testing.T) {
	from := realCatalog(t, "images-v1.yaml")
	changes := compare.Catalogs(from, realCatalog(t, "images-v1-harbor.yaml"))
	require.Equal(t, changes, changes.Breaking())
	require.Empty(t, changes.Safe())
	require.Len(t, changes, 76, "as many as there are references")
	for _, c := range changes {
		require.Equal(t, compare.KindReferenceMoved, c.Kind)
		require.Equal(t, []compare.Part{compare.PartHost, compare.PartPath}, c.Parts)
		require.Contains(t, c.Reason, "nothing came from tools-harbor.wmcloud.org before")
	}
}

func TestChangesAreData(t *testing.T) {
	changes := compare.Catalogs(
		load(t, []byte("a: {state: stable, image: registry.example/a, variants: {}}")),
		load(t, []byte("a: {state: stable, image: registry.example/a:v2, variants: {}}")))
	text, err := json.Marshal(changes)
	require.NoError(t, err)
	require.JSONEq(t, `[{"kind": "reference-moved", "image": "a", "path": "images.a.image", "parts": ["tag"],
		"old": "registry.example/a", "new": "registry.example/a:v2", "breaking": true,
		"reason": "jobs-api compares host, path and tag with running jobs, and the tag moved: jobs on it are out of sync until they are recreated"}]`, string(text))
}

// FuzzCatalogs holds that no catalog, valid or not, stops the comparison, that
// none differs from itself, and that where two valid ones differ they do so both
// ways.
func FuzzCatalogs(f *testing.F) {
	const head = "formatVersion: \"1.0\"\nimages:\n  "
	f.Add(head+"a: {state: stable, image: a.b/c, aliases: [x, b]}", head+"b: {state: stable, image: a.b/c, aliases: [a]}")
	f.Add(head+"a: {aliases: [a, a, b]}\n  b: {aliases: [a]}", "tombstones: {a: {}}\nstacks: {a: {}}")
	f.Add(head+"a: {variants: {webservice: {image: '', extra: {wstype: 7, resources: [1]}}}}", head+"a: {variants: {webservice: {extra: {resources: {}}}}}")
	f.Fuzz(func(t *testing.T, first, second string) {
		a, wrongA := chart.FromValues([]byte(first)).Check()
		b, wrongB := chart.FromValues([]byte(second)).Check()
		if a == nil || b == nil {
			return
		}
		require.Empty(t, compare.Catalogs(a.Catalog, a.Catalog))
		there, back := compare.Catalogs(a.Catalog, b.Catalog), compare.Catalogs(b.Catalog, a.Catalog)
		if len(wrongA.Errors()) == 0 && len(wrongB.Errors()) == 0 {
			require.Equal(t, len(there) == 0, len(back) == 0)
		}
		for _, c := range there {
			require.NotEmpty(t, c.Reason)
			require.NotEqual(t, c.Old, c.New)
		}
	})
}
