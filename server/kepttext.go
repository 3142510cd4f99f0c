package server

import "gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"

// keptText is the text of a complete list, and where the records of each tool
// stand in it, so that those which did not change are copied into the next.
type keptText struct {
	bytes   []byte
	tail    int // where the records end
	context builtContext
	spans   []span // in the order of the list
}

type span struct {
	tool     *inventory.Tool
	from, to int
}

// records is the text up to what follows the records.
func (t *keptText) records() []byte { return t.bytes[:t.tail] }

// keptText writes the complete list. What did not change since an earlier text
// is not encoded again.
func (p *pages) keptText(before keptText) keptText {
	old := before.spans
	if before.context != p.context {
		old = nil
	}
	next := keptText{context: p.context, spans: make([]span, 0, len(old))}
	text := append(make([]byte, 0, len(before.bytes)+len(before.bytes)/16+1024), listHead...)
	for part := range p.parts(public(p.snapshot.Users.View)) {
		if len(text) > len(listHead) {
			text = append(text, ',')
		}
		if part.tool == nil {
			text = append(text, part.standard...)
			continue
		}
		from := len(text)
		for len(old) > 0 && old[0].tool != part.tool && listsBefore(old[0].tool.Project, part.tool.Project) {
			old = old[1:]
		}
		if len(old) > 0 && old[0].tool == part.tool {
			text = append(text, before.bytes[old[0].from:old[0].to]...)
		} else {
			text = appendTool(text, p.snapshot, part.tool)
		}
		next.spans = append(next.spans, span{part.tool, from, len(text)})
	}
	next.tail = len(text)
	text = append(text, listTail(p.messages)...)
	next.bytes = text
	return next
}
