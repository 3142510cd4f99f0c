package server

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestListsThatMatchNothing(t *testing.T) {
	const tag = `"abc"`
	for _, header := range []string{"", " ", ",", `"`, `abc`, `"abc`, `abc"`, `"ab"`, `"abcd"`, `w/"abc"`, `W/ "abc"`, `W/`, `x, "abc"`, `"x" y, "abc"`} {
		require.False(t, matches([]string{header}, tag), header)
	}
	require.False(t, matches(nil, tag))
}

func TestPathsAreTakenOutWhole(t *testing.T) {
	for _, c := range []struct{ text, path, want string }{
		{"read catalog: /srv/x: stat /srv/x: gone", "/srv/x", "read catalog: W: stat W: gone"},
		{"open /srv/x/values.yaml.", "/srv/x", "open W/values.yaml."},
		{"it is in /srv/x.", "/srv/x", "it is in W."},
		{"read catalog: .: chart.yaml. Done", ".", "read catalog: W: chart.yaml. Done"},
		{"read catalog: chart: no charts, chart!values.yaml, chart/values.yaml", "chart", "read catalog: W: no charts, W!values.yaml, W/values.yaml"},
		{"nothing", "", "nothing"},
	} {
		require.Equal(t, c.want, withoutPath(c.text, c.path, "W"))
	}
}
