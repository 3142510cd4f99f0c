package snapshot_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/marker"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/snapshot"
)

// said are facts with markers: "host/path" → tags.
func said(tags map[string][]string) facts {
	f := facts{repositories: map[string]fact.Repository{}}
	for repository, list := range tags {
		var reader marker.Reader
		for n, tag := range list {
			reader.Read(tag, int64(n+1)) // each pushed after the one before
		}
		f.repositories[repository] = fact.Repository{Status: fact.Present, Marks: reader.Marks()}
	}
	return f
}

const marked = `images:
  plain: {state: stable, image: a.example/plain}
  full:
    state: beta
    image: a.example/full
    aliases: [z-own]
    formerly: [b.example/once-full]
    variants:
      jobs-framework: {image: a.example/full-jobs}
      webservice: {image: a.example/full-web, extra: {wstype: js, depth: 3}}
  other: {state: stable, image: a.example/other, aliases: [taken], formerly: [b.example/once]}
  guest: {state: stable, image: a.example/tool-x/guest, variants: {webservice: {image: a.example/tool-x/guest}}}
  left: {state: stable, image: a.example/shared}
  right: {state: stable, image: "a.example/shared:next"}
  old: {state: stable, image: a.example/old, aliases: [older], lifecycle: {removed: 2026-07-01}}
tombstones:
  buried: {date: 2025-01-01, reason: gone}
`

// What the catalog says wins; markers complete it.
func TestMarkersCompleteTheCatalog(t *testing.T) {
	for name, c := range map[string]struct {
		tags    map[string][]string
		image   string
		aliases []string
		jobs    map[string]any // extra of full's variants
		web     map[string]any
		marked  []snapshot.Marked
	}{
		"nothing":                      {nil, "full", []string{"z-own"}, nil, map[string]any{"wstype": "js", "depth": json.Number("3")}, nil},
		"a state never counts":         {map[string][]string{"a.example/plain": {"state-deprecated"}}, "plain", nil, nil, nil, nil},
		"aliases come behind":          {map[string][]string{"a.example/full": {"aliases-b_-a_.x"}}, "full", []string{"z-own", "a/x", "b"}, nil, map[string]any{"wstype": "js", "depth": json.Number("3")}, []snapshot.Marked{{Kind: marker.Aliases}}},
		"aliases of a variant's":       {map[string][]string{"a.example/full-web": {"aliases-b"}, "a.example/full-jobs": {"aliases-b_-a"}}, "full", []string{"z-own", "a", "b"}, nil, map[string]any{"wstype": "js", "depth": json.Number("3")}, []snapshot.Marked{{Kind: marker.Aliases}}},
		"aliases alone":                {map[string][]string{"a.example/plain": {"aliases-b"}}, "plain", []string{"b"}, nil, nil, []snapshot.Marked{{Kind: marker.Aliases, Alone: true}}},
		"the catalog's extra stays":    {map[string][]string{"a.example/full-web": {"wstype-python"}}, "full", []string{"z-own"}, nil, map[string]any{"wstype": "js", "depth": json.Number("3")}, nil},
		"extra is filled key by key":   {map[string][]string{"a.example/full-web": {"wstype-python", "resources-jdk"}}, "full", []string{"z-own"}, nil, map[string]any{"wstype": "js", "resources": "jdk", "depth": json.Number("3")}, []snapshot.Marked{{Kind: marker.Resources, Alone: true}}},
		"extra where there was none":   {map[string][]string{"a.example/full-jobs": {"wstype-python"}}, "full", []string{"z-own"}, map[string]any{"wstype": "python"}, map[string]any{"wstype": "js", "depth": json.Number("3")}, []snapshot.Marked{{Kind: marker.WSType}}},
		"no variant is made":           {map[string][]string{"a.example/plain": {"wstype-python"}}, "plain", nil, nil, nil, nil},
		"the image's is no variant's":  {map[string][]string{"a.example/full": {"resources-jdk"}}, "full", []string{"z-own"}, nil, map[string]any{"wstype": "js", "depth": json.Number("3")}, nil},
		"an own name":                  {map[string][]string{"a.example/full": {"aliases-full_-z-own"}}, "full", []string{"z-own"}, nil, map[string]any{"wstype": "js", "depth": json.Number("3")}, nil},
		"an own repository's name":     {map[string][]string{"a.example/plain": {"aliases-plain"}, "a.example/full": {"aliases-full-web_-once-full"}}, "full", []string{"z-own", "full-web", "once-full"}, nil, map[string]any{"wstype": "js", "depth": json.Number("3")}, []snapshot.Marked{{Kind: marker.Aliases}}},
		"another's name":               {map[string][]string{"a.example/plain": {"aliases-full"}}, "plain", nil, nil, nil, nil},
		"another's alias":              {map[string][]string{"a.example/plain": {"aliases-taken"}}, "plain", nil, nil, nil, nil},
		"another's repository":         {map[string][]string{"a.example/plain": {"aliases-full-web_-full-jobs"}}, "plain", nil, nil, nil, nil},
		"another's former repository":  {map[string][]string{"a.example/plain": {"aliases-once"}}, "plain", nil, nil, nil, nil},
		"a tombstone's":                {map[string][]string{"a.example/plain": {"aliases-buried"}}, "plain", nil, nil, nil, nil},
		"one whose life ended":         {map[string][]string{"a.example/plain": {"aliases-old_-older"}}, "plain", nil, nil, nil, nil},
		"what user-built images keep":  {map[string][]string{"a.example/plain": {"aliases-buildservice", "aliases-tool-x_.web"}}, "plain", nil, nil, nil, nil},
		"owners speak for themselves":  {map[string][]string{"a.example/tool-x/guest": {"aliases-b", "wstype-js", "resources-jdk"}}, "guest", nil, nil, nil, nil},
		"of two the later push":        {map[string][]string{"a.example/plain": {"latest", "aliases-x"}, "a.example/other": {"aliases-x"}}, "plain", []string{"x"}, nil, nil, []snapshot.Marked{{Kind: marker.Aliases, Alone: true}}},
		"of two the earlier":           {map[string][]string{"a.example/plain": {"aliases-x"}, "a.example/other": {"latest", "aliases-x"}}, "plain", nil, nil, nil, nil},
		"of two at once the first":     {map[string][]string{"a.example/plain": {"aliases-x"}, "a.example/other": {"aliases-x"}}, "other", []string{"taken", "x"}, nil, nil, []snapshot.Marked{{Kind: marker.Aliases}}},
		"of one repository the first":  {map[string][]string{"a.example/shared": {"aliases-x"}}, "left", []string{"x"}, nil, nil, []snapshot.Marked{{Kind: marker.Aliases, Alone: true}}},
		"of one repository the second": {map[string][]string{"a.example/shared": {"aliases-x"}}, "right", nil, nil, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := join(t, marked, said(c.tags))
			image := s.Image(c.image)
			require.Equal(t, c.aliases, image.Aliases)
			require.Equal(t, c.marked, image.Marked)
			if c.image == "full" {
				require.Equal(t, c.jobs, image.Variant("jobs-framework").Extra)
				require.Equal(t, c.web, image.Variant("webservice").Extra)
			}
			require.Nil(t, s.Image("guest").Variant("webservice").Extra)
			require.Equal(t, "stable", s.Image("plain").State)
			require.Empty(t, s.Image("plain").Variants)
			require.Equal(t, []string{"full", "guest", "left", "other", "plain", "right"}, names(s))
		})
	}
}

