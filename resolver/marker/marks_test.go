package marker_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/marker"
)

type tag struct {
	name   string
	pushed int64
}

func read(tags ...tag) *marker.Marks {
	var r marker.Reader
	for _, t := range tags {
		r.Read(t.name, t.pushed)
	}
	return r.Marks()
}

func TestTagsSpeakTogether(t *testing.T) {
	require.Nil(t, read(), "nothing is kept for a repository without tags")
	require.Nil(t, read(tag{"latest", 1}, tag{"state-frozen", 2}), "or without markers")
	require.Equal(t, &marker.Marks{
		State: "beta", Resources: "jdk", WSType: "generic",
		Aliases: []marker.Alias{{Name: "a", Pushed: 9}, {Name: "b/c", Pushed: 7}, {Name: "z", Pushed: 7}},
	}, read(
		tag{"latest", 1}, tag{"state-beta", 3}, tag{"resources-jdk", 4}, tag{"wstype-generic", 5},
		tag{"aliases-z_-b_.c", 7}, tag{"aliases-a", 9}, tag{"aliases-a_-z", 6},
	))
}

// Whatever the order in which a registry lists them, the same counts.
func TestWhatCountsOfTwo(t *testing.T) {
	for name, c := range map[string]struct {
		tags   []tag
		wanted marker.Marks
	}{
		"the later push":           {[]tag{{"state-deprecated", 1}, {"state-stable", 2}, {"state-beta", 1}}, marker.Marks{State: "stable"}},
		"one that is known":        {[]tag{{"state-deprecated", 0}, {"state-stable", 2}}, marker.Marks{State: "stable"}},
		"the worse of one moment":  {[]tag{{"state-beta", 2}, {"state-deprecated", 2}, {"state-stable", 2}}, marker.Marks{State: "deprecated"}},
		"the worse where unknown":  {[]tag{{"state-stable", 0}, {"state-beta", 0}}, marker.Marks{State: "beta"}},
		"the later word":           {[]tag{{"wstype-js", 1}, {"wstype-python", 2}}, marker.Marks{WSType: "python"}},
		"the first where unknown":  {[]tag{{"wstype-python", 0}, {"wstype-js", 0}, {"wstype-lighttpd", 0}}, marker.Marks{WSType: "js"}},
		"the first of one moment":  {[]tag{{"resources-jdk", 2}, {"resources-default", 2}}, marker.Marks{Resources: "default"}},
		"kinds do not mix":         {[]tag{{"state-beta", 1}, {"resources-jdk", 2}}, marker.Marks{State: "beta", Resources: "jdk"}},
		"a tag that moved is once": {[]tag{{"state-beta", 1}, {"state-beta", 2}}, marker.Marks{State: "beta"}},
	} {
		t.Run(name, func(t *testing.T) {
			for range len(c.tags) {
				require.Equal(t, &c.wanted, read(c.tags...))
				slices.Reverse(c.tags)
				require.Equal(t, &c.wanted, read(c.tags...))
				slices.Reverse(c.tags)
				c.tags = append(c.tags[1:], c.tags[0])
			}
		})
	}
}

func TestEqual(t *testing.T) {
	one := func() *marker.Marks { return read(tag{"state-beta", 1}, tag{"aliases-a", 2}) }
	require.True(t, one().Equal(one()))
	var none *marker.Marks
	require.True(t, none.Equal(nil))
	require.False(t, none.Equal(one()))
	require.False(t, one().Equal(nil))
	for _, other := range []*marker.Marks{
		read(tag{"state-stable", 1}, tag{"aliases-a", 2}), read(tag{"state-beta", 1}, tag{"aliases-a", 3}),
		read(tag{"state-beta", 1}), read(tag{"state-beta", 1}, tag{"aliases-a", 2}, tag{"wstype-js", 1}),
		read(tag{"state-beta", 1}, tag{"aliases-a", 2}, tag{"resources-jdk", 1}),
	} {
		require.False(t, one().Equal(other))
	}
}

func TestSettle(t *testing.T) {
	claim := func(name, by string, pushed int64) marker.Claim {
		return marker.Claim{Alias: marker.Alias{Name: name, Pushed: pushed}, By: by}
	}
	require.Empty(t, marker.Settle(nil))
	require.Equal(t, []marker.Claim{claim("a", "z", 3), claim("b", "x", 0), claim("c", "x", 2)}, marker.Settle([]marker.Claim{
		claim("c", "y", 2), claim("b", "y", 0), claim("a", "y", 2), claim("a", "z", 3), claim("c", "x", 2), claim("b", "x", 0),
	}), "the later push, else who sorts first")
}
