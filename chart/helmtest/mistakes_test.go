package helmtest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// mistakes are catalogs with one thing wrong each, and the words that Helm must
// say about it: the place first.
var mistakes = map[string]struct {
	values string
	words  []string
}{
	"unknown state": {
		values: asImages("bookworm: {state: sable, image: registry.example/bookworm}"),
		words:  []string{"/images/bookworm/state", "'stable'"},
	},
	"missing state": {
		values: asImages("bookworm: {image: registry.example/bookworm}"),
		words:  []string{"/images/bookworm'", "'state'"},
	},
	"null state": {
		values: asImages("bookworm:\n  state:\n  image: registry.example/bookworm"),
		words:  []string{"/images/bookworm", "state"},
	},
	"no reference at all": {
		values: asImages("bookworm: {state: stable}"),
		words:  []string{"/images/bookworm'", "'image'", "'variants'"},
	},
	"variants without a variant and no image": {
		values: asImages("bookworm: {state: stable, variants: {}}"),
		words:  []string{"/images/bookworm"},
	},
	"variant without an image": {
		values: asImages("bookworm: {state: stable, variants: {webservice: {extra: {wstype: generic}}}}"),
		words:  []string{"/images/bookworm/variants/webservice", "'image'"},
	},
	"reference with a space": {
		values: asImages("bookworm: {state: stable, image: registry.example/book worm}"),
		words:  []string{"/images/bookworm/image", "book worm"},
	},
	"reference without a host, in a variant": {
		values: asImages("bookworm: {state: stable, variants: {jobs-framework: {image: toolforge/bookworm}}}"),
		words:  []string{"/images/bookworm/variants/jobs-framework/image", "toolforge/bookworm"},
	},
	"unknown key in an entry": {
		values: asImages("bookworm: {state: stable, image: registry.example/bookworm, replaced_by: trixie}"),
		words:  []string{"/images/bookworm'", "replaced_by"},
	},
	"unknown key in a variant": {
		values: asImages("bookworm: {state: stable, variants: {webservice: {image: registry.example/b, wstype: js}}}"),
		words:  []string{"/images/bookworm/variants/webservice'", "wstype"},
	},
	"an alias twice": {
		values: asImages("bookworm: {state: stable, image: registry.example/b, aliases: [deb, debian, deb]}"),
		words:  []string{"/images/bookworm/aliases", "0 and 2"},
	},
	"an alias that is a null": {
		values: asImages("bookworm: {state: stable, image: registry.example/b, aliases: [deb, ~]}"),
		words:  []string{"/images/bookworm/aliases/1", "null"},
	},
	"a null deep in extra": {
		values: asImages("bookworm: {state: stable, variants: {webservice: {image: registry.example/b, extra: {list: [1, ~]}}}}"),
		words:  []string{"/images/bookworm/variants/webservice/extra/list/1", "null"},
	},
	"aliases that are no list": {
		values: asImages("bookworm: {state: stable, image: registry.example/b, aliases: deb}"),
		words:  []string{"/images/bookworm/aliases", "array"},
	},
	"an alias that YAML took for a number": {
		values: asImages("python: {state: stable, image: registry.example/b, aliases: [3.20]}"),
		words:  []string{"/images/python/aliases/0", "string"},
	},
	"a control character in extra": {
		values: asImages(`bookworm: {state: stable, variants: {webservice: {image: registry.example/b, extra: {words: "a\u0085b"}}}}`),
		words:  []string{"/images/bookworm/variants/webservice/extra/words"},
	},
	"a name with a space": {
		values: asImages("book worm: {state: stable, image: registry.example/b}"),
		words:  []string{"/images'", "book worm"},
	},
	"a reserved name": {
		values: asImages("buildservice: {state: stable, image: registry.example/b}"),
		words:  []string{"/images/buildservice"},
	},
	"a name of a tool's own image": {
		values: asImages("tool-wikibugs/bot: {state: stable, image: registry.example/b}"),
		words:  []string{"/images/tool-wikibugs~1bot"},
	},
	"a control character in a key of extra": {
		values: asImages(`bookworm: {state: stable, variants: {webservice: {image: registry.example/b, extra: {"a\u0085b": 1}}}}`),
		words:  []string{"/images/bookworm/variants/webservice/extra'"},
	},
	"a variant's name with a space": {
		values: asImages("bookworm: {state: stable, variants: {web service: {image: registry.example/b}}}"),
		words:  []string{"/images/bookworm/variants'", "web service"},
	},
	"no images": {
		values: "formatVersion: \"1.0\"\nimages: {}\n",
		words:  []string{"/images'"},
	},
	"images left out": {
		values: "formatVersion: \"1.0\"\n",
		words:  []string{"'images'"},
	},
	"a newer format": {
		values: "formatVersion: \"2.0\"\nimages: {b: {state: stable, image: registry.example/b}}\n",
		words:  []string{"/formatVersion", "2.0"},
	},
	"a format that YAML took for a number": {
		values: "formatVersion: 1.0\nimages: {b: {state: stable, image: registry.example/b}}\n",
		words:  []string{"/formatVersion", "string"},
	},
	"a port out of range": {
		values: asImages("b: {state: stable, image: registry.example/b, webservice-defaults: {port: 65536}}"),
		words:  []string{"/images/b/webservice-defaults/port", "65"},
	},
	"a day that no calendar has": {
		values: asImages("b: {state: stable, image: registry.example/b, lifecycle: {removed: \"2027-02-30\"}}"),
		words:  []string{"/images/b/lifecycle/removed", "2027-02-30"},
	},
	"a link that is not secure": {
		values: asImages("b: {state: stable, image: registry.example/b, links: [{title: x, url: \"http://example.org/\"}]}"),
		words:  []string{"/images/b/links/0/url", "http://example.org/"},
	},
	"a tombstone without a reason": {
		values: asImages("b: {state: stable, image: registry.example/b}") + "tombstones: {a: {date: \"2026-01-01\"}}\n",
		words:  []string{"/tombstones/a'", "'reason'"},
	},
	"a stack with a typing mistake": {
		values: asImages("b: {state: stable, image: registry.example/b}") + "stacks: {heroku-22: {state: deprecated, replacedby: heroku-24}}\n",
		words:  []string{"/stacks/heroku-22'", "replacedby"},
	},
}

