package gate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/compare"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/consumers"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/gate"
)

func catalog(t *testing.T, values string) *chart.Catalog {
	t.Helper()
	loaded, err := chart.FromValues([]byte("formatVersion: \"1.0\"\n" + values)).Load()
	require.NoError(t, err)
	return loaded.Catalog
}

func names(objections []gate.Objection) []string {
	out := []string{}
	for _, o := range objections {
		out = append(out, o.Name)
	}
	return out
}

const before = `images:
  a: {state: stable, aliases: [tf-a], image: one.example/a}
  b: {state: stable, image: one.example/b}
  c: {state: stable, image: one.example/c}
`

func TestChanges(t *testing.T) {
	from := catalog(t, before)
	for name, c := range map[string]struct {
		values string
		names  []string
	}{
		"nothing":       {before, []string{}},
		"a name more":   {before + "  d: {state: stable, image: one.example/d, variants: {}}\n", []string{}},
		"a name gone":   {"images:\n  a: {state: stable, aliases: [tf-a], image: one.example/a}\n  b: {state: stable, image: one.example/b}\n", []string{"image-removed:c"}},
		"an alias gone": {"images:\n  a: {state: stable, image: one.example/a}\n  b: {state: stable, image: one.example/b}\n  c: {state: stable, image: one.example/c}\n", []string{"alias-removed:a:tf-a"}},
	} {
		t.Run(name, func(t *testing.T) {
			objections := gate.Changes(compare.Catalogs(from, catalog(t, c.values)))
			require.Equal(t, c.names, names(objections))
			for _, o := range objections {
				require.NotEmpty(t, o.Reason)
			}
		})
	}
}

func TestNames(t *testing.T) {
	from := catalog(t, before)
	one := "images:\n  a: {state: stable, image: one.example/a}\n"
	require.Equal(t, []string{gate.MostNamesLost}, names(gate.Names(from, catalog(t, one))))
	require.Empty(t, gate.Names(from, from))
	buried := one + "tombstones:\n  b: {date: 2026-01-01, reason: old}\n"
	require.Empty(t, gate.Names(from, catalog(t, buried)), "a tombstone keeps the name")
}

func TestObjects(t *testing.T) {
	require.Equal(t, []string{"object-dropped:Role/reader"},
		names(gate.Objects([]string{"ConfigMap/image-config", "Role/reader"}, []string{"ConfigMap/image-config", "Role/other"})))
}

func TestLeft(t *testing.T) {
	all := []gate.Objection{{Name: "image-removed:a"}, {Name: "image-removed:b"}, {Name: "most-names-lost"}}
	for name, c := range map[string]struct{ allowed, left, idle []string }{
		"nothing allowed": {nil, []string{"image-removed:a", "image-removed:b", "most-names-lost"}, nil},
		"one by name":     {[]string{"image-removed:a"}, []string{"image-removed:b", "most-names-lost"}, nil},
		"a whole kind":    {[]string{"image-removed", "most-names-lost"}, []string{}, nil},
		"not there":       {[]string{"image-removed:c", "image"}, []string{"image-removed:a", "image-removed:b", "most-names-lost"}, []string{"image-removed:c", "image"}},
	} {
		t.Run(name, func(t *testing.T) {
			left, idle := gate.Left(all, c.allowed)
			require.Equal(t, c.left, names(left))
			require.Equal(t, c.idle, idle)
		})
	}
}

func TestVersion(t *testing.T) {
	require.Equal(t, []string{gate.OlderVersion}, names(gate.Version("1.0.1", "1.0.0")))
	require.Equal(t, []string{gate.OlderVersion}, names(gate.Version("0.0.29", "0.0.29-20260801093000-0badc0de")))
	require.Empty(t, gate.Version("1.0.0", "1.0.0"))
	require.Empty(t, gate.Version("1.0.0", "1.0.1"))
}

func TestFindings(t *testing.T) {
	found := chart.Findings{
		{Rule: "default-type", Severity: chart.SeverityError, Path: "images", Message: "there is no php7.4"},
		{Rule: "near-miss", Severity: chart.SeverityWarning, Path: "images.a", Message: "a slip"},
		{Rule: "default-type", Severity: chart.SeverityError, Path: "images", Message: "again"},
	}
	require.Equal(t, []gate.Objection{{Name: "lint:default-type", Path: "images", Reason: "there is no php7.4"}}, gate.Findings(found))
}

func TestConsumers(t *testing.T) {
	read := func(values string) consumers.Result {
		return consumers.Check(consumers.Of(chart.FromValues([]byte("formatVersion: \"1.0\"\n" + values))))
	}
	entry := func(name, wstype string) string {
		return "  " + name + ": {state: stable, image: one.example/a, variants: {webservice: {image: one.example/a, extra: {wstype: " + wstype + "}}}}\n"
	}
	good := read("images:\n" + entry("php7.4", "lighttpd") + entry("b", "js"))
	require.Equal(t, []string{"webservice-0.98/fails"}, names(gate.Consumers(good, read("images:\n"+entry("php7.4", "lighttpd")+entry("b", "cobol")))))
	require.Equal(t, []string{"webservice-0.98/default"}, names(gate.Consumers(good, read("images:\n"+entry("b", "js")))))
	require.Empty(t, gate.Consumers(good, read("images:\n"+entry("php7.4", "lighttpd"))), "an image is gone: a change")
	require.Empty(t, gate.Consumers(read("images: {}\n"), good))
}
