package artifact

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDecodeStrict(t *testing.T) {
	for text, message := range map[string]string{
		`{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}`: "",
		`{"a":"\"a\":", "b" : "x:y\\"}`:             "",
		`["a", "a"]`:                                "",
		`"a"`:                                       "",
		` null `:                                    "",
		`{"a":1,"a":1}`:                             `"a" stands there twice`,
		`{"a":1,"A" : 1}`:                           `"A" stands there twice`,
		`{"x":[{"a":1,"\u0061":1}]}`:                `"a" stands there twice`,
		`{"kind":1,"\u212aind":1}`:                  "stands there twice", // the Kelvin sign folds to k
		`{"layers":1,"layer` + "\u017f" + `":1}`:    "stands there twice", // the long s folds to s
		`{"a":1} {"a":1}`:                           "after top-level value",
		`{"a":1`:                                    "unexpected end",
		``:                                          "unexpected end",
		"{\"a\":\"\xff\"}":                          "not UTF-8",
	} {
		var into any
		err := decodeStrict([]byte(text), &into)
		if message == "" {
			require.NoError(t, err, text)
		} else {
			require.ErrorContains(t, err, message, text)
		}
	}
}

func FuzzDecodeStrict(f *testing.F) {
	f.Add([]byte(`{"a":"\"","b":[{"a":1,"\u0061":[]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var into any
		if decodeStrict(data, &into) == nil {
			require.True(t, json.Valid(data))
		}
	})
}
