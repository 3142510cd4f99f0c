package edit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// document is a text with the places of its nodes.
type document struct {
	lines []string // with their line breaks
	root  *yaml.Node
	eol   string
}

// errFlow says that something has to be written line by line.
func errFlow(what string) error {
	return fmt.Errorf("%s is written in braces on one line: write it as lines, one key to a line, and try again", what)
}

func parse(text []byte) (*document, error) {
	d := &document{eol: "\n"}
	if bytes.Contains(text, []byte("\r\n")) {
		d.eol = "\r\n"
	}
	// YAML ends lines at these too (1.1, section 4.2), and lines are counted here.
	if strings.ContainsAny(strings.ReplaceAll(string(text), "\r\n", "\n"), "\r\u0085\u2028\u2029") {
		return nil, errors.New("values.yaml has line breaks that are none to most programs (CR, NEL, LS or PS): write \\n in their place, and try again")
	}
	for line := range strings.Lines(string(text)) {
		d.lines = append(d.lines, line)
	}
	return d, d.reparse()
}

// reparse finds the places anew, after lines changed.
func (d *document) reparse() error {
	var document yaml.Node
	if err := yaml.Unmarshal(d.bytes(), &document); err != nil {
		return err
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return errors.New("values.yaml is no map")
	}
	d.root = document.Content[0]
	return plain(d.root)
}

// plain refuses what a change in one place would change in another.
func plain(n *yaml.Node) error {
	if n.Anchor != "" || n.Kind == yaml.AliasNode {
		return fmt.Errorf("line %d: values.yaml uses an anchor: write out what it stands for, and try again", n.Line)
	}
	for _, child := range n.Content {
		if err := plain(child); err != nil {
			return err
		}
	}
	return nil
}

func (d *document) bytes() []byte { return []byte(strings.Join(d.lines, "")) }

// replace puts lines in the place of those from a line up to another, counted
// from 1, and finds the places anew.
func (d *document) replace(from, to int, with ...string) error {
	for i := range with {
		with[i] += d.eol
	}
	if from > 1 && from > len(d.lines) && len(with) > 0 && !strings.HasSuffix(d.lines[len(d.lines)-1], "\n") {
		d.lines[len(d.lines)-1] += d.eol // what follows begins a line
	}
	d.lines = slices.Replace(d.lines, from-1, to-1, with...)
	return d.reparse()
}

// line gives a line without its break.
func (d *document) line(n int) string { return strings.TrimRight(d.lines[n-1], "\r\n") }

// setLine changes one line.
func (d *document) setLine(n int, text string) error {
	d.lines[n-1] = text + d.lines[n-1][len(d.line(n)):]
	return d.reparse()
}

// place is a field of a block map, with the lines that it takes.
type place struct {
	parent     *yaml.Node
	index      int // of the key in parent.Content
	key, value *yaml.Node
	from, to   int // lines, to is the first that is not its own
}

// find gives the field at a path; nil if it is not there. Maps on the way have
// to be written as lines.
func (d *document) find(path ...string) (*place, error) {
	current := &place{value: d.root, from: 1, to: len(d.lines) + 1}
	for i, key := range path {
		if current.value.Kind != yaml.MappingNode {
			return nil, nil
		}
		if current.value.Style&yaml.FlowStyle != 0 {
			if len(current.value.Content) == 0 {
				return nil, nil
			}
			return nil, errFlow(strings.Join(path[:i], "."))
		}
		next := d.field(current, key)
		if next == nil {
			return nil, nil
		}
		current = next
	}
	return current, nil
}

func (d *document) field(of *place, key string) *place {
	content := of.value.Content
	for i := 0; i < len(content); i += 2 {
		if content[i].Value != key {
			continue
		}
		p := &place{parent: of.value, index: i, key: content[i], value: content[i+1], from: content[i].Line, to: of.to}
		if i+2 < len(content) {
			p.to = content[i+2].Line
		}
		p.to = d.trim(p)
		return p
	}
	return nil
}