// The catalog itself is never touched, and what markers said goes with them.
func TestMarkersComeAndGo(t *testing.T) {
	catalog := load(t, marked)
	next := func(before *snapshot.Snapshot, tags map[string][]string) *snapshot.Snapshot {
		return snapshot.Join(snapshot.Input{Catalog: catalog, Facts: said(tags), Day: day, Before: before})
	}
	tags := map[string][]string{"a.example/full-web": {"resources-jdk", "aliases-x"}, "a.example/plain": nil}
	first := next(nil, map[string][]string{"a.example/full-web": nil, "a.example/plain": nil})
	second := next(first, tags)
	require.NotSame(t, first, second)
	require.Same(t, first.Image("plain"), second.Image("plain"), "who is not concerned is the same")
	require.Equal(t, []string{"z-own", "x"}, second.Image("full").Aliases)
	require.Same(t, second, next(second, tags), "the same again is no change")

	tags["a.example/plain"] = []string{"", "", "aliases-x"}
	third := next(second, tags)
	require.Equal(t, []string{"x"}, third.Image("plain").Aliases)
	require.Equal(t, []string{"z-own"}, third.Image("full").Aliases)
	require.Equal(t, "jdk", third.Image("full").Variant("webservice").Extra["resources"])

	last := next(third, map[string][]string{"a.example/full-web": nil, "a.example/plain": nil})
	for _, name := range names(first) {
		require.Equal(t, first.Image(name), last.Image(name))
	}
	require.Equal(t, map[string]any{"wstype": "js", "depth": json.Number("3")}, catalog.Images["full"].Variants["webservice"].Extra)

	other := load(t, marked)
	again := snapshot.Join(snapshot.Input{Catalog: other, Facts: said(tags), Day: day, Before: third})
	require.Same(t, third.Image("full"), again.Image("full"), "an equal catalog says the same")
}
