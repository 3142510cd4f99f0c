package names_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/names"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// BenchmarkLookup resolves among 100,000 images: 10,000 standard ones with 20,000
// aliases, and 90,000 of 18,000 tools. One of the repositories has 1,000 tags.
//
//   - next: a new snapshot's index, when nothing but what registries say changed
//   - the rest: one spelling each; near-… are near misses of what is not there
func BenchmarkLookup(b *testing.B) {
	p := startPlatform(b)
	p.Seed(harbortest.Seed{Projects: 18_000, Repositories: 5, Prefix: "tool-t", Profile: harbortest.Profile{RowBytes: 1}})
	p.push(b, "tool-many/img:v0")
	for i := range 999 {
		require.NoError(b, p.Tag("tool-many/img", "v0", fmt.Sprintf("v%d", i+1)))
	}
	require.NoError(b, p.users.Round(b.Context()))
	require.Equal(b, 91_000, p.users.State().View.Images)
	standard := many(b, 10_000)
	l := p.lookup(b, load(b, someImages), "t000007")
	l.Index = names.NewIndex(standard)
	tool := l.Snapshot.Users.View.Tool("t000007")
	built := l.Snapshot.Built(tool)[0]
	l.Near("nothing") // what is made when it is first asked for

	for _, c := range []struct{ name, text string }{
		{"short_name", "image-7777"},
		{"alias", "tf-image7777:latest"},
		{"reference", "a.example/toolforge-image-7777:latest"},
		{"variant", "a.example/toolforge-image-7777-web:latest"},
		{"built", built.ShortName},
		{"built-without-tag", built.Reference.Path},
		{"built-with-host-and-digest", built.Pinned()},
		{"built-among-1000-tags", "tool-many/img"},
		{"unknown", "nothing-of-the-kind"},
		{"unknown-built", "tool-t000007/nothing:v1"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				l.Resolve(c.text)
			}
		})
	}
	for _, c := range []struct{ name, text string }{
		{"near-one-letter", "imoge-7777"},
		{"near-three-letters", "imoge-77xx"},
		{"near-prefix", "image"},
		{"near-nothing", "nothing-of-the-kind"},
		{"near-built", built.Reference.Path + "x:v1"},
		{"near-among-1000-tags", "tool-many/img:w77"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				l.Near(c.text)
			}
		})
	}
	b.Run("next", func(b *testing.B) {
		other := append([]*snapshot.Image{}, standard...)
		changed := *other[5000]
		changed.Digest = "sha256:other"
		other[5000] = &changed
		for b.Loop() {
			l.Index.Next(other)
		}
	})
}
