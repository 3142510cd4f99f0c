package marker_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/marker"
)

// What parses is written back as it was; what can be written parses to the same.
func FuzzMarker(f *testing.F) {
	for _, tag := range []string{"state-beta", "wstype-lighttpd-plain", "resources-jdk", "aliases-a_.b_-c__d", "aliases-a_b", "aliases-tool-x_.a", "latest"} {
		f.Add(tag)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if m, ok := marker.Parse(text); ok {
			back, err := m.Tag()
			require.NoError(t, err)
			require.Equal(t, text, back)
		}
		for _, kind := range []marker.Kind{marker.Aliases, marker.State, marker.Resources, marker.WSType} {
			m := marker.Marker{Kind: kind, Values: []string{text}}
			if tag, err := m.Tag(); err == nil {
				again, ok := marker.Parse(tag)
				require.True(t, ok, tag)
				require.Equal(t, m, again)
			}
		}
	})
}
