package server

import (
	lru "github.com/hashicorp/golang-lru/v2"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// keptTools bounds the tools whose encoded records, and those whose whole lists,
// are kept for the next request.
const keptTools = 4096

// built gives the encoded records of what tools built, in one snapshot. Those
// that were asked for lately are kept, across snapshots while they do not
// change.
type built struct {
	snapshot *snapshot.Snapshot
	kept     *lru.Cache[string, builtTool]
}

// builtTool is the records of one tool and what they depend on.
type builtTool struct {
	tool      *inventory.Tool
	context   builtContext
	fragments []fragment
}

// builtContext is what records of user-built images depend on besides their
// tool: the catalog and the day for the state of stacks, and the source.
type builtContext struct {
	standard any // the snapshot's catalog
	day      string
	host     string
	stale    bool
}

func (b *built) context() builtContext {
	s := b.snapshot
	return builtContext{standard: s.Catalog, day: string(s.Day), host: s.Users.Host, stale: s.Users.Stale}
}

// tool gives a tool by name, or nil.
func (b *built) tool(name string) *inventory.Tool { return b.snapshot.Users.View.Tool(name) }

// fragments gives the encoded records of a tool, by short name.
func (b *built) fragments(tool *inventory.Tool) []fragment {
	context := b.context()
	if kept, ok := b.kept.Get(tool.Project); ok && kept.tool == tool && kept.context == context {
		return kept.fragments
	}
	images := b.snapshot.Built(tool)
	fragments := make([]fragment, len(images))
	for i, image := range images {
		fragments[i] = fragment{image: image, json: encode(Record(image))}
	}
	b.kept.Add(tool.Project, builtTool{tool: tool, context: context, fragments: fragments})
	return fragments
}
