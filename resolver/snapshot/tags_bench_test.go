package snapshot_test

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"unique"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// BenchmarkManyTags makes the records of a tool that has a repository with 10,000
// tags, as a list without fields=tags does.
func BenchmarkManyTags(b *testing.B) {
	const tags = 10_000
	r := inventory.RepositoryRecord{Name: "app"}
	details := unique.Make(inventory.Details{})
	for n := range tags {
		tag := fmt.Sprintf("v%05d", n)
		r.Images = append(r.Images, inventory.Image{Tag: tag, Digest: sha256.Sum256([]byte(tag)), Details: details})
	}
	var builder inventory.Builder
	require.NoError(b, builder.Add(&inventory.Record{Project: "tool-a", Repositories: []inventory.RepositoryRecord{r}}))
	s := &snapshot.Snapshot{Users: snapshot.Users{Host: "h.example", View: builder.View(), Known: true}}
	tool := s.Users.View.Tool("a")
	for b.Loop() {
		require.Len(b, s.Built(tool), tags)
	}
}
