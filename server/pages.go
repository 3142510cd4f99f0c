package server

import (
	"bytes"
	"encoding/json"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/names"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// pages are the bytes of one snapshot's answers. They are made once, when the
// snapshot is published, and never changed.
type pages struct {
	snapshot  *snapshot.Snapshot
	names     *names.Index
	fragments []fragment // by short name
	at        map[*snapshot.Image]int
	messages  api.Messages

	list       *body
	legacyYAML *body
	legacyJSON *body
}

// fragment is the encoded record of one image. Records that did not change
// since the snapshot before keep their bytes.
type fragment struct {
	image *snapshot.Image
	json  []byte
}

func newPages(s *snapshot.Snapshot, before *pages) *pages {
	p := &pages{
		snapshot: s, names: names.NewIndex(s.Images), messages: warnings(s.Warnings),
		fragments: make([]fragment, len(s.Images)), at: make(map[*snapshot.Image]int, len(s.Images)),
	}
	for i, image := range s.Images {
		p.fragments[i] = before.fragmentOf(image)
		p.at[image] = i
	}
	p.list = before.listBody(listJSON(p.fragments, p.messages))
	if before != nil && before.snapshot.Catalog == s.Catalog {
		p.legacyYAML, p.legacyJSON = before.legacyYAML, before.legacyJSON
	} else {
		p.legacyYAML = legacyBody(typeYAML, s.Catalog.LegacyYAML())
		p.legacyJSON = legacyBody(typeJSON, append(s.Catalog.LegacyJSON(), '\n'))
	}
	return p
}

// listBody makes the body of the whole list, or gives the one of these pages if
// nothing in it changed: compressing is most of the work.
func (p *pages) listBody(text []byte) *body {
	if p != nil && bytes.Equal(p.list.coded[identity].bytes, text) {
		return p.list
	}
	return newBody(typeJSON, text)
}

func (p *pages) fragmentOf(image *snapshot.Image) fragment {
	if p != nil {
		if i, ok := p.at[image]; ok {
			return p.fragments[i]
		}
	}
	return fragment{image: image, json: encode(Record(image))}
}

func legacyBody(contentType []string, text []byte) *body {
	b := newBody(contentType, text)
	b.vary = varyTypeEncoding
	return b
}

func warnings(ws []snapshot.Warning) api.Messages {
	var m api.Messages
	for _, w := range ws {
		m.Warning = append(m.Warning, w.Text)
	}
	return m
}

// listJSON puts records together as an ImagesAnswer.
func listJSON(fragments []fragment, messages api.Messages) []byte {
	size := 64
	for _, f := range fragments {
		size += len(f.json) + 1
	}
	out := bytes.NewBuffer(make([]byte, 0, size))
	out.WriteString(`{"images":[`)
	for i, f := range fragments {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(f.json)
	}
	out.WriteString(`],"messages":`)
	out.Write(encode(messages))
	out.WriteString("}\n")
	return out.Bytes()
}

// imageJSON puts a record into an ImageAnswer.
func imageJSON(record []byte, messages api.Messages) []byte {
	var out bytes.Buffer
	out.WriteString(`{"image":`)
	out.Write(record)
	out.WriteString(`,"messages":`)
	out.Write(encode(messages))
	out.WriteString("}\n")
	return out.Bytes()
}

// encode writes one of the api types, whose encoding cannot fail: they hold
// what a catalog's YAML and registries' answers were decoded to.
func encode(v any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic("server: encode " + err.Error())
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}
