package strictyaml

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// parser turns the YAML library's nodes into this package's, within the bounds.
type parser struct {
	problems []Problem
	nodes    int  // values so far
	aliased  int  // of these, the ones that an alias stands for
	text     int  // bytes of keys and scalars so far
	inAlias  int  // how many aliases are being followed
	over     bool // a bound was met: nothing more is read
	large    bool // it was one on how much there is
}

// report adds a problem; the last one that is kept says that there are more.
func (p *parser) report(rule string, n *yaml.Node, path Path, format string, args ...any) {
	switch {
	case len(p.problems) >= MaxProblems:
		return
	case len(p.problems) == MaxProblems-1:
		p.over = true
		rule, path = RuleSyntax, nil
		format, args = "the document has more than %d problems: the rest is not read", []any{MaxProblems - 1}
	}
	p.problems = append(p.problems, Problem{
		Rule: rule, Line: n.Line, Column: n.Column, Path: path.clone(), Message: fmt.Sprintf(format, args...),
	})
}

// within counts a node and tells whether it is still within the bounds.
func (p *parser) within(n *yaml.Node, path Path, depth int) bool {
	if p.over {
		return false
	}
	p.nodes++
	if p.inAlias > 0 {
		p.aliased++
	}
	switch {
	case p.nodes > MaxNodes:
		p.stop(n, path, "the document has more than %d values, as often as aliases repeat them", MaxNodes)
	case depth > MaxDepth:
		p.stop(n, path, "the document has more than %d levels", MaxDepth)
	}
	return !p.over
}

// spend counts the bytes of a key or a scalar.
func (p *parser) spend(n *yaml.Node, path Path) bool {
	p.text += len(n.Value)
	if !p.over && p.text > MaxBytes {
		p.stop(n, path, "the document has more than %d bytes of text, as often as aliases repeat it", MaxBytes)
	}
	return !p.over
}

func (p *parser) stop(n *yaml.Node, path Path, format string, bound int) {
	p.report(RuleSyntax, n, path, format, bound)
	p.over, p.large = true, true
}

// node converts one node; it returns nil where a bound stops it.
func (p *parser) node(n *yaml.Node, path Path, depth int) *Node {
	if !p.within(n, path, depth) {
		return nil
	}
	out := &Node{Line: n.Line, Column: n.Column}
	switch n.Kind {
	case yaml.AliasNode:
		return p.alias(n, path, depth)
	case yaml.MappingNode:
		out.Kind = Map
		p.checkTag(n, path, "!!map")
		p.fields(n, out, path, depth)
	case yaml.SequenceNode:
		out.Kind = List
		p.checkTag(n, path, "!!seq")
		out.Items = make([]*Node, 0, len(n.Content))
		for i, item := range n.Content {
			if child := p.node(item, append(path, Index(i)), depth+1); child != nil {
				out.Items = append(out.Items, child)
			}
		}
	default:
		p.scalar(n, out, path)
	}
	return out
}

// alias gives what an alias stands for. Its place stays that of the alias: that
// is the line to edit.
func (p *parser) alias(n *yaml.Node, path Path, depth int) *Node {
	p.inAlias++
	target := p.node(n.Alias, path, depth+1)
	p.inAlias--
	if target != nil {
		target.Line, target.Column = n.Line, n.Column
	}
	return target
}

// fields converts the entries of a map.
func (p *parser) fields(n *yaml.Node, out *Node, path Path, depth int) {
	own := map[string]int{} // key → its line
	var merged *merge
	for i := 0; i+1 < len(n.Content) && !p.over; i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Tag == "!!merge" {
			if merged != nil {
				p.report(RuleDuplicate, key, path, "<< is here twice: write one << with a list of maps")
				continue
			}
			merged = &merge{key: key, value: value, after: len(out.Fields)}
			continue
		}
		name, ok := p.key(key, path)
		if !ok {
			continue
		}
		at := path.With(Key(name))
		if first, twice := own[name]; twice {
			p.report(RuleDuplicate, key, at, "key %q is here twice: the first is on line %d", name, first)
			continue
		}
		own[name] = key.Line
		if child := p.node(value, at, depth+1); child != nil {
			out.Fields = append(out.Fields, Field{Key: name, Line: key.Line, Column: key.Column, Node: child})
		}
	}
	if merged != nil {
		p.merge(merged, out, path, depth, own)
	}
	out.indexFields()
}

// key reads the key of a map, which must be a string to every reader.
func (p *parser) key(n *yaml.Node, path Path) (string, bool) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch {
	case n.Kind != yaml.ScalarNode:
		p.report(RuleBends, n, path, "a key must be a string")
		return "", false
	case len(n.Value) > MaxKey:
		p.report(RuleSyntax, n, path, "a key has %d bytes, at most %d are read", len(n.Value), MaxKey)
		return "", false
	case !p.spend(n, path):
		return "", false
	}
	if isPlain(n) {
		if Ambiguous(n.Value) {
			p.report(RuleBends, n, append(path, Key(n.Value)), "key %s is read as %s: quote it (%q)", n.Value, meaning(n.Value).readAs(), n.Value)
		}
	} else {
		p.checkTag(n, path, "!!str")
	}
	return n.Value, true
}

// scalar reads a value.
func (p *parser) scalar(n *yaml.Node, out *Node, path Path) {
	out.Value = n.Value
	if !p.spend(n, path) {
		return
	}
	if !isPlain(n) {
		p.checkTag(n, path, "!!str")
		return
	}
	m := meaning(n.Value)
	switch {
	case m.null:
		p.report(RuleNull, n, path, "the value is null, which Helm drops: leave the key out, or write a value")
	case m.bends != "":
		p.report(RuleBends, n, path, "%s is read as %s: quote it (%q) or write what you mean", n.Value, m.bends, n.Value)
	default:
		out.Value, out.Date = m.value, m.date
	}
}

func isPlain(n *yaml.Node) bool {
	const quoted = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle | yaml.TaggedStyle
	return n.Style&quoted == 0
}

// checkTag refuses tags that are written out, but for the one that says what
// the node is anyway. The tag "!" leaves the choice to the reader.
func (p *parser) checkTag(n *yaml.Node, path Path, allowed string) {
	if n.Style&yaml.TaggedStyle != 0 && (n.Tag == "!" || n.ShortTag() != allowed) {
		p.report(RuleBends, n, path, "the tag %s is not for a catalog: remove it", n.Tag)
	}
}
