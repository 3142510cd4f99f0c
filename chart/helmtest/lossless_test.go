package helmtest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRenderingARealCatalogIsLossless(t *testing.T) {
	for _, source := range sources {
		t.Run(source, func(t *testing.T) {
			legacy := readFile(t, catalogsFolder, source)
			chart := chartWith(t, asImages(legacy))
			eachHelm(t, func(t *testing.T, h helm) {
				h.ok(t, "lint", "--strict", chart)
				require.Equal(t, data(t, legacy), data(t, catalogOf(t, h, chart)))
			})
		})
	}
}

// hardCatalog holds what templates lose easily: keys that hold nothing, text of
// several lines, scalars that look like something else once they are unquoted.
const hardCatalog = `
empty:
  state: stable
  aliases: []
  variants:
    jobs-framework:
      image: registry.example/empty
      extra: {}
without-variants:
  state: beta
  image: registry.example:5000/a/b:v1
  variants: {}
"3.20":
  state: deprecated
  image: registry.example/three
  webservice-defaults:
    command: sleep infinity
    port: 65535
    memory: "1e3"
    own: {nested: [1, 2.5, "2", true, "true", "on", "n", "~", "null", "010", "0x1F", "12:30:45", "2026-01-01"]}
text:
  state: stable
  variants:
    jobs-framework:
      image: registry.example/text
      extra:
        block: |
          first: "line"

            indented {{ not a template }}
          last
        kept: "ends in two\n\n"
        tabs: "a\tb\n\tc\r\nd"
        odd: "quote \" backslash \\ <&> é 日本 😀 # no comment: - no list"
        spaces: "  before and after  "
        nothing: ""
        integer: 9007199254740991
        small: -1
        fraction: 0.5
`

func TestRenderingKeepsWhatIsEasilyLost(t *testing.T) {
	chart := chartWith(t, asImages(hardCatalog))
	eachHelm(t, func(t *testing.T, h helm) {
		require.Equal(t, data(t, hardCatalog), data(t, catalogOf(t, h, chart)))
	})
}

// A block scalar drops blank lines at its end and takes U+2028 and U+2029 for
// line breaks; such a catalog is rendered as a quoted string.
func TestRenderingKeepsTextThatNoBlockCanHold(t *testing.T) {
	for name, text := range map[string]string{
		"blank lines at the end": `"two\n\n\n"`,
		"line separator":         `"a\n\u2028b\u2029\n  c"`,
		"carriage return":        `"a\r\nb\r"`,
	} {
		t.Run(name, func(t *testing.T) {
			// The last key of the last entry is the last line of the text.
			legacy := "zz:\n  image: registry.example/zz\n  state: stable\n  webservice-defaults:\n    zz: " + text + "\n"
			chart := chartWith(t, asImages(legacy))
			eachHelm(t, func(t *testing.T, h helm) {
				require.Equal(t, data(t, legacy), data(t, catalogOf(t, h, chart)))
			})
		})
	}
}

// Helm's toYaml answers such a character with an empty text or a space: the
// ConfigMap would be empty, or say something else, and nobody would be told. The
// schema refuses most of them; the template, all.
func TestRenderingRefusesWhatHelmCannotWrite(t *testing.T) {
	for name, extra := range map[string]string{
		"next line in a value": `{key: "a\u0085b"}`,
		"next line in a key":   `{"a\u0085b": value}`,
		"delete":               `{key: "a\u007Fb"}`,
		"no character":         `{key: "\uFFFE"}`,
	} {
		t.Run(name, func(t *testing.T) {
			chart := chartWith(t, asImages("a: {state: stable, variants: {x: {image: registry.example/a, extra: "+extra+"}}}"))
			eachHelm(t, func(t *testing.T, h helm) {
				out := h.fails(t, "template", "image-config", chart, "--skip-schema-validation")
				require.Contains(t, out.stderr, "control character")
			})
		})
	}
}

func TestRenderingLeavesOutWhatIsNotLegacy(t *testing.T) {
	const values = `
formatVersion: "1.0"
images:
  old:
    state: deprecated
    description: Words for people.
    replacedBy: new
    links: [{title: Guide, url: "https://example.org/"}]
    lifecycle: {deprecated: 2020-01-01, unsupported: "2020-06-01", removed: "2021-01-01"}
    formerly: ["registry.example/older:v1"]
    image: registry.example/old
  new:
    state: stable
    image: registry.example/new
tombstones:
  ancient: {date: "2019-01-01", reason: Nobody used it., replacedBy: new}
stacks:
  heroku-22: {state: deprecated, replacedBy: heroku-24}
  tools-harbor.wmcloud.org/toolforge/heroku-builder:22: {state: stable}
`
	const want = `
new: {image: registry.example/new, state: stable}
old: {image: registry.example/old, state: deprecated}
`
	chart := chartWith(t, values)
	eachHelm(t, func(t *testing.T, h helm) {
		h.ok(t, "lint", "--strict", chart)
		require.Equal(t, data(t, want), data(t, catalogOf(t, h, chart)))
	})
}

// The schema refuses such a word. Where somebody has told Helm to skip the
// schema, consumers still meet only words that they know.
func TestRenderingWritesAnUnknownStateAsDeprecated(t *testing.T) {
	values := asImages(strings.Join([]string{
		"known: {state: beta, image: registry.example/known}",
		"odd: {state: experimental, image: registry.example/odd}",
		"none: {image: registry.example/none}",
	}, "\n"))
	const want = `
known: {image: registry.example/known, state: beta}
none: {image: registry.example/none, state: deprecated}
odd: {image: registry.example/odd, state: deprecated}
`
	chart := chartWith(t, values)
	eachHelm(t, func(t *testing.T, h helm) {
		require.Equal(t, data(t, want), data(t, catalogOf(t, h, chart, "--skip-schema-validation")))
	})
}
