package names

import (
	"maps"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/nearest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// maxNear is how many near misses an answer names.
const maxNear = 5

// Index answers spellings about a set of images with look-ups. It is immutable.
type Index struct {
	byName  map[string]*snapshot.Image   // short names
	byAlias map[string][]*snapshot.Image // the preferred one first
	byPath  map[string][]place
	known   []string // every short name and alias, sorted
}

// place is a repository that leads to an image.
type place struct {
	image     *snapshot.Image
	rule      Rule
	reference reference.Reference
}

// NewIndex indexes standard images, in any order. The zero list gives an index
// that finds nothing.
func NewIndex(images []*snapshot.Image) *Index {
	x := &Index{
		byName:  make(map[string]*snapshot.Image, len(images)),
		byAlias: map[string][]*snapshot.Image{},
		byPath:  make(map[string][]place, len(images)),
	}
	for _, image := range images {
		x.byName[image.ShortName] = image
		for _, alias := range image.Aliases {
			x.byAlias[alias] = append(x.byAlias[alias], image)
		}
		x.add(image, RuleReference, image.Reference)
		for _, v := range image.Variants {
			x.add(image, RuleVariant, v.Reference)
		}
		for _, former := range image.Formerly {
			x.add(image, RuleFormerly, former)
		}
	}
	for _, owners := range x.byAlias {
		slices.SortFunc(owners, preferred)
	}
	x.known = slices.AppendSeq(slices.Collect(maps.Keys(x.byName)), maps.Keys(x.byAlias))
	slices.Sort(x.known)
	x.known = slices.Compact(x.known)
	return x
}

func (x *Index) add(image *snapshot.Image, rule Rule, r reference.Reference) {
	x.byPath[r.Path] = append(x.byPath[r.Path], place{image, rule, r})
}

// preferred orders images of which all match: stable ones first, then by name.
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
	if image := x.byName[name]; image != nil {
		return image
	}
	if owners := x.byAlias[name]; len(owners) > 0 {
		return owners[0]
	}
	return nil
}

// Near gives the short names and aliases that may have been meant, at most five,
// the closest first.
func (x *Index) Near(text string) []string {
	return nearest.Words(Parse(text).Name, x.known, maxNear)
}
