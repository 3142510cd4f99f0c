package harbor

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// loose walks over a text that is JSON if its writer was kind: a label. It
// checks nothing that it does not need, stops where it does not understand, and
// never panics. What it gives is a hint.
type loose struct {
	text []byte
	at   int
}

// fields reads an object: each is called with a key and must read the value.
// Anything else is passed over.
func (t *loose) fields(each func(key []byte)) {
	if t.peek() != '{' {
		t.value()
		return
	}
	for t.at++; ; {
		switch t.peek() {
		case ',':
			t.at++
		case '"':
			key := t.value()
			if len(key) < 2 || t.peek() != ':' {
				t.stop()
				return
			}
			t.at++
			each(key[1 : len(key)-1])
		case '}':
			t.at++
			return
		default:
			t.stop()
			return
		}
	}
}

// value passes over the next value and gives it. A string comes with its quotes;
// one with escapes, in which no name of an image is written, comes as nothing.
func (t *loose) value() jsontext.Value {
	switch t.peek() {
	case '"':
		from := t.at
		t.at = stringEnd(t.text, t.at)
		if v := t.text[from:t.at]; bytes.IndexByte(v, '\\') < 0 {
			return v
		}
		return nil
	case '{', '[':
		t.nested()
	default:
		for t.at < len(t.text) && !bytes.ContainsRune([]byte(",}]"), rune(t.text[t.at])) {
			t.at++
		}
	}
	return nil
}

// nested passes over an object or a list.
func (t *loose) nested() {
	depth := 0
	for t.at < len(t.text) {
		switch t.text[t.at] {
		case '"':
			t.at = stringEnd(t.text, t.at)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if t.at++; depth == 0 {
			return
		}
	}
}

// peek gives the next byte that is no blank, or 0 at the end.
func (t *loose) peek() byte {
	for t.at < len(t.text) && t.text[t.at] <= ' ' {
		t.at++
	}
	if t.at == len(t.text) {
		return 0
	}
	return t.text[t.at]
}

func (t *loose) stop() { t.at = len(t.text) }

// stringEnd gives where the string that begins at from has ended, or the end of
// the text.
func stringEnd(text []byte, from int) int {
	for i := from + 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return len(text)
}
