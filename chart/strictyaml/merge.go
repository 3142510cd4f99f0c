package strictyaml

import "go.yaml.in/yaml/v3"

// merge is a merge key (<<) of a map, waiting until the map's own keys are read.
type merge struct {
	key, value *yaml.Node
	after      int // how many of the map's own fields come before it
}

// merge adds the fields that a map takes over from others. Where the map says
// something itself, that comes first, and of several maps in a list the earlier
// one. To Helm the order of the lines decides, so a key that is overridden must
// stand below the << that brings it.
func (p *parser) merge(m *merge, out *Node, path Path, depth int, own map[string]int) {
	merged := p.node(m.value, path, depth+1)
	if merged == nil {
		return
	}
	if !mergeable(m.value) {
		p.report(RuleSyntax, m.value, path, "<< must name a map, or a list of maps")
		return
	}
	sources := []*Node{merged}
	if merged.Kind == List {
		sources = merged.Items
	}
	before := map[string]bool{}
	for _, field := range out.Fields[:m.after] {
		before[field.Key] = true
	}
	for _, source := range sources {
		for _, field := range source.Fields {
			if before[field.Key] {
				p.report(RuleBends, m.key, append(path, Key(field.Key)),
					"key %q is above the << that brings it too, and readers disagree which one counts: move << up", field.Key)
				continue
			}
			if _, taken := own[field.Key]; taken {
				continue
			}
			own[field.Key] = field.Line
			out.Fields = append(out.Fields, field)
		}
	}
}

// mergeable tells whether Helm merges a value: a map, an alias of one, or a
// list of these. An alias of a list is none of them.
func mergeable(n *yaml.Node) bool {
	if n.Kind != yaml.SequenceNode {
		return isMap(n)
	}
	for _, item := range n.Content {
		if !isMap(item) {
			return false
		}
	}
	return true
}

func isMap(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n.Kind == yaml.MappingNode
}

// aliasing refuses a document that consists of aliases almost entirely, as
// Helm's reader does. Its bound is 99 of 100 values, counted in another way.
func (p *parser) aliasing(document *yaml.Node) {
	const some = 100
	if !p.over && p.aliased > some && p.aliased > p.nodes/10*9 {
		p.report(RuleSyntax, document, nil, "%d of %d values come from aliases: write them out", p.aliased, p.nodes)
	}
}
