package names

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/nearest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// maxNear is how many near misses an answer names.
const maxNear = 5

// Index answers spellings about a set of images with look-ups. It is immutable.
type Index struct {
	images []*snapshot.Image
	*table
}

// table says where in a list of images names lead. It holds for every list with
// the same names in the same places, whatever registries say of them.
type table struct {
	byName  map[string]int   // short names
	byAlias map[string][]int // the preferred one first
	byPath  map[string][]place
	// known gives every short name and alias, sorted. Most indexes are never
	// asked for near misses.
	known func() []string
}

// place is a repository that leads to an image.
type place struct {
	image     int
	rule      Rule
	reference reference.Reference
}

// NewIndex indexes standard images, in any order. The zero list gives an index
// that finds nothing.
func NewIndex(images []*snapshot.Image) *Index {
	t := &table{
		byName:  make(map[string]int, len(images)),
		byAlias: map[string][]int{},
		byPath:  make(map[string][]place, len(images)),
	}
	for i, image := range images {
		t.byName[image.ShortName] = i
		for _, alias := range image.Aliases {
			t.byAlias[alias] = append(t.byAlias[alias], i)
		}
		t.add(i, RuleReference, image.Reference)
		for _, v := range image.Variants {
			t.add(i, RuleVariant, v.Reference)
		}
		for _, former := range image.Formerly {
			t.add(i, RuleFormerly, former)
		}
	}
	x := &Index{images: images, table: t}
	for alias, owners := range t.byAlias {
		x.prefer(owners)
		t.byAlias[alias] = slices.Compact(owners)
	}
	t.known = sync.OnceValue(t.words)
	return x
}

// Next indexes the images of a later snapshot. If they have the same names and
// references, that costs a look at each and no more. x may be nil.
func (x *Index) Next(images []*snapshot.Image) *Index {
	if x == nil || !slices.EqualFunc(x.images, images, sameNames) {
		return NewIndex(images)
	}
	return &Index{images: images, table: x.table}
}

// sameNames tells whether the same spellings lead to two images, as well.
func sameNames(a, b *snapshot.Image) bool {
	if a == b {
		return true
	}
	return a.ShortName == b.ShortName && a.State == b.State && a.Reference == b.Reference &&
		slices.Equal(a.Aliases, b.Aliases) && slices.Equal(a.Formerly, b.Formerly) &&
		slices.EqualFunc(a.Variants, b.Variants, func(v, w snapshot.Variant) bool { return v.Reference == w.Reference })
}

func (t *table) add(image int, rule Rule, r reference.Reference) {
	t.byPath[r.Path] = append(t.byPath[r.Path], place{image, rule, r})
}

func (t *table) words() []string {
	known := slices.AppendSeq(slices.Collect(maps.Keys(t.byName)), maps.Keys(t.byAlias))
	slices.Sort(known)
	return slices.Compact(known)
}

// prefer orders images of which all match: stable ones first, then by name.
func (x *Index) prefer(which []int) {
	slices.SortFunc(which, func(i, j int) int { return preferred(x.images[i], x.images[j]) })
}

func preferred(a, b *snapshot.Image) int {
	if as, bs := a.State == chart.StateStable, b.State == chart.StateStable; as != bs {
		if as {
			return -1
		}
		return 1
	}
	return strings.Compare(a.ShortName, b.ShortName)
}

// Find gives the image with a short name, or else with an alias; nil if there
// is none.
func (x *Index) Find(name string) *snapshot.Image {
	if i, ok := x.byName[name]; ok {
		return x.images[i]
	}
	if owners := x.byAlias[name]; len(owners) > 0 {
		return x.images[owners[0]]
	}
	return nil
}

// Near gives the short names and aliases that may have been meant, at most five,
// the closest first.
func (x *Index) Near(text string) []string { return x.near(Parse(text).Name) }

func (x *Index) near(name string) []string {
	return nearest.SortedSlice(x.known()).Words(name, maxNear)
}
