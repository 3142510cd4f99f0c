package strictyaml

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// sense is what a plain scalar means, or why readers do not agree about it.
type sense struct {
	value any    // string, bool or json.Number
	null  bool   // it is null to somebody
	date  bool   // a date to Python, a string to Go
	bends string // "" or what some reader makes of it
}

// readAs says what a scalar is, for a message about a key.
func (s sense) readAs() string {
	switch {
	case s.null:
		return "null"
	case s.bends != "":
		return s.bends
	case s.date:
		return "a date"
	}
	if _, ok := s.value.(bool); ok {
		return "a boolean"
	}
	return "a number"
}

// Patterns of the resolution rules of YAML 1.1 (https://yaml.org/type/), as
// PyYAML and Go's yaml libraries implement them, and of YAML 1.2's core schema.
var (
	plainInt    = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)
	plainFloat  = regexp.MustCompile(`^-?(0|[1-9][0-9]*)\.[0-9]+$`)
	oddNumber   = regexp.MustCompile(`^[-+]?(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|\.[0-9][0-9_]*([eE][-+]?[0-9]+)?)$`)
	sexagesimal = regexp.MustCompile(`^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$`)
	plainDate   = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	timestamp   = regexp.MustCompile(`^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?$`)
)

// isOddNumber tells text that some reader takes for a number. Go's libraries
// pass over underscores wherever they stand, PyYAML where a digit may stand.
func isOddNumber(text string) bool {
	return oddNumber.MatchString(text) || strings.ContainsRune("+-0123456789", rune(text[0])) &&
		oddNumber.MatchString(strings.ReplaceAll(text, "_", ""))
}

// MaxInteger is the largest integer that survives a reader that keeps numbers
// as IEEE 754 doubles, as Helm does.
const MaxInteger = 1 << 53

// meaning resolves a plain scalar.
func meaning(text string) sense {
	switch strings.ToLower(text) {
	case "", "~", "null":
		return sense{null: true}
	case "true", "false":
		return boolean(text)
	case "y", "n", "yes", "no", "on", "off":
		return sense{bends: "a boolean by some readers"}
	case ".nan", ".inf", "-.inf", "+.inf":
		return sense{bends: "a number by some readers"}
	case "=", "<<":
		return sense{bends: "a special value by some readers"}
	}
	switch {
	case plainInt.MatchString(text):
		return integer(text)
	case plainFloat.MatchString(text):
		return decimal(text)
	case isOddNumber(text):
		return sense{bends: "a number, and not by all readers as the same one"}
	case sexagesimal.MatchString(text):
		return sense{bends: "a number to the base 60 by some readers"}
	case plainDate.MatchString(text):
		return sense{value: text, date: true}
	case timestamp.MatchString(text):
		return sense{bends: "a time by some readers"}
	}
	return sense{value: text}
}

// boolean takes the three spellings that all readers take.
func boolean(text string) sense {
	switch text {
	case "true", "True", "TRUE":
		return sense{value: true}
	case "false", "False", "FALSE":
		return sense{value: false}
	}
	return sense{bends: "a boolean by some readers"}
}

func integer(text string) sense {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n > MaxInteger || n < -MaxInteger || text == "-0" {
		return sense{bends: "a number that not every reader can hold"}
	}
	return sense{value: json.Number(text)}
}

// decimal takes a fraction only if it comes back as it was written: 3.20 would
// come back as 3.2, 3.0 as 3, and 0.00001 as 1e-05, which Python takes for text.
func decimal(text string) sense {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) || strconv.FormatFloat(f, 'f', -1, 64) != text {
		return sense{bends: "a number that loses digits"}
	}
	if f != 0 && math.Abs(f) < 1e-4 {
		return sense{bends: "a number that is written back with an exponent"}
	}
	return sense{value: json.Number(text)}
}

// Ambiguous tells whether some reader takes text, where it stands without
// quotes, for anything but a string.
func Ambiguous(text string) bool {
	m := meaning(text)
	return m.value != any(text) || m.date
}
