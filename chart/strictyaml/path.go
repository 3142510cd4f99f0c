package strictyaml

import (
	"strconv"
	"strings"
)

// Path is the way from the root of a document to a value.
type Path []Step

// Step is one step of a [Path]: a key of a map, or a place in a list.
type Step struct {
	Key   string
	Index int // counts from 0; -1 for a key
}

// Key is the step to a field.
func Key(name string) Step { return Step{Key: name, Index: -1} }

// Index is the step to a place in a list.
func Index(i int) Step { return Step{Index: i} }

// Keys is the path through maps only.
func Keys(names ...string) Path {
	p := make(Path, len(names))
	for i, name := range names {
		p[i] = Key(name)
	}
	return p
}

// With gives the path one or more steps longer.
func (p Path) With(steps ...Step) Path { return append(p.clone(), steps...) }

func (p Path) clone() Path { return append(make(Path, 0, len(p)+2), p...) }

// isBare tells a key that needs no quotes: a word of letters, digits, dashes and
// underscores that does not begin with a digit or a dash.
func isBare(key string) bool {
	for i := range len(key) {
		c := key[i]
		switch {
		case c == '_', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		case i > 0 && (c == '-' || '0' <= c && c <= '9'):
		default:
			return false
		}
	}
	return key != ""
}

// String writes the path as jq does: images."php7.4".aliases[0].
func (p Path) String() string {
	var b strings.Builder
	for _, step := range p {
		switch {
		case step.Index >= 0:
			b.WriteString("[" + strconv.Itoa(step.Index) + "]")
			continue
		case b.Len() > 0:
			b.WriteByte('.')
		}
		if isBare(step.Key) {
			b.WriteString(step.Key)
		} else {
			b.WriteString(strconv.Quote(step.Key))
		}
	}
	return b.String()
}

// Find gives the node at a path, or the deepest node on the way that exists,
// and the line and column to show: those of the key where the step is a key.
func (n *Node) Find(path Path) (node *Node, line, column int) {
	if n == nil {
		return nil, 0, 0
	}
	node, line, column = n, n.Line, n.Column
	for _, step := range path {
		var next *Node
		if step.Index >= 0 {
			if step.Index < len(node.Items) {
				next = node.Items[step.Index]
				line, column = next.Line, next.Column
			}
		} else if f := node.Field(step.Key); f != nil {
			next, line, column = f.Node, f.Line, f.Column
		}
		if next == nil {
			return node, line, column
		}
		node = next
	}
	return node, line, column
}
