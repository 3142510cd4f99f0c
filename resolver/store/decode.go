package store

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"
	"time"
	"unique"

	"google.golang.org/protobuf/encoding/protowire"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/marker"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/shrink"
)

// decoder reads a generation, one message at a time, and keeps no more of it than
// what it means.
type decoder struct {
	from  *bufio.Reader
	left  int64 // how many bytes of messages may still come
	frame []byte

	state   State
	builder inventory.Builder
	details []unique.Handle[inventory.Details]
}

// decode reads a state of so many bytes. What it gives is whole: the checksum is
// right, and each part can be. Errors: fault.Unsupported for another major,
// fault.Invalid for what is damaged, else the reader's.
func decode(from io.Reader, size int64) (*State, error) {
	body := size - sha256.Size
	if body < 0 {
		return nil, damaged(errors.New("it is cut off"))
	}
	sum := sha256.New()
	d := &decoder{from: bufio.NewReaderSize(io.TeeReader(io.LimitReader(from, body), sum), 64<<10)}
	n, err := d.first()
	if err != nil {
		return nil, err
	}
	for d.left = body - int64(n); d.left > 0; {
		if err := d.next(); err != nil {
			return nil, damaged(err)
		}
	}
	if err := checkSum(from, sum); err != nil {
		return nil, err
	}
	if d.state.Users != nil {
		d.state.Users.Memory.View = d.builder.View()
	}
	return &d.state, nil
}

func damaged(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fault.Wrap(fault.Invalid, "", "", fmt.Errorf("%w: %w", errDamaged, err))
}

// first reads the line that names the format, and gives its length.
func (d *decoder) first() (int, error) {
	line, err := d.from.ReadSlice('\n')
	if err != nil {
		return 0, damaged(err)
	}
	word, found := strings.CutPrefix(string(line), magic)
	if !found {
		return 0, damaged(errors.New("it is no state of Bayplan"))
	}
	switch n, err := strconv.Atoi(strings.TrimSuffix(word, "\n")); {
	case err != nil || len(word) > 8:
		return 0, damaged(errors.New("it names no format"))
	case n != major:
		return 0, fault.New(fault.Unsupported, "", "", "it is of format %d, and this Bayplan reads format %d", n, major)
	}
	return len(line), nil
}

func checkSum(from io.Reader, sum hash.Hash) error {
	var written [sha256.Size]byte
	if _, err := io.ReadFull(from, written[:]); err != nil {
		return damaged(err)
	}
	if !bytes.Equal(written[:], sum.Sum(nil)) {
		return damaged(errors.New("its checksum is wrong"))
	}
	return nil
}

// next reads one field of the generation.
func (d *decoder) next() error {
	tag, err := d.varint()
	if err != nil {
		return err
	}
	size, err := d.varint()
	if err != nil {
		return err
	}
	field, kind := protowire.DecodeTag(tag)
	switch {
	case kind != protowire.BytesType || size > maxFrame:
		return fmt.Errorf("field %d cannot be", field)
	case int64(size) > d.left:
		return fmt.Errorf("it ends within field %d", field)
	}
	if uint64(cap(d.frame)) < size {
		d.frame = make([]byte, size)
	}
	d.frame = d.frame[:size]
	if _, err := io.ReadFull(d.from, d.frame); err != nil {
		return err
	}
	d.left -= int64(size)
	return d.take(field, d.frame)
}

// varint reads a number between messages.
func (d *decoder) varint() (uint64, error) {
	n, err := binary.ReadUvarint(d.from)
	if err != nil {
		return 0, err
	}
	d.left -= int64(protowire.SizeVarint(n))
	return n, nil
}

// take understands one field. Those that it does not know are of a later version.
func (d *decoder) take(field protowire.Number, m []byte) error {
	switch field {
	case fieldSaved:
		return each(m, func(field protowire.Number, v value) error {
			if field == 1 {
				d.state.SavedAt = v.time()
			}
			return nil
		})
	case fieldCatalog:
		return d.catalog(m)
	case fieldHost:
		return d.host(m)
	case fieldUsers:
		return d.users(m)
	case fieldProject:
		return d.project(m)
	case fieldAllowed:
		d.state.Allowed = append(d.state.Allowed, string(m))
	case fieldDetails:
		return d.detail(m)
	}
	return nil
}

