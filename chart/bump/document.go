package bump

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// document is a text by lines, with the places of what it says.
type document struct {
	lines []string // with their line breaks
	eol   string
	root  *yaml.Node
}

func parse(text []byte) (*document, error) {
	d := &document{eol: "\n"}
	if bytes.Contains(text, []byte("\r\n")) {
		d.eol = "\r\n"
	}
	// YAML ends lines at these too (1.1, section 4.2), and lines are counted here.
	if strings.ContainsAny(strings.ReplaceAll(string(text), "\r\n", "\n"), "\r\u0085\u2028\u2029") {
		return nil, errors.New("it has line breaks that are none to most programs (CR, NEL, LS or PS): write \\n in their place, and try again")
	}
	for line := range strings.Lines(string(text)) {
		d.lines = append(d.lines, line)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	if len(root.Content) != 1 || root.Content[0].Kind != yaml.MappingNode || root.Content[0].Style&yaml.FlowStyle != 0 {
		return nil, errors.New("it is not written as lines, one key to a line: write it so, and try again")
	}
	d.root = root.Content[0]
	return d, nil
}

func (d *document) bytes() []byte { return []byte(strings.Join(d.lines, "")) }

// line gives a line, counted from 1, without its break.
func (d *document) line(n int) string { return strings.TrimRight(d.lines[n-1], "\r\n") }

// field is a key with its value, and the line after the last of its own.
type field struct {
	key, value *yaml.Node
	end        int
}

// field gives a field of a map whose lines end before a line; nil if there is
// none.
func (d *document) field(of *yaml.Node, key string, end int) *field {
	for i := 0; i < len(of.Content); i += 2 {
		if of.Content[i].Value != key {
			continue
		}
		f := &field{of.Content[i], of.Content[i+1], end}
		if i+2 < len(of.Content) {
			f.end = of.Content[i+2].Line
		}
		f.end = d.trim(f)
		return f
	}
	return nil
}

// trim gives back the blank lines and comments at a field's end that belong to
// what follows: comments as far to the left as the key.
func (d *document) trim(f *field) int {
	end := f.end
	for end > f.key.Line+1 {
		text := strings.TrimLeft(d.line(end-1), " \t")
		indent := len(d.line(end-1)) - len(text)
		if text != "" && (text[0] != '#' || indent >= f.key.Column) {
			break
		}
		end--
	}
	return end
}

// scalar are the ways in which a version is written; the version is between the
// quotes.
var scalar = regexp.MustCompile(`^(?:"([^"\\]*)"|'([^']*)'|([^\s#"'&*!|>{\[][^\s]*))`)

// set writes the value of a field at the root, in the quotes that it has.
func (d *document) set(key, value string) error {
	f := d.field(d.root, key, len(d.lines)+1)
	if f == nil || f.value.Line != f.key.Line {
		return errors.New("it is not written on one line: write it so, and try again")
	}
	line := d.line(f.value.Line)
	start := byteAt(line, f.value.Column)
	found := scalar.FindStringSubmatchIndex(line[start:])
	for group := 2; group < len(found); group += 2 {
		from, to := found[group], found[group+1]
		if from >= 0 && line[start+from:start+to] == f.value.Value {
			at := f.value.Line - 1
			d.lines[at] = line[:start+from] + value + line[start+to:] + d.lines[at][len(line):]
			return nil
		}
	}
	return errors.New("it is no plain or quoted text: write it so, and try again")
}

// byteAt turns a column, which counts characters from 1, into a place in a line.
func byteAt(line string, column int) int {
	for at := range line {
		if column--; column == 0 {
			return at
		}
	}
	return len(line)
}

// literal is the beginning of a text in lines that is kept as it is, a comment
// behind it included.
var literal = regexp.MustCompile(`^\|[-+]?(?:[ \t]+#.*)?$`)

// note writes the annotation with notes: in the place of the one that is there,
// else behind the other annotations, else as the first of them.
func (d *document) note(notes []Note) error {
	text, err := noteLines(notes)
	if err != nil {
		return err
	}
	annotations := d.field(d.root, "annotations", len(d.lines)+1)
	switch {
	case annotations == nil:
		d.replace(len(d.lines)+1, len(d.lines)+1, "annotations:", block(2, "|", text))
		return nil
	case annotations.value.Kind == yaml.ScalarNode && annotations.value.Tag == "!!null",
		annotations.value.Kind == yaml.MappingNode && len(annotations.value.Content) == 0:
		d.begin(annotations, text)
		return nil
	case annotations.value.Kind != yaml.MappingNode || annotations.value.Style&yaml.FlowStyle != 0:
		return errors.New("they are not written as lines, one to a line: write them so, and try again")
	}
	indent := annotations.value.Content[0].Column - 1
	there := d.field(annotations.value, ChangesAnnotation, annotations.end)
	if there == nil {
		d.replace(annotations.end, annotations.end, block(indent, "|", text))
		return nil
	}
	head := "|"
	if line := d.line(there.key.Line); there.value.Line == there.key.Line {
		if rest := line[byteAt(line, there.value.Column):]; literal.MatchString(rest) {
			head = rest
		} else if there.value.LineComment != "" {
			head += " " + there.value.LineComment
		}
	}
	d.replace(there.key.Line, there.end, block(indent, head, text))
	return nil
}

// begin writes the first annotation where the key stands and nothing in it.
func (d *document) begin(annotations *field, text []string) {
	if annotations.value.Kind == yaml.MappingNode {
		at := annotations.value.Line - 1
		d.lines[at] = strings.Replace(d.lines[at], " {}", "", 1)
	}
	d.replace(annotations.key.Line+1, annotations.key.Line+1, block(2, "|", text))
}

// noteLines writes notes as a list, one line to a key.
func noteLines(notes []Note) ([]string, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(notes); err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimRight(out.String(), "\n"), "\n"), nil
}

// block writes the annotation at an indentation.
func block(indent int, head string, text []string) string {
	own := strings.Repeat(" ", indent)
	lines := []string{own + ChangesAnnotation + ": " + head}
	for _, line := range text {
		lines = append(lines, own+"  "+line)
	}
	return strings.Join(lines, "\n")
}

// replace puts texts in the place of the lines from one up to another.
func (d *document) replace(from, to int, with ...string) {
	if from > len(d.lines) && len(d.lines) > 0 && !strings.HasSuffix(d.lines[len(d.lines)-1], "\n") {
		d.lines[len(d.lines)-1] += d.eol // what follows begins a line
	}
	var lines []string
	for line := range strings.SplitSeq(strings.Join(with, "\n"), "\n") {
		lines = append(lines, line+d.eol)
	}
	d.lines = slices.Replace(d.lines, from-1, to-1, lines...)
}
