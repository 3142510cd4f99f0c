package drift

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/reference"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// repository is a place without tag and digest.
type repository struct{ host, path string }

func placeOf(r reference.Reference) repository { return repository{r.Host, r.Path} }

// ledger is what the catalog says of repositories.
type ledger struct {
	named   map[repository]bool            // by an image that is there
	former  map[repository]string          // the image that had a reference there
	removed map[repository]*snapshot.Image // the image whose lifecycle has ended
	// buried are the names of removed images, the longest first: a tombstone has no
	// references.
	buried []string
}

func newLedger(s *snapshot.Snapshot) ledger {
	l := ledger{named: map[repository]bool{}, former: map[repository]string{}, removed: map[repository]*snapshot.Image{}}
	for _, i := range s.Images {
		l.named[placeOf(i.Reference)] = true
		for _, v := range i.Variants {
			l.named[placeOf(v.Reference)] = true
		}
		for _, f := range i.Formerly {
			l.former[placeOf(f)] = i.ShortName
		}
	}
	for _, i := range s.Removed {
		l.removed[placeOf(i.Reference)] = i
		for _, v := range i.Variants {
			l.removed[placeOf(v.Reference)] = i
		}
		for _, f := range i.Formerly {
			l.removed[placeOf(f)] = i
		}
	}
	l.buried = slices.SortedFunc(maps.Keys(s.Catalog.Tombstones), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	return l
}

// addExtra adds what registries have and the catalog does not name any more, or
// never did.
func (r *Report) addExtra(s *snapshot.Snapshot) {
	l := newLedger(s)
	told := map[repository]bool{}
	for _, i := range s.Removed {
		for _, o := range offers(i) {
			place := placeOf(o.Reference)
			if o.Repository == fact.Present && o.Exists == fact.Present && !l.named[place] && !told[place] {
				told[place] = true
				r.extra(place, Retired, i.ShortName, retired(s, i.ShortName), i.Stale)
			}
		}
	}
	for _, p := range owned(s) {
		r.Prefixes = append(r.Prefixes, p.Prefix)
		if p.warning != "" {
			r.Warnings = append(r.Warnings, snapshot.Warning{Source: p.Host, Text: p.warning})
		}
		for _, path := range p.paths {
			place := repository{p.Host, path}
			if l.named[place] || told[place] {
				continue
			}
			told[place] = true
			reason, image, text := l.explain(s, place, p.Prefix.Prefix)
			r.extra(place, reason, image, text, p.Status == Stale)
		}
	}
	slices.SortStableFunc(r.Warnings, func(a, b snapshot.Warning) int { return cmp.Compare(a.Source, b.Source) })
}

func offers(i *snapshot.Image) []snapshot.Offer {
	out := []snapshot.Offer{i.Offer}
	for _, v := range i.Variants {
		out = append(out, v.Offer)
	}
	return out
}

func (r *Report) extra(at repository, reason Reason, image, text string, stale bool) {
	r.Entries = append(r.Entries, Entry{
		Reason: reason, Image: image, Stale: stale, Text: at.host + "/" + at.path + text,
		Reference: reference.Reference{Host: at.host, Path: at.path},
	})
}

// explain says why a repository is there that no image names. The text goes on
// where the repository's name ends.
func (l ledger) explain(s *snapshot.Snapshot, at repository, prefix string) (reason Reason, image, text string) {
	if i := l.removed[at]; i != nil {
		return Retired, i.ShortName, retired(s, i.ShortName)
	}
	if image := l.former[at]; image != "" {
		return Former, image, fmt.Sprintf(" is still there: image %s had a reference there and has another one now", image)
	}
	if name := l.tombstoneOf(at.path, prefix); name != "" {
		return Retired, name, retired(s, name)
	}
	return NotInCatalog, "", fmt.Sprintf(" is below %s, which the catalog owns, but the catalog does not name it", prefix)
}

func retired(s *snapshot.Snapshot, name string) string {
	t := s.Tombstone(name)
	text := fmt.Sprintf(" is still there: image %s was removed on %s", name, t.Date)
	if t.Reason != "" {
		text += " (" + t.Reason + ")"
	}
	return text
}

// tombstoneOf finds the removed image that a repository was for, by its name. The
// image's name, whose dots may be left out, is where the owned prefix ends or
// where a word of the prefix begins; the longest one counts.
func (l ledger) tombstoneOf(path, prefix string) string {
	at := slices.IndexFunc(l.buried, func(name string) bool {
		return hasWord(path, name, len(prefix)) || hasWord(path, strings.ReplaceAll(name, ".", ""), len(prefix))
	})
	if at < 0 {
		return ""
	}
	return l.buried[at]
}

// hasWord tells whether a word stands in a path whole, beginning at most so far
// in.
func hasWord(path, word string, most int) bool {
	for at := 0; at <= min(most, len(path)); at++ {
		if at > 0 && at < most && !separates(path[at-1]) {
			continue
		}
		after, found := strings.CutPrefix(path[at:], word)
		if found && (after == "" || separates(after[0])) {
			return true
		}
	}
	return false
}

func separates(c byte) bool { return c == '-' || c == '/' || c == '_' }
