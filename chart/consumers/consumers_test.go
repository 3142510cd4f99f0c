package consumers_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/consumers"
)

var update = flag.Bool("update", false, "write the golden files anew")

// legacy gives what each consumer makes of a legacy document.
func legacy(document string) consumers.Result {
	return consumers.Check(consumers.Of(chart.FromLegacy([]byte(document), chart.Legacy{Kind: "file"})))
}

// Each real catalog, as each consumer reads it.
func TestRealCatalogs(t *testing.T) {
	for _, name := range []string{"images-v1.yaml", "images-v1-harbor.yaml", "images-v1-flat-sample.yaml"} {
		t.Run(name, func(t *testing.T) {
			document, err := os.ReadFile(filepath.Join("../../testdata/catalogs", name))
			require.NoError(t, err)
			got, err := yaml.Marshal(legacy(string(document)))
			require.NoError(t, err)
			golden := filepath.Join("testdata", name)
			if *update {
				require.NoError(t, os.WriteFile(golden, got, 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got))
		})
	}
}

// The shape of 2022 to 2026 is what jobs-api read until the flat image came, and
// nothing to the one after.
func TestTheShapeWithoutFlatImages(t *testing.T) {
	document, err := os.ReadFile("../../testdata/catalogs/images-v1.yaml")
	require.NoError(t, err)
	result := legacy(string(document))

	now := result.Reading("jobs-api-2026-05")
	require.False(t, now.Loads)
	require.Equal(t, "no entry is usable: no image is listed, and no job of any tool can be created or changed", now.Fails.Message)
	require.Len(t, now.Skipped, 41)

	before := result.Reading("jobs-api-2022-11")
	require.True(t, before.Loads)
	require.Len(t, before.Images, 41)
	require.Equal(t, 25, before.Listed(), "stable ones alone")
	require.Empty(t, before.Skipped)
	python := before.Resolve("tf-python39")
	require.Equal(t, "python3.9", python.ShortName)
	require.Equal(t, "docker-registry.tools.wmflabs.org/toolforge-python39-sssd-base:latest", python.Image)
	require.Same(t, python, before.Resolve("toolforge-python39-sssd-base"))
	require.Nil(t, before.Resolve("toolforge-python39-sssd-web"), "the web image is another variant's")

	web := result.Reading("webservice-0.98")
	require.True(t, web.Loads)
	require.Len(t, web.Images, 35)
	require.Len(t, web.Skipped, 6)
	require.Nil(t, web.Resolve("tf-python39"), "aliases are never read")
	require.Equal(t, &consumers.Default{ShortName: "php7.4", Starts: true}, web.Default)
	require.Equal(t, "docker-registry.svc.toolforge.org/toolforge-jdk21-sssd-web:latest", web.Image("jdk21").Image)
	require.Equal(t, "jdk", web.Image("jdk21").Resources)
	require.False(t, web.Image("jdk8").Listed)
}

// With the flat image old variant names lead to the web image.
func TestTheShapeWithFlatImages(t *testing.T) {
	document, err := os.ReadFile("../../testdata/catalogs/images-v1-flat-sample.yaml")
	require.NoError(t, err)
	result := legacy(string(document))
	now := result.Reading("jobs-api-2026-05")
	require.True(t, now.Loads)
	require.Equal(t, "docker-registry.tools.wmflabs.org/toolforge-python311-sssd-web:latest", now.Resolve("toolforge-python311-sssd-base").Image)
	require.True(t, result.Reading("jobs-api-2022-11").Loads)
	web := result.Reading("webservice-0.98")
	require.False(t, web.Loads)
	require.Equal(t, &consumers.Failure{Error: "KeyError", Image: "node12",
		Message: "node12 has no extra in its variant: start, stop, status and --help fail for every tool"}, web.Fails)
}

const good = `
php7.4:
  state: stable
  image: registry.example/php74-web
  aliases: [tf-php74]
  variants:
    jobs-framework: {image: registry.example/php74}
    webservice: {image: registry.example/php74-web, extra: {wstype: lighttpd}}
`

// What one entry does to each consumer: beside one that is good.
func TestOneEntry(t *testing.T) {
	const now, before, web = "jobs-api-2026-05", "jobs-api-2022-11", "webservice-0.98"
	for name, c := range map[string]struct {
		entry string
		fails map[string]string // consumer → error
		skips []string          // consumers
	}{
		"good":             {`{state: stable, image: a.b/c, variants: {jobs-framework: {image: a.b/c}, webservice: {image: a.b/c, extra: {wstype: js, resources: jdk}}}}`, nil, nil},
		"empty":            {`{}`, map[string]string{web: "KeyError"}, []string{now, before}},
		"no map":           {`word`, map[string]string{web: "TypeError"}, []string{now, before}},
		"no variants":      {`{state: stable, image: a.b/c}`, map[string]string{before: "KeyError", web: "KeyError"}, nil},
		"no variant":       {`{state: stable, image: a.b/c, variants: {}}`, nil, []string{before, web}},
		"no flat image":    {`{state: stable, variants: {jobs-framework: {image: a.b/c}}}`, nil, []string{now, web}},
		"image no text":    {`{state: stable, image: [a.b/c], variants: {}}`, nil, []string{now, before, web}},
		"no slash":         {`{state: stable, image: word, variants: {jobs-framework: {image: word}}}`, map[string]string{now: "ValueError", before: "ValueError"}, []string{web}},
		"no state":         {`{image: a.b/c, variants: {jobs-framework: {image: a.b/c}, webservice: {image: a.b/c, extra: {wstype: js}}}}`, map[string]string{now: "KeyError", before: "KeyError", web: "KeyError"}, nil},
		"aliases no list":  {`{state: stable, aliases: word, image: a.b/c, variants: {jobs-framework: {image: a.b/c}}}`, map[string]string{now: "TypeError", before: "TypeError"}, []string{web}},
		"no extra":         {`{state: stable, image: a.b/c, variants: {jobs-framework: {image: a.b/c}, webservice: {image: a.b/c}}}`, map[string]string{web: "KeyError"}, nil},
		"no wstype":        {`{state: stable, image: a.b/c, variants: {jobs-framework: {image: a.b/c}, webservice: {image: a.b/c, extra: {}}}}`, map[string]string{web: "KeyError"}, nil},
		"unknown wstype":   {`{state: stable, image: a.b/c, variants: {jobs-framework: {image: a.b/c}, webservice: {image: a.b/c, extra: {wstype: uwsgi}}}}`, map[string]string{web: "KeyError"}, nil},
		"unknown resource": {`{state: stable, image: a.b/c, variants: {jobs-framework: {image: a.b/c}, webservice: {image: a.b/c, extra: {wstype: js, resources: jvm}}}}`, map[string]string{web: "KeyError"}, nil},
		"no web image":     {`{state: stable, image: a.b/c, variants: {jobs-framework: {image: a.b/c}, webservice: {extra: {wstype: js}}}}`, map[string]string{web: "KeyError"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range legacy(good + "other: " + c.entry + "\n").Readings {
				if kind := c.fails[r.Name]; kind != "" {
					require.False(t, r.Loads, r.Name)
					require.Equal(t, kind, r.Fails.Error, r.Name)
					require.Equal(t, "other", r.Fails.Image, r.Name)
					require.Empty(t, r.Images)
					continue
				}
				require.True(t, r.Loads, r.Name)
				require.Nil(t, r.Fails)
				require.NotNil(t, r.Image("php7.4"), r.Name)
				skipped := false
				for _, name := range c.skips {
					skipped = skipped || name == r.Name
				}
				require.Equal(t, !skipped, r.Image("other") != nil, r.Name)
				require.Equal(t, skipped, len(r.Skipped) == 1, r.Name)
			}
		})
	}
}

func TestStates(t *testing.T) {
	for state, listed := range map[string][]bool{
		"stable": {true, true, true}, "beta": {false, false, true}, "sunset": {false, false, true}, "deprecated": {false, false, false},
	} {
		result := legacy(good + "other: {state: " + state + ", image: a.b/c, variants: {jobs-framework: {image: a.b/c}, webservice: {image: a.b/c, extra: {wstype: js}}}}\n")
		for i, r := range result.Readings {
			require.Equal(t, listed[i], r.Image("other").Listed, "%s to %s", state, r.Name)
			require.Equal(t, "other", r.Resolve("other").ShortName, "what is hidden still starts")
		}
	}
}

// References are printed as each consumer makes them.
func TestReferences(t *testing.T) {
	for written, want := range map[string][2]string{
		"a.b/c":             {"a.b/c:latest", "a.b/c:latest"},
		"a.b/c:v1":          {"a.b/c:v1", "a.b/c:v1:latest"},
		"a.b:5000/c/d":      {"a.b:5000/c/d:latest", "a.b:5000/c/d:latest"},
		"a.b/c:v1@sha256:0": {"a.b/c:v1@sha256:0", "a.b/c:v1@sha256:0:latest"},
		"a.b/c@sha256:0":    {"a.b/c:0", "a.b/c@sha256:0:latest"},
	} {
		result := legacy(`other: {state: stable, image: "` + written + `", variants: {jobs-framework: {image: "` + written + `"}, webservice: {image: "` + written + `", extra: {wstype: js}}}}`)
		for i, want := range []string{want[0], want[0], want[1]} {
			image := result.Readings[i].Image("other")
			require.Equal(t, want, image.Image, "%s to %s", written, result.Readings[i].Name)
			fine := written == "a.b/c" || written == "a.b:5000/c/d" || written == "a.b/c:v1" && i < 2
			require.Equal(t, fine, image.Problem == "", "%s to %s", written, result.Readings[i].Name)
		}
	}
}

// Of two entries with one spelling the first in the document has it: for a
// chart that is the first by name.
func TestTheFirstEntryHasASpelling(t *testing.T) {
	const twins = "b: {state: stable, image: a.b/x, aliases: [twin]}\na: {state: stable, image: a.b/y, aliases: [twin, x]}\n"
	now := legacy(twins).Reading("jobs-api-2026-05")
	require.Equal(t, "b", now.Resolve("twin").ShortName)
	require.Equal(t, "b", now.Resolve("x").ShortName)
	require.Equal(t, []string{"a", "y"}, now.Image("a").Spellings)

	values := "formatVersion: \"1.0\"\nimages: {b: {state: sunset, image: a.b/x, aliases: [twin], description: words}, a: {state: stable, image: a.b/y, aliases: [twin, x]}}\n"
	now = consumers.Check(consumers.Of(chart.FromValues([]byte(values)))).Reading("jobs-api-2026-05")
	require.Equal(t, "a", now.Resolve("twin").ShortName)
	require.Equal(t, "deprecated", now.Image("b").State, "as the chart writes it")
}

// What jobs-api would cut off a word leads nowhere.
func TestWordsThatAreCutAreNoSpellings(t *testing.T) {
	now := legacy(`other: {state: stable, image: a.b/c, aliases: ["d:e", "f@g", h.i/j, tool-k/l, m/n]}`).Reading("jobs-api-2026-05")
	require.Equal(t, []string{"other", "m/n", "c"}, now.Image("other").Spellings)
}

func TestWhatIsNoDocument(t *testing.T) {
	for _, text := range []string{"[", "- a\n", "word"} {
		for _, r := range legacy(text).Readings {
			require.False(t, r.Loads, "%s to %s", text, r.Name)
			require.NotEmpty(t, r.Fails.Message)
		}
	}
	for _, r := range legacy("{}").Readings {
		require.Equal(t, r.Name == "webservice-0.98", r.Loads, "no entry is no service to jobs-api: %s", r.Name)
	}
}

func TestCheckReadsAsTheNamedConsumers(t *testing.T) {
	result := consumers.Check(consumers.Of(chart.FromLegacy([]byte(good), chart.Legacy{Kind: "file"})), "webservice-0.98")
	require.Len(t, result.Readings, 1)
	require.Equal(t, "webservice-0.98", result.Readings[0].Name)
	require.Nil(t, result.Reading("jobs-api-2026-05"))
	for _, c := range consumers.All() {
		require.NotEmpty(t, c.About)
		require.NotEmpty(t, c.Source)
	}
	require.Equal(t, []string{"jobs-api-2026-05", "jobs-api-2022-11", "webservice-0.98"}, consumers.Names())
}

// A chart is read as the document that it renders to is.
func TestAChartIsReadAsItIsRendered(t *testing.T) {
	source, err := chart.Open("../image-config")
	require.NoError(t, err)
	loaded, err := source.Load()
	require.NoError(t, err)
	rendered := chart.FromLegacy(loaded.Catalog.LegacyYAML(), chart.Legacy{Kind: "file"})
	require.Equal(t, consumers.Of(rendered), consumers.Of(source), "in the same order too")
}
