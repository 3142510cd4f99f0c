package chart

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"sigs.k8s.io/yaml"
)

// Legacy gives the catalog as today's consumers read it: the value of
// [LegacyKey], as data. It holds the legacy keys only, each state as written
// (never as of a day), and no tombstones. A word that is no known state is
// written as deprecated, because jobs-api hides what it does not know while
// webservice offers it.
func (c *Catalog) Legacy() map[string]any {
	images := make(map[string]any, len(c.Images))
	for name, entry := range c.Images {
		images[name] = entry.legacy()
	}
	return images
}

func (e *Entry) legacy() map[string]any {
	out := map[string]any{"state": LegacyState(e.State)}
	if e.Aliases != nil {
		out["aliases"] = e.Aliases
	}
	if e.Image != "" {
		out["image"] = e.Image
	}
	if e.Variants != nil {
		variants := make(map[string]any, len(e.Variants))
		for name, v := range e.Variants {
			variants[name] = v.legacy()
		}
		out["variants"] = variants
	}
	if e.WebserviceDefaults != nil {
		out["webservice-defaults"] = e.WebserviceDefaults
	}
	return out
}

func (v *Variant) legacy() map[string]any {
	out := map[string]any{"image": v.Image}
	if v.Extra != nil {
		out["extra"] = v.Extra
	}
	return out
}

// LegacyState gives the word that the legacy document has for a state: itself,
// or deprecated for one that no consumer knows.
func LegacyState(state string) string {
	switch state {
	case StateStable, StateBeta, StateDeprecated:
		return state
	}
	return StateDeprecated
}

// LegacyYAML encodes [Catalog.Legacy] as YAML, keys in order. Equal catalogs
// give equal bytes.
func (c *Catalog) LegacyYAML() []byte {
	text, err := yaml.JSONToYAML(escaped(c.LegacyJSON()))
	if err != nil {
		panic(fmt.Sprintf("chart: a decoded catalog does not encode: %v", err))
	}
	return text
}

// escaped writes the characters of a JSON text that are no part of YAML, or a
// line break there, as JSON escapes. Validation refuses them because Helm's
// templates do not do this; a catalog that was only checked may hold them.
func escaped(text []byte) []byte {
	if bytes.IndexFunc(text, isUnwritable) < 0 {
		return text
	}
	out := make([]byte, 0, len(text)+64)
	for _, r := range string(text) {
		if isUnwritable(r) {
			out = fmt.Appendf(out, "\\u%04x", r)
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return out
}

// LegacyJSON encodes [Catalog.Legacy] as JSON, keys in order, without a final
// newline.
func (c *Catalog) LegacyJSON() []byte {
	text, err := json.Marshal(c.Legacy())
	if err != nil {
		panic(fmt.Sprintf("chart: a decoded catalog does not encode: %v", err))
	}
	return text
}
