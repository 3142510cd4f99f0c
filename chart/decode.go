package chart

import "gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/strictyaml"

// decode makes the typed catalog. What does not have the right shape is left
// out: the schema reports it, and the rules still run on the rest.
func decode(root *strictyaml.Node) *Catalog {
	return &Catalog{
		FormatVersion: text(root, "formatVersion"),
		Images:        decodeMap(root.Get("images"), decodeEntry),
		Tombstones:    decodeMap(root.Get("tombstones"), decodeTombstone),
		Stacks:        decodeMap(root.Get("stacks"), decodeStack),
	}
}

func decodeMap[V any](n *strictyaml.Node, decode func(*strictyaml.Node) *V) map[string]*V {
	if n == nil || n.Kind != strictyaml.Map {
		return nil
	}
	out := make(map[string]*V, len(n.Fields))
	for _, f := range n.Fields {
		if f.Node.Kind == strictyaml.Map {
			out[f.Key] = decode(f.Node)
		}
	}
	return out
}

func decodeEntry(n *strictyaml.Node) *Entry {
	return &Entry{
		State:              text(n, "state"),
		Aliases:            texts(n, "aliases"),
		Image:              text(n, "image"),
		Variants:           decodeMap(n.Get("variants"), decodeVariant),
		WebserviceDefaults: open(n, "webservice-defaults"),
		Description:        text(n, "description"),
		Links:              decodeLinks(n.Get("links")),
		ReplacedBy:         text(n, "replacedBy"),
		Lifecycle:          decodeLifecycle(n.Get("lifecycle")),
		Formerly:           texts(n, "formerly"),
	}
}

func decodeVariant(n *strictyaml.Node) *Variant {
	return &Variant{Image: text(n, "image"), Extra: open(n, "extra")}
}

func decodeLifecycle(n *strictyaml.Node) Lifecycle {
	return Lifecycle{
		Deprecated:  Date(text(n, "deprecated")),
		Unsupported: Date(text(n, "unsupported")),
		Removed:     Date(text(n, "removed")),
	}
}

func decodeTombstone(n *strictyaml.Node) *Tombstone {
	return &Tombstone{Date: Date(text(n, "date")), Reason: text(n, "reason"), ReplacedBy: text(n, "replacedBy")}
}

func decodeStack(n *strictyaml.Node) *Stack {
	return &Stack{State: text(n, "state"), Lifecycle: decodeLifecycle(n.Get("lifecycle")), ReplacedBy: text(n, "replacedBy")}
}

func decodeLinks(n *strictyaml.Node) []Link {
	if n == nil || n.Kind != strictyaml.List {
		return nil
	}
	links := make([]Link, 0, len(n.Items))
	for _, item := range n.Items {
		links = append(links, Link{Title: text(item, "title"), URL: text(item, "url")})
	}
	return links
}

// text gives a string field, or "".
func text(n *strictyaml.Node, key string) string {
	if n == nil {
		return ""
	}
	s, _ := n.Get(key).Text()
	return s
}

// texts gives the strings of a list, nil where the key is not there. What is no
// string, which the schema refuses, is "", so that the others keep their places.
func texts(n *strictyaml.Node, key string) []string {
	list := n.Get(key)
	if list == nil || list.Kind != strictyaml.List {
		return nil
	}
	out := make([]string, 0, len(list.Items))
	for _, item := range list.Items {
		s, _ := item.Text()
		out = append(out, s)
	}
	return out
}

// open gives an open map, nil where the key is not there.
func open(n *strictyaml.Node, key string) map[string]any {
	m := n.Get(key)
	if m == nil || m.Kind != strictyaml.Map {
		return nil
	}
	plain, _ := m.Any().(map[string]any)
	return plain
}
