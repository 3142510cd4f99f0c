package edit

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"
)

// scalarText writes a text so that every reader of YAML reads that text again:
// plain where it can, else in quotes.
func scalarText(text string) string {
	root, problems := strictyaml.Parse([]byte("- " + text + "\n"))
	if len(problems) == 0 && root != nil && root.Kind == strictyaml.List && len(root.Items) == 1 {
		item := root.Items[0]
		if value, ok := item.Text(); ok && value == text && !item.Date && !strings.Contains(text, "\n") {
			return text
		}
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		panic("edit: a text does not encode: " + err.Error())
	}
	return unescaped.Replace(string(quoted)) // JSON's strings are YAML's too
}

// unescaped takes back what encoding/json escapes for browsers.
var unescaped = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&")

var errLong = errors.New("the value goes over several lines")

// span finds the place of a scalar that stands on one line: bytes of the line.
func (d *document) span(n *yaml.Node) (from, to int, err error) {
	text := d.line(n.Line)
	from = byteAt(text, n.Column)
	rest := text[from:]
	switch {
	case n.Kind != yaml.ScalarNode:
		return 0, 0, errLong
	case n.Style&yaml.DoubleQuotedStyle != 0:
		to, err = closing(rest, doubleQuoted)
	case n.Style&yaml.SingleQuotedStyle != 0:
		to, err = closing(rest, singleQuoted)
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return 0, 0, errLong
	default:
		// A plain scalar is written as it is read.
		if !strings.HasPrefix(rest, n.Value) {
			return 0, 0, errLong
		}
		to = len(n.Value)
	}
	return from, from + to, err
}

var (
	doubleQuoted = regexp.MustCompile(`^"(?:[^"\\]|\\.)*"`)
	singleQuoted = regexp.MustCompile(`^'(?:[^']|'')*'`)
)

func closing(text string, form *regexp.Regexp) (int, error) {
	if found := form.FindString(text); found != "" {
		return len(found), nil
	}
	return 0, errLong
}

// set writes a scalar at a path: over the one that is there, whatever stands
// behind it on the line, else as a field of its own. "" takes the field out.
func (d *document) set(value string, path ...string) error {
	if value == "" {
		return d.remove(path...)
	}
	key, parent := path[len(path)-1], path[:len(path)-1]
	field := scalarText(key) + ": " + scalarText(value)
	p, err := d.find(path...)
	if err != nil {
		return err
	}
	if p == nil {
		return d.insert(parent, key, orderOf(parent), field)
	}
	from, to, err := d.span(p.value)
	if err != nil || p.value.Line != p.key.Line {
		return d.replace(p.from, p.to, shifted([]string{field}, p.key.Column-1)...)
	}
	text := d.line(p.value.Line)
	return d.setLine(p.value.Line, text[:from]+scalarText(value)+text[to:])
}

// rename writes another key.
func (d *document) rename(to string, path ...string) error {
	p, err := d.find(path...)
	if err != nil || p == nil {
		return err
	}
	from, end, err := d.span(p.key)
	if err != nil {
		return err
	}
	text := d.line(p.key.Line)
	return d.setLine(p.key.Line, text[:from]+scalarText(to)+text[end:])
}
