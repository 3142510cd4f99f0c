package server_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThePageOfDrift(t *testing.T) {
	d := newDock(t)
	pinned := d.push(t, "toolforge-pinned:v1")
	d.serve(t, `formatVersion: "1.0"
images:
  fine: {state: stable, image: one.test/toolforge-fine}
  gone: {state: stable, image: one.test/toolforge-gone, variants: {webservice: {image: one.test/toolforge-fine}}}
  other: {state: stable, image: "one.test/toolforge-fine:other"}
  pinned: {state: stable, image: "one.test/toolforge-pinned:v1@`+pinned+`"}
`, owned)
	d.push(t, "toolforge-fine:latest")
	d.push(t, "toolforge-extra:latest")
	moved := d.push(t, "toolforge-pinned:v1")
	d.ask(t)

	p := d.page(t, "/drift", http.StatusOK)
	require.NotEmpty(t, p.header.Get("ETag"))
	for part, want := range map[string][]string{
		"repository_missing": {"one.test/toolforge-gone:latest | gone | one.test has no repository toolforge-gone"},
		"tag_missing":        {"one.test/toolforge-fine:other | other | one.test/toolforge-fine has no tag other"},
		"tag_moved":          {"one.test/toolforge-pinned:v1@" + pinned + " | pinned | the tag v1 of one.test/toolforge-pinned names " + moved + " now; the catalog pins " + pinned},
		"not_in_catalog":     {"one.test/toolforge-extra | none | one.test/toolforge-extra is below toolforge-, which the catalog owns, but the catalog does not name it"},
		"prefixes":           {"one.test/toolforge- | yes | 3"},
	} {
		require.Equal(t, want, p.tableRows("section[aria-labelledby="+part+"]"), part)
	}
	require.Equal(t, "The repository is missing 1 The tag is missing 1 The tag has moved on 1 Nothing in the catalog names it 1", spaced(p.Find("ul.contents")), "what hurts most comes first")
	require.Contains(t, p.text(), "To do: Publish the image, or take it out of the catalog.")
	require.Equal(t, "./images/gone", p.Find("section[aria-labelledby=repository_missing] a").AttrOr("href", ""))
	shown := 0
	for _, e := range d.drift(t).Drift {
		require.Contains(t, p.text(), e.Message)
		shown++
	}
	require.Equal(t, 4, shown)
}

func TestThePageOfDriftWithoutAny(t *testing.T) {
	s := start(t, setup{values: sample})
	p := s.page(t, "/drift", http.StatusOK)
	require.Contains(t, p.text(), "No drift is known: registries hold what the catalog names")

	s = start(t, setup{values: sample, cold: true})
	s.registries.fail("one.test", refused("one.test"))
	s.refresh(t)
	p = s.page(t, "/drift", http.StatusOK)
	require.Contains(t, p.text(), "but see the warnings above", "what could not be asked is no drift, and not nothing either")
	require.NotZero(t, p.Find(".note").Length())
}
