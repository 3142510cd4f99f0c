package consumers

import (
	"sigs.k8s.io/yaml"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// Document is a legacy document as a reader of YAML has it: nothing in it has to
// be as it should.
type Document struct {
	entries []entry // in the order in which readers meet them
	broken  string  // why it is no map of entries; "" if it is one
}

// entry is one key of the document with what it holds.
type entry struct {
	name  string
	value any
}

// Of gives the legacy document of a source: of a chart as it is rendered, of a
// legacy document itself as it is written. The source may break rules: that is
// when consumers are worth a look.
func Of(source *chart.Source) Document {
	root := source.Document()
	if root == nil {
		return Document{broken: "it is no YAML"}
	}
	images := root.Get("images")
	values, isMap := images.Any().(map[string]any)
	if !isMap {
		return Document{broken: "it is no map of entries"}
	}
	var d Document
	for _, f := range images.Fields {
		value := values[f.Key]
		if !source.IsLegacy() {
			value = rendered(value)
		}
		d.entries = append(d.entries, entry{f.Key, value})
	}
	if !source.IsLegacy() {
		d.entries = asWritten(d.entries)
	}
	return d
}

// asWritten puts entries in the order in which the document is rendered: that of
// the YAML library, to which mono6.8 comes before mono6.12.
func asWritten(entries []entry) []entry {
	byName := make(map[string]entry, len(entries))
	names := make(map[string]bool, len(entries))
	for _, e := range entries {
		byName[e.name], names[e.name] = e, true
	}
	text, err := yaml.Marshal(names)
	if err != nil {
		return entries // a map of texts encodes
	}
	root, _ := strictyaml.Parse(text)
	out := make([]entry, 0, len(entries))
	for _, f := range root.Fields {
		out = append(out, byName[f.Key])
	}
	return out
}

// rendered leaves of an entry what the chart's template writes.
func rendered(value any) any {
	fields, isMap := value.(map[string]any)
	if !isMap {
		return value
	}
	out := map[string]any{}
	for _, key := range []string{"state", "aliases", "image", "variants", "webservice-defaults"} {
		if v, found := fields[key]; found {
			out[key] = v
		}
	}
	if state, isText := out["state"].(string); isText {
		out["state"] = chart.LegacyState(state)
	}
	return out
}
