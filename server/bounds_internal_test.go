package server

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What docs/reliability.md says is kept at most, with the figures that everybody has.
func TestClientsThatAreRemembered(t *testing.T) {
	c := newClientLimits(1.0/(24*60*60), 1) // nothing comes back while the test runs
	for n := range 50_000 {
		_, _ = c.allow(fmt.Sprint(n))
		if n%1000 == 0 {
			_, _ = c.allow("busy")
		}
		require.LessOrEqual(t, len(c.young)+len(c.aged), 20_000)
	}
	_, ok := c.allow("busy")
	require.False(t, ok, "who asks all the time is not forgotten")
}

func TestChangesThatAreKept(t *testing.T) {
	j := newJournal()
	require.Equal(t, []int{10_000, 16 << 20}, []int{j.most, j.mostBytes}, "TestJournal holds them to whatever they are")
}

// Pages of other versions are let go by what they weigh.
func TestVersionsThatAreKept(t *testing.T) {
	require.Equal(t, 32<<20, keptVersionBytes)
	k := newKept[*pages](keptVersionBytes)
	for n := range 200 {
		k.put(fmt.Sprint(n), &pages{}, 1<<20)
		require.LessOrEqual(t, k.bytes, 32<<20)
		require.LessOrEqual(t, k.values.Len(), 32)
	}
	k.put("larger than all", &pages{}, 33<<20)
	_, kept := k.get("larger than all")
	require.False(t, kept)
	_, kept = k.get("199")
	require.True(t, kept)
}

// However long spellings are, they are read up to a bound; listeners refuse such a
// request before (431).
func TestSpellingsThatAreRead(t *testing.T) {
	long := "name=" + strings.Repeat("x", 1<<20-5)
	q, err := parseResolveQuery(long)
	require.NoError(t, err)
	require.Len(t, q.names, 1)
	_, err = parseResolveQuery(long + "x")
	require.ErrorContains(t, err, "more than 1048576 bytes")
}
