package server

import (
	"bytes"
	"encoding/json"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// selectFields cuts records down to the properties that were asked for.
func selectFields(records []fragment, fields map[string]bool) []fragment {
	if fields == nil {
		return records
	}
	out := make([]fragment, len(records))
	for i, f := range records {
		out[i] = fragment{image: f.image, json: cut(f.image, fields)}
	}
	return out
}

// cut encodes the wanted properties of a record in the record's own order. It
// goes by way of the encoded record, so that a property is written in one way.
func cut(image *snapshot.Image, fields map[string]bool) []byte {
	record := Record(image)
	if fields["tags"] {
		record.Tags = image.Tags
	}
	var whole map[string]json.RawMessage
	if err := json.Unmarshal(encode(record), &whole); err != nil {
		panic("server: decode what was just encoded: " + err.Error())
	}
	var out bytes.Buffer
	out.WriteByte('{')
	for _, name := range recordFields {
		value, known := whole[name]
		if !known || !fields[name] {
			continue
		}
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		out.Write(encode(name))
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteByte('}')
	return out.Bytes()
}
