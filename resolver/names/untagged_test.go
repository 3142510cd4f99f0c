package names_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/names"
)

// An owner's alias leads where the repository's name leads: the inventory and
// this package mean the same image.
func TestUntaggedIsWhatTheNameMeans(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	for range 1000 {
		r := &inventory.Repository{Name: "web"}
		for i := range random.IntN(5) {
			r.Images = append(r.Images, inventory.Image{Tag: fmt.Sprint(i), Pushed: random.Int64N(3)})
		}
		if random.IntN(3) == 0 {
			r.Images = append(r.Images, inventory.Image{Tag: "latest", Pushed: random.Int64N(3)})
		}
		tool := &inventory.Tool{Name: "x", Project: "tool-x", Repositories: []*inventory.Repository{r}}
		found := names.InTool(tool, "", names.Parse("tool-x/web"))
		require.Same(t, found.Image, r.Untagged())
	}
}
