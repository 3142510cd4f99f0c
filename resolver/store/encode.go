package store

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"strings"
	"unique"

	"google.golang.org/protobuf/encoding/protowire"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/marker"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/shrink"
)

// encoder writes a generation, one message at a time.
type encoder struct {
	to      io.Writer
	sum     hash.Hash
	left    int64 // how many bytes may still be written
	details map[unique.Handle[inventory.Details]]int64

	// Room that is used again for each message.
	frame, inner, image message
}

// encode writes a state. The error is the writer's, or of kind fault.TooLarge if
// it would take more than limit bytes.
func encode(to io.Writer, s *State, limit int64) error {
	e := &encoder{to: to, sum: sha256.New(), left: limit, details: map[unique.Handle[inventory.Details]]int64{}}
	if err := e.write(fmt.Appendf(nil, "%s%d\n", magic, major)); err != nil {
		return err
	}
	var saved message
	saved.time(1, s.SavedAt)
	if err := e.put(fieldSaved, saved); err != nil {
		return err
	}
	if s.Catalog != nil {
		if err := e.put(fieldCatalog, catalogMessage(s.Catalog)); err != nil {
			return err
		}
	}
	for _, digest := range s.Allowed {
		if err := e.put(fieldAllowed, message(digest)); err != nil {
			return err
		}
	}
	for _, host := range s.Hosts {
		if err := e.put(fieldHost, hostMessage(host)); err != nil {
			return err
		}
	}
	if err := e.users(s.Users); err != nil {
		return err
	}
	return e.write(e.sum.Sum(nil))
}

func (e *encoder) write(b []byte) error {
	if e.left -= int64(len(b)); e.left < 0 {
		return fault.New(fault.TooLarge, "", "", "it would take more than the bytes that are allowed")
	}
	e.sum.Write(b)
	_, err := e.to.Write(b)
	return err
}

// put writes one field of the generation.
func (e *encoder) put(field protowire.Number, m message) error {
	if len(m) > maxFrame {
		return fault.New(fault.TooLarge, "", "", "one part of it has %d bytes, more than %d", len(m), maxFrame)
	}
	var head [24]byte
	tag := protowire.AppendVarint(protowire.AppendTag(head[:0], field, protowire.BytesType), uint64(len(m)))
	if err := e.write(tag); err != nil {
		return err
	}
	return e.write(m)
}

func catalogMessage(c *Catalog) message {
	var m message
	m.text(1, c.Origin)
	m.text(2, c.Version)
	m.text(3, c.Digest)
	m.text(4, c.Constraint)
	m.text(5, c.Chosen)
	m.text(6, c.Manifest)
	for _, digest := range slices.Sorted(maps.Keys(c.Contents)) {
		m.text(7, digest)
	}
	m.time(8, c.LastSuccess)
	return m
}

func hostMessage(h Host) message {
	var m, inner message
	m.text(1, h.Name)
	m.time(2, h.LastSuccess)
	refs := slices.SortedFunc(maps.Keys(h.Manifests), func(a, b fact.Reference) int {
		return cmp.Or(strings.Compare(a.Repository, b.Repository), strings.Compare(a.Tag, b.Tag), strings.Compare(a.Digest, b.Digest), strings.Compare(a.Host, b.Host))
	})
	for _, ref := range refs {
		known := h.Manifests[ref]
		inner = inner[:0]
		inner.text(1, ref.Repository)
		inner.text(2, ref.Tag)
		inner.text(3, ref.Digest)
		inner.number(4, int64(known.Status))
		inner.text(5, known.Digest)
		m.bytes(3, inner)
	}
	for _, path := range slices.Sorted(maps.Keys(h.Repositories)) {
		known := h.Repositories[path]
		inner = inner[:0]
		inner.text(1, path)
		inner.number(2, int64(known.Status))
		for _, tag := range known.Tags {
			inner.bytes(3, []byte(tag))
		}
		if known.Marks != nil {
			inner.bytes(4, marksMessage(known.Marks))
		}
		m.bytes(4, inner)
	}
	m.losses(5, h.Losses)
	return m
}

// losses writes what is remembered of a source's losses.
func (m *message) losses(field protowire.Number, w shrink.Watch) {
	var inner, gone message
	inner.text(1, w.Loss)
	inner.time(2, w.Since)
	inner.number(3, int64(w.Times))
	for _, name := range slices.Sorted(maps.Keys(w.Gone)) {
		gone = gone[:0]
		gone.text(1, name)
		gone.time(2, w.Gone[name])
		inner.bytes(4, gone)
	}
	if len(inner) > 0 {
		m.bytes(field, inner)
	}
}

func marksMessage(said *marker.Marks) message {
	var m, inner message
	m.text(1, said.State)
	m.text(2, said.Resources)
	m.text(3, said.WSType)
	for _, alias := range said.Aliases {
		inner = inner[:0]
		inner.text(1, alias.Name)
		inner.number(2, alias.Pushed)
		m.bytes(4, inner)
	}
	return m
}

func (e *encoder) users(u *Users) error {
	if u == nil {
		return nil
	}
	var m message
	m.text(1, u.Host)
	m.number(2, int64(u.Memory.Identity))
	m.text(3, u.Memory.Version)
	m.time(4, u.Memory.LastSuccess)
	m.time(5, u.Memory.LastSweep)
	m.losses(6, u.Memory.Losses)
	m.losses(7, u.Memory.Rights)
	if err := e.put(fieldUsers, m); err != nil {
		return err
	}
	return u.Records(e.project)
}

func (e *encoder) project(r *inventory.Record) error {
	m := &e.frame
	*m = (*m)[:0]
	m.text(1, r.Project)
	m.number(2, r.ID)
	m.yes(3, r.Private)
	m.yes(4, r.Unproved)
	for n := range r.Repositories {
		if err := e.repository(&r.Repositories[n]); err != nil {
			return err
		}
		m.bytes(5, e.inner)
	}
	return e.put(fieldProject, *m)
}

func (e *encoder) repository(r *inventory.RepositoryRecord) error {
	m := &e.inner
	*m = (*m)[:0]
	m.text(1, r.Name)
	m.number(2, r.ID)
	m.number(3, r.Updated)
	m.number(4, r.Artifacts)
	for n := range r.Images {
		place, err := e.place(r.Images[n].Details)
		if err != nil {
			return err
		}
		e.image = imageMessage(e.image[:0], &r.Images[n], place)
		m.bytes(5, e.image)
	}
	if r.Marks != nil {
		m.bytes(6, marksMessage(r.Marks))
	}
	return nil
}

func imageMessage(m message, image *inventory.Image, details int64) message {
	m.text(1, image.Tag)
	m.bytes(2, image.Digest[:])
	m.number(3, image.Pushed)
	m.number(4, image.Size)
	m.number(5, details)
	if s := image.Scan; s != nil {
		var inner message
		for n, count := range [...]int{s.Critical, s.High, s.Medium, s.Low, s.Negligible, s.Unknown, s.Fixable} {
			inner.number(protowire.Number(n+1), int64(count))
		}
		inner.number(8, s.At)
		m.bytes(6, inner)
	}
	return m
}

// place gives the place of details among those that were written, and writes new
// ones.
func (e *encoder) place(h unique.Handle[inventory.Details]) (int64, error) {
	if at, known := e.details[h]; known {
		return at, nil
	}
	at := int64(len(e.details) + 1)
	e.details[h] = at
	d := h.Value()
	var m message
	m.text(1, d.Platforms)
	m.text(2, d.Stack)
	m.text(3, d.RunImage)
	m.yes(4, d.Signed)
	return at, e.put(fieldDetails, m)
}
