package edit

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// add appends a text to a list of texts, which is begun if it is not there.
func (d *document) add(item string, path ...string) error {
	key, parent := path[len(path)-1], path[:len(path)-1]
	p, err := d.find(path...)
	if err != nil {
		return err
	}
	if p == nil {
		return d.insert(parent, key, orderOf(parent), scalarText(key)+":", "  - "+scalarText(item))
	}
	if p.value.Kind != yaml.SequenceNode {
		return fmt.Errorf("%s is no list", strings.Join(path, "."))
	}
	if p.value.Style&yaml.FlowStyle != 0 {
		return d.rewrite(p, func(items []string) []string { return append(items, scalarText(item)) })
	}
	last := p.value.Content[len(p.value.Content)-1]
	return d.replace(last.Line+1, last.Line+1, strings.Repeat(" ", p.value.Column-1)+"- "+scalarText(item))
}

// drop takes a text out of a list of texts; a list without items goes.
func (d *document) drop(item string, path ...string) error {
	p, err := d.find(path...)
	if err != nil || p == nil {
		return err
	}
	at := slices.IndexFunc(p.value.Content, func(n *yaml.Node) bool { return n.Value == item })
	switch {
	case at < 0:
		return nil
	case len(p.value.Content) == 1:
		return d.remove(path...)
	case p.value.Style&yaml.FlowStyle != 0:
		return d.rewrite(p, func(items []string) []string { return slices.Delete(items, at, at+1) })
	}
	line := p.value.Content[at].Line
	return d.replace(line, line+1)
}

// rewrite writes the items of a list in brackets anew, each as it is written.
func (d *document) rewrite(p *place, change func([]string) []string) error {
	text := d.line(p.value.Line)
	from := byteAt(text, p.value.Column)
	items := make([]string, 0, len(p.value.Content)+1)
	end := from + 1
	for _, n := range p.value.Content {
		start, stop, err := d.span(n)
		if err != nil || n.Line != p.value.Line {
			return fmt.Errorf("line %d: the list goes over several lines in brackets: write it as lines, one item to a line, and try again", p.value.Line)
		}
		items = append(items, text[start:stop])
		end = stop
	}
	closed := strings.IndexByte(text[end:], ']')
	if closed < 0 || strings.Trim(text[end:end+closed], " ,") != "" {
		return fmt.Errorf("line %d: the list cannot be read: write it as lines, one item to a line, and try again", p.value.Line)
	}
	list := "[" + strings.Join(change(items), ", ") + "]"
	return d.setLine(p.value.Line, text[:from]+list+text[end+closed+1:])
}
