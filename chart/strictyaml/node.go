package strictyaml

// Kind is the shape of a node.
type Kind int

// The shapes.
const (
	Scalar Kind = iota
	Map
	List
)

// Node is one value of a document, with its place (lines and columns count
// from 1).
type Node struct {
	Kind         Kind
	Line, Column int
	// Value is a scalar's value: string, bool or json.Number (the literal as
	// written). A scalar that was reported as a problem is its text.
	Value any
	// Date is true for an unquoted YYYY-MM-DD, which Python reads as a date and
	// Go as a string. Its Value is the text.
	Date   bool
	Fields []Field
	Items  []*Node

	index map[string]int // key to place in Fields; nil if there are few
}

// Field is one entry of a map, in the order of the document.
type Field struct {
	Key          string
	Line, Column int // of the key
	Node         *Node
}

// fewFields is the size up to which a map is searched without an index.
const fewFields = 16

// indexFields makes finding a key as cheap in a hostile map of a hundred
// thousand keys as in any other.
func (n *Node) indexFields() {
	if len(n.Fields) <= fewFields {
		return
	}
	n.index = make(map[string]int, len(n.Fields))
	for i, f := range n.Fields {
		n.index[f.Key] = i
	}
}

// Any gives the value as encoding/json would decode it, with numbers as
// json.Number.
func (n *Node) Any() any {
	switch n.Kind {
	case Map:
		m := make(map[string]any, len(n.Fields))
		for _, f := range n.Fields {
			m[f.Key] = f.Node.Any()
		}
		return m
	case List:
		l := make([]any, len(n.Items))
		for i, item := range n.Items {
			l[i] = item.Any()
		}
		return l
	default:
		return n.Value
	}
}

// Get gives the field of a map, or nil.
func (n *Node) Get(key string) *Node {
	if f := n.Field(key); f != nil {
		return f.Node
	}
	return nil
}

// Field gives the entry of a map with its place, or nil.
func (n *Node) Field(key string) *Field {
	if n == nil {
		return nil
	}
	if n.index != nil {
		if i, ok := n.index[key]; ok {
			return &n.Fields[i]
		}
		return nil
	}
	for i := range n.Fields {
		if n.Fields[i].Key == key {
			return &n.Fields[i]
		}
	}
	return nil
}

// Text gives a string scalar's value.
func (n *Node) Text() (string, bool) {
	if n == nil || n.Kind != Scalar {
		return "", false
	}
	s, ok := n.Value.(string)
	return s, ok
}
