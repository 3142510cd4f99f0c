package chart_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
)

// lastOfTheirKind are the deprecated images of the sample that have no successor
// in it.
var lastOfTheirKind = map[string]string{
	"golang1.11": "there is no other image for Go: its users build their own",
}

// Who uses a deprecated image of the sample is told what to use instead, and
// that is one that stays.
func TestDeprecatedImagesOfTheSampleNameTheirSuccessor(t *testing.T) {
	source, err := chart.Bundled()
	require.NoError(t, err)
	sample, err := source.Load()
	require.NoError(t, err)
	deprecated := 0
	for name, entry := range sample.Catalog.Images {
		if entry.State != chart.StateDeprecated {
			require.NotContains(t, lastOfTheirKind, name)
			continue
		}
		deprecated++
		if _, last := lastOfTheirKind[name]; last {
			require.Empty(t, entry.ReplacedBy, name)
			continue
		}
		successor := sample.Catalog.Images[entry.ReplacedBy]
		require.NotNil(t, successor, name)
		require.Equal(t, chart.StateStable, successor.State, name)
		require.Empty(t, successor.ReplacedBy, "%s: the successor is the last one", name)
	}
	require.Equal(t, 16, deprecated)
	require.Equal(t, chart.StateDeprecated, sample.Catalog.Stacks["heroku-22"].State)
	require.Equal(t, chart.StateStable, sample.Catalog.Stacks[sample.Catalog.Stacks["heroku-22"].ReplacedBy].State)
}
