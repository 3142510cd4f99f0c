package artifact

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

const maxJSONDepth = 32

// decodeStrict is json.Unmarshal without its leniency: encoding/json takes the
// last of two equal keys and matches them in any case, so that one document can
// mean one thing here and another to the next reader. Such documents and bad
// UTF-8 are refused. Unknown keys are not.
func decodeStrict(data []byte, into any) error {
	if !utf8.Valid(data) {
		return errors.New("it is not UTF-8")
	}
	if err := json.Unmarshal(data, into); err != nil {
		return err
	}
	return uniqueKeys(data)
}

// uniqueKeys refuses an object with a key twice. data is sound JSON: there, a
// string before a colon is a key, and nothing else is. (A json.Decoder's tokens
// would do, at ten times the price.)
func uniqueKeys(data []byte) error {
	var open []map[string]bool // the keys of each object around; a list has none
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{', '[':
			if len(open) == maxJSONDepth {
				return fmt.Errorf("it is nested more than %d deep", maxJSONDepth)
			}
			open = append(open, map[string]bool{})
		case '}', ']':
			open = open[:len(open)-1]
		case '"':
			end := stringEnd(data, i)
			if rest := bytes.TrimLeft(data[end:], " \t\r\n"); len(rest) > 0 && rest[0] == ':' {
				if err := addKey(open[len(open)-1], data[i:end]); err != nil {
					return err
				}
			}
			i = end - 1
		}
	}
	return nil
}

// stringEnd gives the place behind the string that begins at i.
func stringEnd(data []byte, i int) int {
	for i++; data[i] != '"'; i++ {
		if data[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// addKey notes a key in quotes, folded as encoding/json folds the case of keys.
func addKey(keys map[string]bool, quoted []byte) error {
	key := string(quoted[1 : len(quoted)-1])
	if strings.Contains(key, `\`) {
		if err := json.Unmarshal(quoted, &key); err != nil {
			return err
		}
	}
	folded := strings.ToLower(strings.ToUpper(key))
	if keys[folded] {
		return fmt.Errorf("key %q stands there twice", clip(key))
	}
	keys[folded] = true
	return nil
}
