package server

import (
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

// Tools with so many images that nobody should wait for a look at them are not
// looked at: the list is to be asked for again, and of a private tool its own.
func TestToolsThatAreNotLookedAt(t *testing.T) {
	toolOf := func(images int, private bool) *inventory.Tool {
		return &inventory.Tool{
			Name: "a", Project: "tool-a", Private: private,
			Repositories: []*inventory.Repository{{Name: "app", Images: make([]inventory.Image, images)}},
		}
	}
	b := builtChanges{changes: &changes{}}
	b.compare(nil, toolOf(maxOwnLooked+1, true))
	require.False(t, b.tooMany)
	require.Len(t, b.all, 1)
	only := b.all[0]
	require.True(t, only.isReset())
	require.True(t, only.shows("tool-a"))
	require.False(t, only.shows("tool-b"))
	require.False(t, only.shows(anybody))

	for _, c := range []struct{ before, after *inventory.Tool }{
		{nil, toolOf(maxLooked+1, false)},
		{toolOf(maxLooked/2, false), toolOf(maxLooked/2+1, true)},
	} {
		b := builtChanges{changes: &changes{}}
		b.compare(c.before, c.after)
		require.True(t, b.tooMany)
	}
}