func (d *decoder) catalog(m []byte) error {
	c := &Catalog{Contents: map[string][]byte{}}
	d.state.Catalog = c
	return each(m, func(field protowire.Number, v value) error {
		switch field {
		case 1:
			c.Origin = v.text()
		case 2:
			c.Version = v.text()
		case 3:
			c.Digest = v.text()
		case 4:
			c.Constraint = v.text()
		case 5:
			c.Chosen = v.text()
		case 6:
			c.Manifest = v.text()
		case 7:
			c.Contents[v.text()] = nil // the layout has them
		case 8:
			c.LastSuccess = v.time()
		}
		return nil
	})
}

func (d *decoder) host(m []byte) error {
	h := Host{Manifests: map[fact.Reference]fact.Manifest{}, Repositories: map[string]fact.Repository{}}
	err := each(m, func(field protowire.Number, v value) error {
		switch field {
		case 1:
			h.Name = v.text()
		case 2:
			h.LastSuccess = v.time()
		case 3:
			return h.manifest(v.bytes)
		case 4:
			return h.repository(v.bytes)
		case 5:
			return losses(&h.Losses, v.bytes)
		}
		return nil
	})
	d.state.Hosts = append(d.state.Hosts, h)
	return err
}

// manifest takes what a host said of a reference. Its name stands before.
func (h *Host) manifest(m []byte) error {
	ref, known := fact.Reference{Host: h.Name}, fact.Manifest{}
	err := each(m, func(field protowire.Number, v value) error {
		switch field {
		case 1:
			ref.Repository = v.text()
		case 2:
			ref.Tag = v.text()
		case 3:
			ref.Digest = v.text()
		case 4:
			known.Status = statusOf(v)
		case 5:
			known.Digest = v.text()
		}
		return nil
	})
	h.Manifests[ref] = known
	return err
}

func (h *Host) repository(m []byte) error {
	path, known := "", fact.Repository{}
	err := each(m, func(field protowire.Number, v value) (err error) {
		switch field {
		case 1:
			path = v.text()
		case 2:
			known.Status = statusOf(v)
		case 3:
			known.Tags = append(known.Tags, v.text())
		case 4:
			known.Marks, err = marksOf(v.bytes)
		}
		return err
	})
	if known.Status == fact.Present && known.Tags == nil {
		known.Tags = []string{} // it is known that there are none
	}
	h.Repositories[path] = known
	return err
}

// statusOf gives a status; one that a later version may add is as good as none.
func statusOf(v value) fact.Status {
	switch s := fact.Status(v.number()); s {
	case fact.Present, fact.Absent:
		return s
	}
	return fact.Unknown
}

func marksOf(m []byte) (*marker.Marks, error) {
	said := &marker.Marks{}
	return said, each(m, func(field protowire.Number, v value) error {
		switch field {
		case 1:
			said.State = v.text()
		case 2:
			said.Resources = v.text()
		case 3:
			said.WSType = v.text()
		case 4:
			var alias marker.Alias
			defer func() { said.Aliases = append(said.Aliases, alias) }()
			return each(v.bytes, func(field protowire.Number, v value) error {
				switch field {
				case 1:
					alias.Name = v.text()
				case 2:
					alias.Pushed = v.number()
				}
				return nil
			})
		}
		return nil
	})
}

func (d *decoder) users(m []byte) error {
	u := &Users{}
	d.state.Users = u
	return each(m, func(field protowire.Number, v value) error {
		switch field {
		case 1:
			u.Host = v.text()
		case 2:
			u.Memory.Identity = harbor.IdentityKind(v.number())
		case 3:
			u.Memory.Version = v.text()
		case 4:
			u.Memory.LastSuccess = v.time()
		case 5:
			u.Memory.LastSweep = v.time()
		case 6:
			return losses(&u.Memory.Losses, v.bytes)
		case 7:
			return losses(&u.Memory.Rights, v.bytes)
		}
		return nil
	})
}

// losses reads what is remembered of a source's losses.
func losses(w *shrink.Watch, m []byte) error {
	return each(m, func(field protowire.Number, v value) error {
		switch field {
		case 1:
			w.Loss = v.text()
		case 2:
			w.Since = v.time()
		case 3:
			w.Times = int(v.number())
		case 4:
			return gone(w, v.bytes)
		}
		return nil
	})
}

func gone(w *shrink.Watch, m []byte) error {
	name, at := "", time.Time{}
	err := each(m, func(field protowire.Number, v value) error {
		switch field {
		case 1:
			name = v.text()
		case 2:
			at = v.time()
		}
		return nil
	})
	if w.Gone == nil {
		w.Gone = map[string]time.Time{}
	}
	w.Gone[name] = at
	return err
}
