package harbor

import "bytes"

// loose walks over a text that is JSON if its writer was kind: a label. It
// checks nothing that it does not need, stops where it does not understand, and
// never panics. What it gives is a hint.
//
// The text is as it stands in a JSON string, so that a label, which is nearly all
// of an answer, is not copied to be read: each quote and each backslash has a
// backslash before it, and nothing else has.
type loose struct {
	text []byte
	at   int
	// odd tells that it stopped at something else that is escaped.
	odd bool
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
			key := t.string()
			if key == nil || t.peek() != ':' {
				t.stop()
				return
			}
			t.at++
			each(key)
		case '}':
			t.at++
			return
		default:
			t.stop()
			return
		}
	}
}

// value passes over the next value. Of a string it gives the text; one with
// escapes, in which no name of an image is written, comes as nothing.
func (t *loose) value() []byte {
	switch t.peek() {
	case '"':
		return t.string()
	case '{', '[':
		t.nested()
	default:
		for t.at < len(t.text) && t.text[t.at] != ',' && t.text[t.at] != '}' && t.text[t.at] != ']' {
			t.at++
		}
	}
	return nil
}

// nested passes over an object or a list.
func (t *loose) nested() {
	for depth := 0; t.at < len(t.text); {
		switch t.text[t.at] {
		case '\\':
			switch t.escaped() {
			case '"':
				t.string()
			case '\\':
				t.at += 2
			}
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

// string passes over the string that begins here, and gives its text if nothing
// in it is escaped.
func (t *loose) string() []byte {
	t.at += 2
	from, plain := t.at, true
	for {
		next := bytes.IndexByte(t.text[t.at:], '\\')
		if next < 0 {
			t.stop()
			return nil
		}
		t.at += next
		switch t.escaped() {
		case '"':
			t.at += 2
			if !plain {
				return nil
			}
			return t.text[from : t.at-2]
		case '\\':
			plain = false
			t.at += 2
			t.pass()
		default:
			return nil
		}
	}
}

// pass passes over one character.
func (t *loose) pass() {
	switch {
	case t.at >= len(t.text):
	case t.text[t.at] != '\\':
		t.at++
	case t.escaped() != 0:
		t.at += 2
	}
}

// escaped gives the quote or the backslash that the backslash here escapes. At
// anything else it stops, and gives 0.
func (t *loose) escaped() byte {
	if t.at+1 < len(t.text) {
		if b := t.text[t.at+1]; b == '"' || b == '\\' {
			return b
		}
		t.odd = true
	}
	t.stop()
	return 0
}

// peek gives the next character that is no blank, or 0 at the end.
func (t *loose) peek() byte {
	for t.at < len(t.text) && t.text[t.at] <= ' ' {
		t.at++
	}
	switch {
	case t.at >= len(t.text):
		return 0
	case t.text[t.at] == '\\':
		return t.escaped()
	}
	return t.text[t.at]
}

func (t *loose) stop() { t.at = len(t.text) }
