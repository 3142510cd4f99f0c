package names_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/names"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// ref reads a reference as the join does.
func ref(t testing.TB, text string) reference.Reference {
	t.Helper()
	r, err := reference.Parse(text)
	require.NoError(t, err)
	return r.WithDefaultTag()
}

// fleet is a small catalog with every way to an image.
func fleet(t testing.TB) []*snapshot.Image {
	t.Helper()
	image := func(name, state, own string, aliases ...string) *snapshot.Image {
		return &snapshot.Image{ShortName: name, State: state, Aliases: aliases, Offer: snapshot.Offer{Reference: ref(t, own)}}
	}
	variant := func(name, own string) snapshot.Variant {
		return snapshot.Variant{Name: name, Offer: snapshot.Offer{Reference: ref(t, own)}}
	}
	bookworm := image("bookworm", chart.StateStable, "old.example/toolforge-bookworm-sssd", "debian12", "tf-bookworm")
	bookworm.Variants = []snapshot.Variant{
		variant("jobs-framework", "old.example/toolforge-bookworm-sssd"),
		variant("webservice", "old.example/toolforge-bookworm-web-sssd"),
	}
	php := image("php8.2", chart.StateStable, "new.example:5000/php82:v3", "php")
	php.Formerly = []reference.Reference{ref(t, "old.example/toolforge-php82"), ref(t, "old.example/php82-sssd:v1")}
	return []*snapshot.Image{
		bookworm, php,
		image("deep/er", chart.StateStable, "old.example/prefix/deeper"),
		image("tool-like", chart.StateStable, "old.example/tool-like"),
		// Three names for one repository, and one tag that is one's alone.
		image("go-b", chart.StateStable, "old.example/golang"),
		image("go-a", chart.StateDeprecated, "old.example/golang"),
		image("go-c", chart.StateStable, "old.example/golang"),
		image("go-next", chart.StateBeta, "old.example/golang:next"),
		// What lint refuses, and what has to be answered all the same.
		image("y-twin", chart.StateStable, "old.example/y", "twin"),
		image("x-twin", chart.StateDeprecated, "old.example/x", "twin"),
	}
}

func TestResolve(t *testing.T) {
	index := names.NewIndex(fleet(t))
	for text, c := range map[string]struct {
		image string
		rule  names.Rule
		also  []string
	}{
		"bookworm":                          {"bookworm", names.RuleShortName, nil},
		"bookworm:latest":                   {"bookworm", names.RuleShortName, nil},
		"old.example/bookworm":              {"bookworm", names.RuleShortName, nil},
		"old.example/bookworm:latest":       {"bookworm", names.RuleShortName, nil},
		"deep/er":                           {"deep/er", names.RuleShortName, nil},
		"tool-like":                         {"tool-like", names.RuleShortName, nil},
		"php8.2:v3":                         {"php8.2", names.RuleShortName, nil},
		"new.example:5000/php8.2":           {"php8.2", names.RuleShortName, nil},
		"debian12":                          {"bookworm", names.RuleAlias, nil},
		"old.example/tf-bookworm:latest":    {"bookworm", names.RuleAlias, nil},
		"toolforge-bookworm-sssd":           {"bookworm", names.RuleReference, nil},
		"old.example/prefix/deeper":         {"deep/er", names.RuleReference, nil},
		"new.example:5000/php82:v3":         {"php8.2", names.RuleReference, nil},
		"toolforge-bookworm-web-sssd":       {"bookworm", names.RuleVariant, nil},
		"toolforge-php82":                   {"php8.2", names.RuleFormerly, nil},
		"old.example/toolforge-php82":       {"php8.2", names.RuleFormerly, nil},
		"old.example/php82-sssd:v1":         {"php8.2", names.RuleFormerly, nil},
		"golang":                            {"go-b", names.RuleReference, []string{"go-c", "go-a", "go-next"}},
		"golang:latest":                     {"go-b", names.RuleReference, []string{"go-c", "go-a"}},
		"golang:next":                       {"go-next", names.RuleReference, nil},
		"twin":                              {"y-twin", names.RuleAlias, []string{"x-twin"}},
		"":                                  {},
		"@":                                 {},
		":":                                 {},
		"bookworms":                         {},
		"Bookworm":                          {}, // names have a case
		"bookworm:v1":                       {}, // another tag
		"new.example:5000/bookworm":         {}, // another host
		"old.example/php82":                 {},
		"new.example:5000/php82:latest":     {},
		"new.example/php82":                 {}, // another port is another host
		"new.example:5000/toolforge-php82":  {}, // it was never there
		"php82-sssd:v2":                     {},
		"deeper":                            {}, // repositories match whole
		"prefix":                            {},
		"bookworm@sha256:1":                 {}, // no standard name has a digest
		"old.example/golang:next@sha256:12": {},
		"tool-like/bookworm":                {}, // a project's
		"old.example/tool-x/golang":         {},
	} {
		t.Run(text, func(t *testing.T) {
			m := index.Resolve(text)
			require.Equal(t, names.Parse(text), m.Spelling)
			require.Equal(t, c.rule, m.Rule)
			require.Equal(t, c.also, m.Also)
			if c.image == "" {
				require.Nil(t, m.Image)
			} else {
				require.Equal(t, c.image, m.Image.ShortName)
			}
		})
	}
}

