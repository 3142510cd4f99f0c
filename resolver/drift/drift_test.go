package drift_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/drift"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

const (
	host  = "a.example"
	old   = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	fresh = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	day   = chart.Date("2026-08-01")
)

// facts are answers in maps; what is not in them is unknown. Keys are written
// "host/path:tag@digest", or "host/path" for a repository.
type facts struct {
	manifests    map[string]fact.Manifest
	repositories map[string]fact.Repository
	stale        bool
}

func (f facts) Manifest(ref fact.Reference) (fact.Manifest, bool) {
	return f.manifests[ref.String()], f.stale
}

func (f facts) Repository(host, path string) (fact.Repository, bool) {
	return f.repositories[host+"/"+path], f.stale
}

func there(digest string) fact.Manifest { return fact.Manifest{Status: fact.Present, Digest: digest} }

func holds(tags ...string) fact.Repository {
	return fact.Repository{Status: fact.Present, Tags: tags}
}

var (
	gone   = fact.Manifest{Status: fact.Absent}
	nobody = fact.Repository{Status: fact.Absent}
)

func join(t *testing.T, values string, f facts, o *snapshot.Owned) *snapshot.Snapshot {
	t.Helper()
	loaded, err := chart.FromValues([]byte("formatVersion: \"1.0\"\n" + values)).Load()
	require.NoError(t, err)
	return snapshot.Join(snapshot.Input{Catalog: loaded.Catalog, Facts: f, Day: day, Owned: o})
}

// short writes entries as "reason image[variants]: reference [found]".
func short(r *drift.Report) []string {
	out := []string{}
	for _, e := range r.Entries {
		text := string(e.Reason) + " " + e.Image
		if len(e.Variants) > 0 {
			text += fmt.Sprint(e.Variants)
		}
		text += ": " + e.Reference.String()
		if e.Found != "" {
			text += " found " + e.Found[:10]
		}
		if e.Stale {
			text += " stale"
		}
		out = append(out, text)
	}
	return out
}

// What a registry says of one reference, and what that means.
func TestOneReference(t *testing.T) {
	pinned := "x:v1@" + old
	for name, c := range map[string]struct {
		image      string
		manifest   fact.Manifest
		repository fact.Repository
		reason     drift.Reason
		text       string
	}{
		"there":                        {"x", there(old), holds("latest"), "", ""},
		"rebuilt in place is no drift": {"x", there(fresh), holds("latest"), "", ""},
		"nobody could be asked":        {"x", fact.Manifest{}, fact.Repository{}, "", ""},
		"no repository":                {"x", gone, nobody, drift.RepositoryMissing, "a.example has no repository x"},
		"no tag":                       {"x", gone, holds("v1"), drift.TagMissing, "a.example/x has no tag latest"},
		"no tag, tags not known":       {"x:v2", gone, fact.Repository{}, drift.TagMissing, "a.example/x has no tag v2"},
		"pinned, in place":             {pinned, there(old), holds("v1"), "", ""},
		"pinned, moved":                {pinned, there(fresh), holds("v1"), drift.TagMoved, "the tag v1 of a.example/x names " + fresh + " now; the catalog pins " + old},
		"pinned, tag gone":             {pinned, there(old), holds("v2"), drift.TagGone, "a.example/x has what the catalog pins, but no tag v1 any more"},
		"pinned, tags not known":       {pinned, there(old), fact.Repository{}, "", ""},
		"pinned, digest gone":          {pinned, fact.Manifest{Status: fact.Absent, Digest: old}, holds("v2"), drift.DigestMissing, "a.example/x no longer has " + old + ", which the catalog pins"},
		"pinned, digest gone, moved":   {pinned, fact.Manifest{Status: fact.Absent, Digest: fresh}, holds("v1"), drift.DigestMissing, "a.example/x no longer has " + old + ", which the catalog pins; its tag v1 names " + fresh + " now"},
		"a digest alone":               {"x@" + old, there(old), holds("v1"), "", ""},
		"a digest alone, gone":         {"x@" + old, fact.Manifest{Status: fact.Absent, Digest: old}, holds("v1"), drift.DigestMissing, "a.example/x no longer has " + old + ", which the catalog pins"},
	} {
		t.Run(name, func(t *testing.T) {
			s := join(t, "images: {it: {state: stable, image: \""+host+"/"+c.image+"\"}}", facts{}, nil)
			key := s.Image("it").Reference.String()
			s = join(t, "images: {it: {state: stable, image: \""+host+"/"+c.image+"\"}}", facts{
				manifests:    map[string]fact.Manifest{key: c.manifest},
				repositories: map[string]fact.Repository{host + "/x": c.repository},
			}, nil)
			r := drift.Of(s)
			if c.reason == "" {
				require.Empty(t, r.Entries)
				return
			}
			require.Len(t, r.Entries, 1)
			require.Equal(t, c.reason, r.Entries[0].Reason)
			require.Equal(t, c.text, r.Entries[0].Text)
			require.Equal(t, "it", r.Entries[0].Image)
			require.Equal(t, 1, r.Counts()[c.reason])
			require.Len(t, r.Counts(), len(drift.Reasons), "none is a number too")
		})
	}
}

