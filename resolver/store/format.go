package store

import (
	"errors"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// magic begins the first line of a generation; the format's major ends it.
const magic = "bayplan-state "

// major is the format that is written. Readers refuse others.
const major = 1

// maxFrame bounds what is decoded at a time, in bytes: one host, one project.
const maxFrame = 64 << 20

// The fields of a generation. Each is a message; numbers are never used again for
// something else.
const (
	fieldSaved   = 1
	fieldCatalog = 2
	fieldHost    = 3
	fieldUsers   = 4
	fieldProject = 5
	fieldAllowed = 6
	// fieldDetails are facts that many images share; images name them by their
	// place among all of these, from 1.
	fieldDetails = 7
)

// errDamaged is in the chain of errors about files that are not what was written.
var errDamaged = errors.New("it is not what was written")

// message is one message in the making.
type message []byte

func (m *message) text(field protowire.Number, s string) {
	if s != "" {
		*m = protowire.AppendString(protowire.AppendTag(*m, field, protowire.BytesType), s)
	}
}

func (m *message) bytes(field protowire.Number, b []byte) {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, field, protowire.BytesType), b)
}

func (m *message) number(field protowire.Number, n int64) {
	if n != 0 {
		*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.VarintType), uint64(n))
	}
}

func (m *message) yes(field protowire.Number, b bool) {
	if b {
		m.number(field, 1)
	}
}

// time writes milliseconds since 1970; a zero time is left out.
func (m *message) time(field protowire.Number, t time.Time) {
	if !t.IsZero() {
		m.number(field, t.UnixMilli())
	}
}

// value is what a field holds: a number, or bytes that are valid until the next
// message is read.
type value struct {
	n     uint64
	bytes []byte
}

func (v value) text() string  { return string(v.bytes) }
func (v value) number() int64 { return int64(v.n) }
func (v value) yes() bool     { return v.n != 0 }

func (v value) time() time.Time {
	if v.n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(v.n)).UTC()
}

// each calls f with each field of a message that is a number or bytes, in order.
func each(m []byte, f func(protowire.Number, value) error) error {
	for len(m) > 0 {
		field, kind, n := protowire.ConsumeTag(m)
		if n < 0 {
			return protowire.ParseError(n)
		}
		m = m[n:]
		var v value
		switch kind {
		case protowire.VarintType:
			v.n, n = protowire.ConsumeVarint(m)
		case protowire.BytesType:
			v.bytes, n = protowire.ConsumeBytes(m)
		default:
			n = protowire.ConsumeFieldValue(field, kind, m)
			field = 0 // nobody knows it
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		m = m[n:]
		if err := f(field, v); err != nil {
			return err
		}
	}
	return nil
}
