package server

import (
	"slices"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// publicChange is the last snapshot that changed something for everybody. It is
// what is told of the one that is served: a count that grew with each would tell
// whoever watches of every push to a private project. generation counts these
// changes alone.
type publicChange struct {
	generation int64
	at         time.Time
}

// noteChange notes the snapshot if anybody may see that something changed since
// before, which is nil for the first.
func (s *Server) noteChange(before, next *snapshot.Snapshot, news []*change, ok bool) {
	if before == nil || !ok || changesForAll(before, next, news) {
		// The resolver's own number would tell, at the next change for everybody, how
		// many there were in between that were not.
		generation := int64(1)
		if last := s.lastPublic.Load(); last != nil {
			generation = last.generation + 1
		}
		s.lastPublic.Store(&publicChange{generation, next.CreatedAt.UTC()})
	}
}

func changesForAll(before, next *snapshot.Snapshot, news []*change) bool {
	return before.Catalog != next.Catalog || before.Day != next.Day || before.Owned != next.Owned ||
		!slices.Equal(before.Images, next.Images) || !slices.Equal(before.Removed, next.Removed) ||
		slices.ContainsFunc(news, func(c *change) bool { return c.reach&toPublic != 0 })
}