// trim gives back the blank lines and comments at a field's end that belong to
// what follows: comments as far to the left as the key.
func (d *document) trim(p *place) int {
	to := p.to
	for to > p.from+1 {
		text := strings.TrimLeft(d.line(to-1), " \t")
		indent := len(d.line(to-1)) - len(text)
		if text != "" && (text[0] != '#' || indent >= p.key.Column) {
			break
		}
		to--
	}
	return to
}

// head is the first line of the comments that stand directly above a field.
func (d *document) head(p *place) int {
	from := p.from
	for from > 1 {
		text := strings.TrimLeft(d.line(from-1), " \t")
		if !strings.HasPrefix(text, "#") || len(d.line(from-1))-len(text) != p.key.Column-1 {
			break
		}
		from--
	}
	return from
}

// insert adds a field to the map at a path, behind those that come before it in
// an order. lines are the field's, without indentation. A map that is not there
// or is written as {} is begun.
func (d *document) insert(path []string, key string, order []string, lines ...string) error {
	parent, err := d.find(path...)
	if err != nil {
		return err
	}
	if len(path) == 0 {
		parent = &place{value: d.root, from: 1, to: len(d.lines) + 1, key: &yaml.Node{Column: 1}}
	}
	if parent == nil {
		up, own := path[:len(path)-1], path[len(path)-1]
		return d.insert(up, own, orderOf(up), append([]string{scalarText(own) + ":"}, indent(lines)...)...)
	}
	if len(parent.value.Content) == 0 {
		return d.begin(parent, strings.Join(path, "."), lines)
	}
	if parent.value.Style&yaml.FlowStyle != 0 {
		return errFlow(strings.Join(path, "."))
	}
	at, column := d.slot(parent, key, order)
	return d.replace(at, at, shifted(lines, column-1)...)
}

// begin writes the first field of a map that has none.
func (d *document) begin(p *place, what string, lines []string) error {
	text := d.line(p.value.Line)
	start := byteAt(text, p.value.Column)
	rest := text[start:]
	if p.value.Kind == yaml.MappingNode && p.value.Line == p.key.Line && strings.HasPrefix(rest, "{}") {
		before, after := strings.TrimRight(text[:start], " "), strings.TrimLeft(rest[len("{}"):], " ")
		if after != "" {
			after = " " + after
		}
		d.lines[p.value.Line-1] = before + after + d.lines[p.value.Line-1][len(text):]
		return d.replace(p.key.Line+1, p.key.Line+1, shifted(lines, p.key.Column+1)...)
	}
	return fmt.Errorf("%s holds no map that could be added to", what)
}

// slot finds the line where a field goes, and the column of its key.
func (d *document) slot(parent *place, key string, order []string) (line, column int) {
	content := parent.value.Content
	column = content[0].Column
	line = content[0].Line
	for i := 0; i < len(content); i += 2 {
		if rank(content[i].Value, order) <= rank(key, order) {
			line = d.field(parent, content[i].Value).to
		}
	}
	return line, column
}

// rank is a key's place in an order; what has none comes last.
func rank(key string, order []string) int {
	if at := slices.Index(order, key); at >= 0 {
		return at
	}
	return len(order)
}

// remove takes a field out, with the comments directly above it. The last field
// of a map takes the map with it.
func (d *document) remove(path ...string) error {
	p, err := d.find(path...)
	if err != nil || p == nil {
		return err
	}
	if len(p.parent.Content) == 2 && len(path) > 1 {
		return d.remove(path[:len(path)-1]...)
	}
	from := d.head(p)
	if d.blank(from-1) && (p.to > len(d.lines) || d.blank(p.to)) {
		from-- // of two blank lines that come together
	}
	return d.replace(from, p.to)
}

func (d *document) blank(line int) bool { return line >= 1 && strings.TrimSpace(d.line(line)) == "" }

func indent(lines []string) []string { return shifted(lines, 2) }

func shifted(lines []string, by int) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = strings.Repeat(" ", by) + line
	}
	return out
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
