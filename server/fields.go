package server

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// selectFields cuts records down to the properties that were asked for.
func selectFields(records []fragment, fields map[string]bool) []fragment {
	if fields == nil {
		return records
	}
	c := newCutter(fields)
	out := make([]fragment, len(records))
	for i, f := range records {
		out[i] = fragment{image: f.image, json: c.append(nil, f.image)}
	}
	return out
}

// cut encodes the wanted properties of a record in the record's own order.
func cut(image *snapshot.Image, fields map[string]bool) []byte {
	return newCutter(fields).append(nil, image)
}

// cutter cuts records down to some properties, one after the other. It goes by
// way of the encoded record, so that a property is written in one way.
type cutter struct {
	fields  map[string]bool
	record  []byte // used again for each record, as are the others
	text    bytes.Buffer
	decoder *jsontext.Decoder
}

func newCutter(fields map[string]bool) *cutter {
	return &cutter{fields: fields, decoder: jsontext.NewDecoder(new(bytes.Buffer))}
}

// append appends the wanted properties of an image's record.
func (c *cutter) append(to []byte, image *snapshot.Image) []byte {
	c.record = appendRecord(c.record[:0], image)
	if c.fields["tags"] {
		record := Record(image)
		record.Tags = image.TagNames()
		c.record = encode(record)
	}
	c.text.Reset()
	c.text.Write(c.record)
	// No name is there twice: it was just encoded.
	c.decoder.Reset(&c.text, jsontext.AllowDuplicateNames(true))
	c.read()
	to = append(to, '{')
	first := true
	for c.decoder.PeekKind() != '}' {
		name := c.read()
		if !c.fields[string(name[1:len(name)-1])] { // between the quotes
			c.read()
			continue
		}
		if !first {
			to = append(to, ',')
		}
		first = false
		to = append(append(to, name...), ':')
		to = append(to, c.read()...)
	}
	return append(to, '}')
}

// read gives the record's opening brace, then each of its names and values.
func (c *cutter) read() []byte {
	if c.decoder.StackDepth() == 0 {
		_, err := c.decoder.ReadToken()
		must(err)
		return nil
	}
	value, err := c.decoder.ReadValue()
	must(err)
	return value
}

func must(err error) {
	if err != nil {
		panic("server: decode what was just encoded: " + err.Error())
	}
}
