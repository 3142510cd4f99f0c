package api

import (
	"bytes"
	"encoding/json"
)

// List is a JSON array that is never null: nil is written as []. A plain slice
// can be assigned to it.
type List[T any] []T

// MarshalJSON writes the array.
func (l List[T]) MarshalJSON() ([]byte, error) {
	if l == nil {
		return []byte("[]"), nil
	}
	return marshal([]T(l))
}

// Map is a JSON object of open keys that is never null: nil is written as {}.
// Keys are sorted. A plain map can be assigned to it.
type Map[T any] map[string]T

// MarshalJSON writes the object.
func (m Map[T]) MarshalJSON() ([]byte, error) {
	if m == nil {
		return []byte("{}"), nil
	}
	return marshal(map[string]T(m))
}

// marshal leaves <, > and & alone, so that the outer encoder, which escapes
// what comes from a Marshaler once more, decides about them.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
