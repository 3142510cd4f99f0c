package resolver

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// However many digests an operator allows over the years, a hundred are remembered as
// used up, the newest; those that are remembered are not let in again.
func TestDigestsThatWereAllowed(t *testing.T) {
	var a allowed
	for n := range 300 {
		a.digests = append(a.digests, fmt.Sprint(n))
		require.True(t, a.admits(fmt.Sprint(n)))
		require.False(t, a.admits(fmt.Sprint(n)))
		require.LessOrEqual(t, len(a.taken()), 100)
	}
	require.Equal(t, "200", a.taken()[0])
	b := allowed{digests: a.digests}
	b.recall(append([]string{"older"}, a.digests...)) // of an earlier version, without the bound
	require.Len(t, b.taken(), 100)
	require.False(t, b.admits("299"))
	require.False(t, b.admits("200"))
}
