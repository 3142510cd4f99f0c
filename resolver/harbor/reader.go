package harbor

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// reader takes the few fields that are wanted out of a JSON text, token by
// token, and skips the rest as whole values. The text is held to
// encoding/json/v2's rules, also where it is skipped: no duplicate keys, no
// invalid UTF-8; keys are compared exactly.
//
// The first error stays, and everything after it reads as empty, so that the
// code that reads a shape looks like the shape.
type reader struct {
	dec *jsontext.Decoder
	err error
	// words are spellings that come again and again (types, architectures),
	// kept so that a page holds each once.
	words map[string]string
	label []byte // where the text of a label is unescaped
}

// maxWords bounds what a reader keeps between pages.
const maxWords = 256

func newReader() *reader {
	return &reader{dec: jsontext.NewDecoder(eof{}), words: make(map[string]string)}
}

// eof is where a reader reads between two bodies.
type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

func (r *reader) reset(body io.Reader) {
	if body == nil {
		body = eof{}
	}
	r.dec.Reset(body)
	r.err = nil
	if len(r.words) > maxWords {
		clear(r.words)
	}
}

// fail keeps the first error. What the network did is its own error; all else
// says that the text is not Harbor's.
func (r *reader) fail(err error) {
	if r.err != nil || err == nil {
		return
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		r.err = f
		return
	}
	r.err = foreign("its answer is not JSON as Harbor writes it: %s", reason(err))
}

// reason says in own words what was wrong: the decoder's would show the text.
func reason(err error) string {
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return "a key stands twice in one object"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "it ends too early"
	}
	if s, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return "the text is malformed at byte " + strconv.FormatInt(s.ByteOffset, 10)
	}
	return "the text is malformed"
}

// wrong says that a value is not of the kind that Harbor writes there.
func (r *reader) wrong(what string) {
	if r.err == nil {
		r.err = foreign("its answer is not one of Harbor: %s", what)
	}
}

// value reads the next value as it is written. It is valid until the next read.
func (r *reader) value() jsontext.Value {
	if r.err != nil {
		return nil
	}
	v, err := r.dec.ReadValue()
	if err != nil {
		r.fail(err)
		return nil
	}
	return v
}

// skip checks the next value and forgets it. (The decoder's SkipValue goes token
// by token, which is slower.)
func (r *reader) skip() { r.value() }

// enter goes into an object or a list. Of any other kind it is skipped, and not
// entered.
func (r *reader) enter(kind jsontext.Kind) bool {
	if r.err != nil {
		return false
	}
	if r.dec.PeekKind() != kind {
		r.skip()
		return false
	}
	_, err := r.dec.ReadToken()
	r.fail(err)
	return err == nil
}

// leave tells whether the object or list that was entered ends here.
func (r *reader) leave(kind jsontext.Kind) bool {
	if r.err != nil {
		return true
	}
	if r.dec.PeekKind() != kind {
		return false
	}
	_, err := r.dec.ReadToken()
	r.fail(err)
	return true
}

// fields reads an object: each is called with a key, valid until the next read,
// and must read or skip the value. What is no object is skipped: whether that is
// an error, the caller sees from what it did not get.
func (r *reader) fields(each func(key []byte)) {
	if !r.enter('{') {
		return
	}
	for !r.leave('}') {
		if key := r.key(); r.err == nil {
			each(key)
		}
	}
}

// object is fields for where Harbor writes an object and nothing else.
func (r *reader) object(each func(key []byte)) {
	if r.err == nil && r.dec.PeekKind() != '{' {
		r.skip()
		r.wrong("an object is missing")
		return
	}
	r.fields(each)
}

// key reads a key.
func (r *reader) key() []byte {
	v := r.value()
	if len(v) < 2 {
		return nil
	}
	if bytes.IndexByte(v, '\\') >= 0 {
		text, _ := jsontext.AppendUnquote(nil, v)
		return text
	}
	return v[1 : len(v)-1]
}

// items reads a list: each must read or skip one value. What is no list is
// skipped.
func (r *reader) items(each func()) {
	if !r.enter('[') {
		return
	}
	for !r.leave(']') {
		each()
	}
}

// list is items for where Harbor writes a list, or null for an empty one.
func (r *reader) list(each func()) {
	if r.err == nil {
		if kind := r.dec.PeekKind(); kind != '[' && kind != 'n' {
			r.skip()
			r.wrong("a list is missing")
			return
		}
	}
	r.items(each)
}

// word gives a string that is likely to come again.
func (r *reader) word(v jsontext.Value) string {
	if len(v) < 2 || v[0] != '"' {
		return ""
	}
	if s, ok := r.words[string(v)]; ok {
		return s
	}
	return r.learn(string(v), unquoted(v))
}

// known is word for a text that stands without its quotes.
func (r *reader) known(text []byte) string {
	if s, ok := r.words[string(text)]; ok {
		return s
	}
	s := string(text)
	return r.learn(s, s)
}

func (r *reader) learn(spelling, s string) string {
	if len(spelling) <= 100 && len(r.words) <= maxWords {
		r.words[spelling] = s
	}
	return s
}

// unquoted gives the text of a JSON string that is known to be well-formed.
func unquoted(v jsontext.Value) string {
	if len(v) < 2 || v[0] != '"' {
		return ""
	}
	if bytes.IndexByte(v, '\\') >= 0 {
		text, _ := jsontext.AppendUnquote(nil, v)
		return string(text)
	}
	return string(v[1 : len(v)-1])
}

// quoted reads a string as it is written, or null as nothing.
func (r *reader) quoted() jsontext.Value {
	v := r.value()
	switch v.Kind() {
	case '"':
		return v
	case 'n':
		return nil
	}
	r.wrong("a text is missing")
	return nil
}

// text reads a string that does not come again, or null as "".
func (r *reader) text() string { return unquoted(r.quoted()) }

// common reads a string that is likely to come again, or null as "".
func (r *reader) common() string { return r.word(r.quoted()) }

// time reads a time: RFC 3339 with milliseconds and Z as recorded. Null, and
// the year 1 that Harbor writes for "never", are the zero time.
func (r *reader) time() time.Time {
	v := r.quoted()
	if len(v) < 2 {
		return time.Time{}
	}
	var t time.Time
	if t.UnmarshalText(v[1:len(v)-1]) != nil {
		r.wrong("a time is written in another way")
	}
	return t.UTC()
}

// count reads a number that is not negative, or null as 0.
func (r *reader) count() int64 {
	v := r.value()
	if v.Kind() == 'n' {
		return 0
	}
	n, err := strconv.ParseUint(string(v), 10, 63)
	if err != nil {
		r.wrong("a number is missing")
	}
	return int64(n)
}

// hint reads a string where anything may stand: what is none is "".
func (r *reader) hint() string { return r.word(r.value()) }

// end tells whether the text ends after the value that was read.
func (r *reader) end() error {
	if r.err != nil {
		return r.err
	}
	_, err := r.dec.ReadToken()
	if err == nil {
		r.wrong("something follows its end")
	} else if !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		r.fail(err)
	}
	return r.err
}
