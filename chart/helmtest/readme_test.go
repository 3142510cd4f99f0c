package helmtest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// People copy the entry that the chart's README explains.
func TestEntryInTheReadmeIsValid(t *testing.T) {
	_, block, found := strings.Cut(readFile(t, chartFolder, "README.md"), "```yaml\n")
	require.True(t, found)
	block, _, found = strings.Cut(block, "```")
	require.True(t, found)
	require.NoError(t, rootSchema(t).Validate(data(t, block)))
}

// So they do with the examples in the comments of values.yaml.
func TestExamplesInTheValuesAreValid(t *testing.T) {
	for _, key := range []string{"tombstones", "stacks"} {
		t.Run(key, func(t *testing.T) {
			_, block, found := strings.Cut(readFile(t, chartFolder, "values.yaml"), "#   "+key+":\n")
			require.True(t, found)
			block, _, found = strings.Cut(block, "\n"+key+":")
			require.True(t, found)
			values := asImages("x: {state: stable, image: registry.example/x}") +
				key + ":\n" + strings.ReplaceAll(block, "#   ", "") + "\n"
			require.NoError(t, rootSchema(t).Validate(data(t, values)))
		})
	}
}