func TestVariants(t *testing.T) {
	s := join(t, `images:
  it:
    state: stable
    image: a.example/x
    variants:
      jobs-framework: {image: a.example/x}
      another: {image: a.example/y}
      webservice: {image: a.example/y}
`, facts{
		manifests:    map[string]fact.Manifest{"a.example/x:latest": gone, "a.example/y:latest": gone},
		repositories: map[string]fact.Repository{"a.example/x": nobody, "a.example/y": holds("v1")},
		stale:        true,
	}, nil)
	require.Equal(t, []string{
		"repository_missing it[jobs-framework]: a.example/x:latest stale",
		"tag_missing it[another webservice]: a.example/y:latest stale",
	}, short(drift.Of(s)))
}

const grown = `images:
  bookworm: {state: stable, image: a.example/toolforge-bookworm, formerly: [a.example/toolforge-deb12, a.example/toolforge-bookworm]}
  jessie: {state: deprecated, image: a.example/toolforge-jessie, lifecycle: {removed: 2026-07-01}, replacedBy: bookworm}
tombstones:
  python3.4: {date: 2026-01-01, reason: too old, replacedBy: bookworm}
  python3: {date: 2026-01-02, reason: too vague}
`

// What lies below an owned prefix is named, explained by what the catalog
// remembers, or not the catalog's.
func TestOwnedPrefixes(t *testing.T) {
	o := &snapshot.Owned{
		Prefixes: map[string][]string{host: {"toolforge-", "toolforge-b"}, "b.example": {"x/"}, "c.example": {"y/"}, "d.example": {"z/"}, "e.example": {"tool-"}},
		Listings: map[string]*snapshot.Listing{
			host: {Known: true, Repositories: []string{
				"toolforge-bookworm", "toolforge-deb12", "toolforge-jessie", "toolforge-new",
				"toolforge-python34-web", "toolforge-python3-web", "toolforge-python3.4", "toolforge-python345",
			}},
			"b.example": {Failing: true},
			"c.example": {Known: true, Failing: true, Repositories: []string{"y/late"}},
			"d.example": nil,
			"e.example": {Known: true, Repositories: []string{"tool-wikibugs/wikibugs", "tool-less"}},
		},
	}
	r := drift.Of(join(t, grown, facts{}, o))
	require.Equal(t, []string{
		"former bookworm: a.example/toolforge-deb12",
		"retired jessie: a.example/toolforge-jessie",
		"not_in_catalog : a.example/toolforge-new",
		"retired python3: a.example/toolforge-python3-web",
		"retired python3.4: a.example/toolforge-python3.4",
		"retired python3.4: a.example/toolforge-python34-web",
		"not_in_catalog : a.example/toolforge-python345",
		"not_in_catalog : c.example/y/late stale",
		"not_in_catalog : e.example/tool-less",
	}, short(r))
	require.Equal(t, "a.example/toolforge-deb12 is still there: image bookworm had a reference there and has another one now", r.Entries[0].Text)
	require.Equal(t, "a.example/toolforge-jessie is still there: image jessie was removed on 2026-07-01 (its lifecycle ended)", r.Entries[1].Text)
	require.Equal(t, "a.example/toolforge-new is below toolforge-, which the catalog owns, but the catalog does not name it", r.Entries[2].Text)
	require.Equal(t, "a.example/toolforge-python3.4 is still there: image python3.4 was removed on 2026-01-01 (too old)", r.Entries[4].Text)
	require.Equal(t, []drift.Prefix{
		{Host: host, Prefix: "toolforge-", Status: drift.Known, Repositories: 8},
		{Host: host, Prefix: "toolforge-b", Status: drift.Known, Repositories: 1},
		{Host: "b.example", Prefix: "x/", Status: drift.Unasked},
		{Host: "c.example", Prefix: "y/", Status: drift.Stale, Repositories: 1},
		{Host: "d.example", Prefix: "z/", Status: drift.Unasked},
		{Host: "e.example", Prefix: "tool-", Status: drift.Known, Repositories: 1},
	}, r.Prefixes)
	texts := []string{}
	for _, w := range r.Warnings {
		texts = append(texts, w.Text)
	}
	require.Equal(t, []string{
		"b.example cannot be asked which repositories it has below x/: what is there and not in the catalog is not known",
		"c.example cannot be asked now which repositories it has below y/: they are as it last answered",
		"d.example has not answered yet which repositories it has below z/: what is there and not in the catalog is not known",
	}, texts)
}

