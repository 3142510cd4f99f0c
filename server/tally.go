package server

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

// tally is what is kept of a complete list that is too long to be kept: a sum of
// each tool's records. Those of tools that did not change go over into the next
// snapshot's, so that its entity tag costs a walk over sums.
type tally struct {
	context builtContext // never stale: whether it is counts in sum alone
	tools   []tallied    // in the order of the list
	sum     string       // of the whole list
}

type tallied struct {
	tool *inventory.Tool
	sum  [16]byte // of its records as they are while the source answers
}

// tally sums up the complete list. Sums of an earlier one are taken over where
// they still hold. A source that does not answer changes every record; so that
// this costs nothing, records are summed up as if it did, and the whole's sum
// tells the two apart.
func (p *pages) tally(before *tally) *tally {
	neutral := *p.snapshot
	neutral.Users.Stale = false
	out := &tally{context: p.context, tools: make([]tallied, 0, p.snapshot.Users.View.Public.Tools)}
	out.context.stale = false
	var old []tallied
	if before != nil && before.context == out.context {
		old = before.tools
	}
	var records []byte // used again for each tool
	h := sha256.New()
	fmt.Fprintf(h, "stale %t\n", p.context.stale)
	h.Write(p.standard.list)
	for part := range p.parts(public(p.snapshot.Users.View)) {
		if part.tool == nil {
			continue
		}
		for len(old) > 0 && old[0].tool != part.tool && listsBefore(old[0].tool.Project, part.tool.Project) {
			old = old[1:]
		}
		row := tallied{tool: part.tool}
		if len(old) > 0 && old[0].tool == part.tool {
			row = old[0]
		} else {
			records = appendTool(records[:0], &neutral, part.tool)
			sum := sha256.Sum256(records)
			copy(row.sum[:], sum[:])
		}
		h.Write(row.sum[:])
		out.tools = append(out.tools, row)
	}
	out.sum = hex.EncodeToString(h.Sum(nil)[:16])
	return out
}

// streamed is the complete list as a stream. A warning is about one request
// alone; "" for none.
func (p *pages) streamed(t *tally, warning string) stream {
	sum, messages := t.sum, p.messages
	if warning != "" {
		sum, messages = contentSum([]byte(sum), warning), p.warned(warning)
	}
	return stream{sum: sum, write: func(to io.Writer) error {
		out := listWriter{to: to}
		var records []byte // used again for each tool
		for part := range p.parts(public(p.snapshot.Users.View)) {
			next := part.standard
			if part.tool != nil {
				records = appendTool(records[:0], p.snapshot, part.tool)
				next = records
			}
			if err := out.add(next); err != nil {
				return err
			}
		}
		return out.end(messages)
	}}
}