// A short name goes before everything that is written the same.
func TestTheMostExactRuleDecides(t *testing.T) {
	at := func(path string) snapshot.Offer { return snapshot.Offer{Reference: ref(t, "a.example/"+path)} }
	all := []*snapshot.Image{
		{ShortName: "by-formerly", Offer: at("1"), Formerly: []reference.Reference{ref(t, "a.example/x")}},
		{ShortName: "by-variant", Offer: at("2"), Variants: []snapshot.Variant{{Name: "v", Offer: at("x")}}},
		{ShortName: "by-reference", Offer: at("x")},
		{ShortName: "by-alias", Offer: at("3"), Aliases: []string{"x"}},
		{ShortName: "x", Offer: at("4")},
	}
	rules := []names.Rule{names.RuleFormerly, names.RuleVariant, names.RuleReference, names.RuleAlias, names.RuleShortName}
	for n, rule := range rules {
		m := names.NewIndex(all[:n+1]).Resolve("x")
		require.Equal(t, rule, m.Rule)
		require.Same(t, all[n], m.Image)
		require.Empty(t, m.Also)
	}
}

// Where host or tag rule out the most exact one, the next may still be meant.
func TestDisagreementLeadsToTheNextRule(t *testing.T) {
	named := &snapshot.Image{ShortName: "x", Offer: snapshot.Offer{Reference: ref(t, "a.example/y")}}
	other := &snapshot.Image{ShortName: "z", Offer: snapshot.Offer{Reference: ref(t, "b.example/x")}}
	index := names.NewIndex([]*snapshot.Image{named, other})
	require.Same(t, named, index.Resolve("x").Image)
	require.Same(t, other, index.Resolve("b.example/x").Image)
}

func TestFind(t *testing.T) {
	index := names.NewIndex(fleet(t))
	require.Equal(t, "bookworm", index.Find("bookworm").ShortName)
	require.Equal(t, "bookworm", index.Find("debian12").ShortName)
	require.Equal(t, "y-twin", index.Find("twin").ShortName, "the stable one")
	require.Nil(t, index.Find("bookworm:latest"), "a name, not a spelling")
	require.Nil(t, names.NewIndex(nil).Find("bookworm"))
}

func TestNear(t *testing.T) {
	index := names.NewIndex(fleet(t))
	for text, wanted := range map[string][]string{
		"bookwurm":               {"bookworm"},
		"BOOKWORM":               {"bookworm"},
		"bookwurm:latest@sha:1":  {"bookworm"},
		"old.example/bookwurm:1": {"bookworm"},
		"php8.1":                 {"php8.2", "php"},
		"twim":                   {"twin"},
		"go-":                    {"go-a", "go-b", "go-c", "go-next"},
		"mainframe":              {},
		"":                       {},
	} {
		require.Equal(t, wanted, index.Near(text), text)
	}
	require.Empty(t, names.NewIndex(nil).Near("x"))
}

func TestAnImageAtSeveralReferencesIsOneAnswer(t *testing.T) {
	image := &snapshot.Image{
		ShortName: "x", Offer: snapshot.Offer{Reference: ref(t, "a.example/x1")},
		Variants: []snapshot.Variant{
			{Name: "a", Offer: snapshot.Offer{Reference: ref(t, "a.example/y")}},
			{Name: "b", Offer: snapshot.Offer{Reference: ref(t, "b.example/y")}},
		},
	}
	m := names.NewIndex([]*snapshot.Image{image}).Resolve("y")
	require.Same(t, image, m.Image)
	require.Empty(t, m.Also)
}

// many is a catalog of n images with two aliases and a variant each.
func many(b *testing.B, n int) []*snapshot.Image {
	all := make([]*snapshot.Image, n)
	for i := range all {
		all[i] = &snapshot.Image{
			ShortName: fmt.Sprintf("image-%d", i), State: chart.StateStable,
			Aliases:  []string{fmt.Sprintf("tf-image%d", i), fmt.Sprintf("toolforge-image%d", i)},
			Offer:    snapshot.Offer{Reference: ref(b, fmt.Sprintf("a.example/toolforge-image-%d", i))},
			Variants: []snapshot.Variant{{Name: "webservice", Offer: snapshot.Offer{Reference: ref(b, fmt.Sprintf("a.example/toolforge-image-%d-web", i))}}},
		}
	}
	return all
}

func BenchmarkResolve(b *testing.B) {
	all := many(b, 10_000)
	index := names.NewIndex(all)
	for name, text := range map[string]string{
		"short_name": "image-7777", "alias": "tf-image7777:latest",
		"reference": "a.example/toolforge-image-7777:latest", "variant": "toolforge-image-7777-web",
		"unknown": "nothing-of-the-kind", "digest": "image-7777@sha256:0000",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				index.Resolve(text)
			}
		})
	}
	b.Run("near", func(b *testing.B) {
		for b.Loop() {
			index.Near("imoge-7777")
		}
	})
	b.Run("index", func(b *testing.B) {
		for b.Loop() {
			names.NewIndex(all)
		}
	})
}
