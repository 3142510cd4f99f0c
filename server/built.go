package server

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// builtContext is what records of user-built images depend on besides their
// tool. Two snapshots with the same one have the same records of a tool that
// did not change.
type builtContext struct {
	stacks string // what the catalog says of stacks on the day, and of tools' projects
	host   string
	stale  bool
}

// contextOf gives the context of a snapshot. The pages before spare the work if
// neither catalog nor day changed.
func contextOf(s *snapshot.Snapshot, before *pages) builtContext {
	c := builtContext{host: s.Users.Host, stale: s.Users.Stale}
	if before != nil && before.snapshot.Catalog == s.Catalog && before.snapshot.Day == s.Day {
		c.stacks = before.context.stacks
	} else {
		c.stacks = stacksOf(s)
	}
	return c
}

// stacksOf puts all that is said of stacks, and which repositories in tools'
// projects are the catalog's, into one word.
func stacksOf(s *snapshot.Snapshot) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(s.Catalog.Stacks)) {
		stack := s.Stack(name)
		fmt.Fprintf(h, "%q %q %q\n", name, stack.State, stack.ReplacedBy)
	}
	fmt.Fprintf(h, "%q\n", s.Guests())
	return string(h.Sum(nil))
}

// fragmentsOf gives the records of a tool by short name. They are encoded when
// they turn out to be wanted.
func fragmentsOf(s *snapshot.Snapshot, tool *inventory.Tool) []fragment {
	images := s.Built(tool)
	out := make([]fragment, len(images))
	for i, image := range images {
		out[i].image = image
	}
	return out
}

// appendTool appends the encoded records of a tool, with commas between them;
// nothing for a tool that has no image.
func appendTool(to []byte, s *snapshot.Snapshot, tool *inventory.Tool) []byte {
	for i, image := range s.Built(tool) {
		if i > 0 {
			to = append(to, ',')
		}
		to = appendRecord(to, image)
	}
	return to
}