// An image whose lifecycle has ended is no longer served, but asked about: that
// it is still there is told even where no prefix is owned.
func TestRemovedButStillThere(t *testing.T) {
	f := facts{
		manifests:    map[string]fact.Manifest{"a.example/toolforge-jessie:latest": there(old), "a.example/toolforge-bookworm:latest": there(old)},
		repositories: map[string]fact.Repository{"a.example/toolforge-jessie": holds("latest"), "a.example/toolforge-bookworm": holds("latest")},
	}
	s := join(t, grown, f, nil)
	require.Equal(t, []string{"retired jessie: a.example/toolforge-jessie"}, short(drift.Of(s)))

	f.manifests["a.example/toolforge-jessie:latest"] = gone
	require.Empty(t, drift.Of(join(t, grown, f, nil)).Entries, "gone, as it should be")
}

// Nothing but the snapshot counts, and each of what counts makes another one.
func TestTheSameSnapshotWhileNothingChanged(t *testing.T) {
	pinned := "images: {it: {state: stable, image: \"a.example/x:v1@" + old + "\"}}"
	loaded, err := chart.FromValues([]byte("formatVersion: \"1.0\"\n" + pinned)).Load()
	require.NoError(t, err)
	at := func(digest string) facts {
		return facts{
			manifests:    map[string]fact.Manifest{"a.example/x:v1@" + old: there(digest)},
			repositories: map[string]fact.Repository{"a.example/x": holds("v1")},
		}
	}
	in := snapshot.Input{Catalog: loaded.Catalog, Day: day, Facts: at(old), Owned: &snapshot.Owned{}}
	first := snapshot.Join(in)
	in.Before, in.Facts = first, at(old)
	require.Same(t, first, snapshot.Join(in))

	in.Facts = at(fresh)
	moved := snapshot.Join(in)
	require.NotSame(t, first, moved)
	require.Equal(t, []string{"tag_moved it: a.example/x:v1@" + old + " found " + fresh[:10]}, short(drift.Of(moved)))

	in.Facts, in.Owned = at(old), &snapshot.Owned{}
	require.NotSame(t, first, snapshot.Join(in))
	require.True(t, slices.Equal(first.Images, snapshot.Join(in).Images))
}
