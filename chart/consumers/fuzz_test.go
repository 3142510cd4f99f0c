package consumers_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/consumers"
)

// FuzzCheck holds that any text can be read as each consumer would, always with
// the same result; that a consumer which fails has no images; and that nothing
// breaks where nothing changed.
func FuzzCheck(f *testing.F) {
	sample, err := os.ReadFile("../../testdata/catalogs/images-v1-flat-sample.yaml")
	require.NoError(f, err)
	for _, seed := range []string{string(sample), good, two, "", "a", "a: {}", "a: {image: b/c, state: [1], aliases: [1, {}], variants: 3}", "{a: [], b: {variants: {webservice: {image: x, extra: {wstype: 3}}}}}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 10_000 {
			return
		}
		for _, source := range []*chart.Source{chart.FromLegacy(text, chart.Legacy{Kind: "file"}), chart.FromValues(append([]byte("images:\n"), text...))} {
			result, again := consumers.Check(consumers.Of(source)), consumers.Check(consumers.Of(source))
			require.Empty(t, consumers.Breaks(result, again))
			require.Len(t, result.Readings, 3)
			for i, r := range result.Readings {
				require.Equal(t, r.Images, again.Readings[i].Images)
				require.Equal(t, r.Loads, r.Fails == nil)
				require.True(t, r.Loads || len(r.Images) == 0)
				for _, image := range r.Images {
					for _, s := range image.Spellings {
						require.Equal(t, image.ShortName, r.Resolve(s).ShortName)
					}
				}
			}
		}
	})
}
