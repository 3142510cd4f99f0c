package marker_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/marker"
)

// The examples that people read are such as the code has them.
func TestTheDocument(t *testing.T) {
	text, err := os.ReadFile("../../docs/markers.md")
	require.NoError(t, err)
	code := regexp.MustCompile("`([^`]+)`")
	kinds, names := 0, 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) != 4 {
			continue
		}
		var said []string
		first := code.FindStringSubmatch(cells[1])
		for _, m := range code.FindAllStringSubmatch(line, -1)[min(1, len(first)):] {
			said = append(said, m[1])
		}
		switch {
		case first == nil:
		case strings.HasSuffix(first[1], "-") && len(said) > 0: // a kind and its words
			kinds++
			for _, word := range said {
				_, ok := marker.Parse(first[1] + word)
				require.True(t, ok, "%s%s", first[1], word)
			}
		case strings.HasPrefix(first[1], "aliases-") && len(said) > 0:
			names++
			m, ok := marker.Parse(first[1])
			require.True(t, ok, first[1])
			require.Equal(t, said, m.Values)
		}
	}
	require.Equal(t, 3, kinds)
	require.Equal(t, 5, names)
	for _, tag := range []string{"state-frozen", "wstype-python3.11", "aliases-my_tool"} {
		require.Contains(t, string(text), "`"+tag+"`")
		_, ok := marker.Parse(tag)
		require.False(t, ok)
	}
}
