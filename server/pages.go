package server

import (
	"bytes"
	"encoding/json"
	"slices"
	"sync/atomic"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/names"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// pages are what answers of one snapshot are made of. What is small and common
// is made once, when the snapshot is published, and never changed.
type pages struct {
	snapshot  *snapshot.Snapshot
	names     *names.Index
	fragments []fragment // of the standard images, by short name
	at        map[*snapshot.Image]int
	messages  api.Messages
	context   builtContext

	standard   *standard
	list       *lazyBody // the complete list where nobody builds images; else nil
	complete   *complete // where somebody does; else nil
	legacyYAML *body
	legacyJSON *body
	drift      *driftPage
}

// standard stands for the standard images of a snapshot and its warnings: two
// pages with the same one list the same of them.
type standard struct {
	list     []byte
	messages api.Messages
}

// fragment is the record of one image. Encoded records that did not change since
// the snapshot before keep their bytes.
type fragment struct {
	image *snapshot.Image
	json  []byte // nil while it is not encoded
}

// encoded gives the record as JSON.
func (f fragment) encoded() []byte {
	if f.json == nil {
		return appendRecord(nil, f.image)
	}
	return f.json
}

// newPages makes the pages that follow those of now.
func (s *Server) newPages(next *snapshot.Snapshot) *pages {
	p := newPages(next, s.pages.Load(), &s.lastList)
	p.drift = &driftPage{snapshot: next, last: &s.lastDrift}
	return p
}

func newPages(s *snapshot.Snapshot, before *pages, last *atomic.Pointer[madeList]) *pages {
	p := &pages{
		snapshot: s, names: before.namesOf(s.Images), messages: warnings(s.Warnings), context: contextOf(s, before),
		fragments: make([]fragment, len(s.Images)), at: make(map[*snapshot.Image]int, len(s.Images)),
	}
	for i, image := range s.Images {
		p.fragments[i] = before.fragmentOf(image)
		p.at[image] = i
	}
	p.standard = before.standardOf(listJSON(p.fragments, p.messages), p.messages)
	if s.Users.View == nil {
		p.list = before.listOf(p)
	} else {
		p.complete = before.completeOf(p, last)
	}
	if before != nil && before.snapshot.Catalog == s.Catalog {
		p.legacyYAML, p.legacyJSON = before.legacyYAML, before.legacyJSON
	} else {
		p.legacyYAML = legacyBody(typeYAML, s.Catalog.LegacyYAML())
		p.legacyJSON = legacyBody(typeJSON, append(s.Catalog.LegacyJSON(), '\n'))
	}
	return p
}

// namesOf gives the index of the standard images, as much of it as possible from
// these pages.
func (p *pages) namesOf(images []*snapshot.Image) *names.Index {
	if p == nil {
		return names.NewIndex(images)
	}
	return p.names.Next(images)
}

// standardOf gives the standard images of these pages if they are the same.
func (p *pages) standardOf(list []byte, messages api.Messages) *standard {
	if p != nil && bytes.Equal(p.standard.list, list) {
		return p.standard
	}
	return &standard{list: list, messages: messages}
}

// listOf gives the complete list where nobody builds images: the one of these
// pages if nothing changed. It is made at once in every coding.
func (p *pages) listOf(next *pages) *lazyBody {
	if p != nil && p.list != nil && p.standard == next.standard {
		return p.list
	}
	l := &lazyBody{make: func() *body { return newBody(typeJSON, next.standard.list) }}
	l.in(identity)
	return l
}

// tool gives what a tool built, or nil.
func (p *pages) tool(name string) *inventory.Tool { return p.snapshot.Users.View.Tool(name) }

// warned gives the messages with a warning more.
func (p *pages) warned(warning string) api.Messages {
	messages := p.messages
	if warning != "" {
		messages.Warning = append(slices.Clone(messages.Warning), warning)
	}
	return messages
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