func TestHelmRefusesAMistakeAndNamesItsPlace(t *testing.T) {
	for name, mistake := range mistakes {
		t.Run(name, func(t *testing.T) {
			chart := chartWith(t, mistake.values)
			eachHelm(t, func(t *testing.T, h helm) {
				linted := h.fails(t, "lint", chart).all()
				templated := h.fails(t, "template", "image-config", chart).all()
				for _, word := range mistake.words {
					require.Contains(t, linted, word)
					require.Contains(t, templated, word)
				}
			})
		})
	}
}

// A person who mends mistakes one run at a time loses patience.
func TestHelmNamesAllMistakesInOneRun(t *testing.T) {
	chart := chartWith(t, asImages(`
one: {state: sable, image: registry.example/one}
two: {state: stable, image: "registry.example/t wo"}
three: {state: stable, image: registry.example/three, alias: [drei]}`))
	eachHelm(t, func(t *testing.T, h helm) {
		out := h.fails(t, "template", "image-config", chart).all()
		for _, place := range []string{"/images/one/state", "/images/two/image", "/images/three'"} {
			require.Contains(t, out, place)
		}
	})
}

// An environment's values file is merged into the catalog; a mistake in it is
// met as one in the catalog is.
func TestHelmRefusesAMistakeInPassedValues(t *testing.T) {
	eachHelm(t, func(t *testing.T, h helm) {
		out := h.fails(t, "template", "image-config", chartPath(t), "--set", "images.bookworm.state=sable")
		require.Contains(t, out.all(), "/images/bookworm/state")
	})
}
