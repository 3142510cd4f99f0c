package server

import (
	"bytes"
	"encoding/json"
	"slices"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

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

	standard   *standard
	users      *built
	list       *lazyBody
	legacyYAML *body
	legacyJSON *body
}

// standard stands for the standard images of a snapshot and its warnings: two
// pages with the same one list the same of them.
type standard struct {
	list     []byte
	messages api.Messages
}

// fragment is the encoded record of one image. Records that did not change
// since the snapshot before keep their bytes.
type fragment struct {
	image *snapshot.Image
	json  []byte
}

func newPages(s *snapshot.Snapshot, before *pages, kept *lru.Cache[string, builtTool]) *pages {
	p := &pages{
		snapshot: s, names: names.NewIndex(s.Images), messages: warnings(s.Warnings),
		fragments: make([]fragment, len(s.Images)), at: make(map[*snapshot.Image]int, len(s.Images)),
	}
	for i, image := range s.Images {
		p.fragments[i] = before.fragmentOf(image)
		p.at[image] = i
	}
	p.users = &built{snapshot: s, kept: kept}
	p.standard = before.standardOf(listJSON(p.fragments, p.messages), p.messages)
	p.list = before.listOf(p)
	if before != nil && before.snapshot.Catalog == s.Catalog {
		p.legacyYAML, p.legacyJSON = before.legacyYAML, before.legacyJSON
	} else {
		p.legacyYAML = legacyBody(typeYAML, s.Catalog.LegacyYAML())
		p.legacyJSON = legacyBody(typeJSON, append(s.Catalog.LegacyJSON(), '\n'))
	}
	return p
}

// standardOf gives the standard images of these pages if they are the same.
func (p *pages) standardOf(list []byte, messages api.Messages) *standard {
	if p != nil && bytes.Equal(p.standard.list, list) {
		return p.standard
	}
	return &standard{list: list, messages: messages}
}

// listOf gives the complete list of other pages. It is the one of these if
// nothing in it changed; compressing is most of the work. Without user-built
// images it is made at once. With them it changes with every push somewhere, so
// it is made when somebody asks for it.
func (p *pages) listOf(next *pages) *lazyBody {
	if p != nil && p.standard == next.standard && p.users.snapshot.Users == next.users.snapshot.Users &&
		p.users.context() == next.users.context() {
		return p.list
	}
	l := &lazyBody{make: func() *body {
		if next.snapshot.Users.View == nil {
			return newBody(typeJSON, next.standard.list)
		}
		all := slices.Collect(next.walk(public(next.snapshot.Users.View), "", false))
		return newBody(typeJSON, listJSON(all, next.messages))
	}}
	if next.snapshot.Users.View == nil {
		l.get()
	}
	return l
}

// lazyBody is a body that is made when it is first asked for.
type lazyBody struct {
	once sync.Once
	make func() *body
	body *body
}

func (l *lazyBody) get() *body {
	l.once.Do(func() { l.body, l.make = l.make(), nil })
	return l.body
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
