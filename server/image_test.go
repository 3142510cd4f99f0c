package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

func TestOneImageByAnyOfItsNames(t *testing.T) {
	s := start(t, setup{values: sample})
	for _, c := range []struct{ path, want string }{
		{"bookworm", "bookworm"},
		{"python3.7", "python3.7"},
		{"tf-python37", "python3.7"},
		{"Python", "python3.11"},
		{"n", "n"},
		{"N", "N"},
		{"team/tool", "team/tool"},
		{"team%2Ftool", "team/tool"},
		{"team%2ftool", "team/tool"},
		{"shared/alias", "team/tool"},
		{"shared%2Falias", "team/tool"},
		{"%62ookworm", "bookworm"},
	} {
		t.Run(c.path, func(t *testing.T) {
			a := s.get(t, "/v1/images/"+c.path)
			image := into[api.ImageAnswer](a, http.StatusOK).Image
			require.Equal(t, c.want, image.ShortName)
			require.Equal(t, s.images(t, "?name="+c.want)[0], image, "the record is the same everywhere")
		})
	}
}

func TestWarningsAreThoseOfTheImagesHosts(t *testing.T) {
	s := start(t, setup{values: sample})
	s.registries.fail("one.test", refused("one.test"))
	s.refresh(t)
	for name, want := range map[string]int{"bookworm": 1, "python3.11": 0, "team/tool": 1} {
		a := into[api.ImageAnswer](s.get(t, "/v1/images/"+name), http.StatusOK)
		require.Len(t, a.Messages.Warning, want, name)
		require.Equal(t, want == 1, a.Image.Stale, name)
	}
}

func TestAnUnknownImageHasItsPartsAndNearMisses(t *testing.T) {
	s := start(t, setup{values: sample})
	no := false
	record := func(short string, change func(*api.Image)) *api.Image {
		i := &api.Image{
			ShortName: short, Type: "standard", State: "unknown", Aliases: api.List[string]{}, Path: short, Image: short,
			Exists: &no, Variants: api.Map[api.Variant]{},
		}
		change(i)
		return i
	}
	same := func(*api.Image) {}
	for _, c := range []struct {
		name        string
		suggestions []string
		want        *api.Image
	}{
		{"bokworm", []string{"bookworm"}, record("bokworm", same)},
		{"BOOKWORM", []string{"bookworm"}, record("BOOKWORM", same)},
		{"tf-pyton37", []string{"python3.7", "python3.11"}, record("tf-pyton37", same)},
		{"completely-else", []string{}, record("completely-else", same)},
		{"teem/tool", []string{"team/tool"}, record("teem/tool", same)},
		{"x:y@sha:123", []string{"N", "n"}, record("x:y@sha:123", func(i *api.Image) {
			i.Path, i.Tag, i.Digest = "x", "y", "sha:123"
		})},
		{"one.test/bookworms:v2", []string{"bookworm"}, record("bookworms:v2", func(i *api.Image) {
			i.Host, i.Path, i.Tag, i.Image = "one.test", "bookworms", "v2", "one.test/bookworms:v2"
		})},
		{"tool-x/img:tag", []string{}, record("tool-x/img:tag", func(i *api.Image) {
			i.Type, i.State, i.Path, i.Tag = "buildservice", "stable", "tool-x/img", "tag"
		})},
		{"tool-x/img:tag@sha256:1", []string{}, record("tool-x/img:tag@sha256:1", func(i *api.Image) {
			i.Type, i.State, i.Path, i.Tag, i.Digest = "buildservice", "stable", "tool-x/img", "tag", "sha256:1"
			i.Aliases = api.List[string]{"tool-x/img:tag@sha256:1"}
		})},
		{"a%0Ab", []string{}, record("a\nb", same)},
		{"/", []string{"N", "n"}, record("/", same)},
	} {
		t.Run(c.name, func(t *testing.T) {
			failure := s.failure(t, "/v1/images/"+c.name, http.StatusNotFound)
			require.Equal(t, "image_not_found", failure.Code)
			require.Equal(t, c.want, failure.Image)
			require.Equal(t, c.suggestions, []string(failure.Suggestions))
			for _, suggestion := range c.suggestions {
				require.Contains(t, failure.Error[0], suggestion)
			}
		})
	}
}

func TestAVeryLongNameIsShownInPart(t *testing.T) {
	s := start(t, setup{values: sample})
	for _, name := range []string{strings.Repeat("x", 200_000), strings.Repeat("%C3%A9", 30_000), strings.Repeat("%ff", 30_000)} {
		a := s.get(t, "/v1/images/"+name)
		failure := into[api.Error](a, http.StatusNotFound)
		require.Equal(t, "image_not_found", failure.Code)
		require.Less(t, len(a.body), 8192)
		require.LessOrEqual(t, len(failure.Image.ShortName), 3*1024)
		require.Less(t, len(failure.Error[0]), 1024)
	}
}

func TestARemovedImageSaysSinceWhenAndWhat(t *testing.T) {
	september := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	s := start(t, setup{values: sample, now: func() time.Time { return september }})
	for _, c := range []struct {
		name, text  string
		tombstone   api.Tombstone
		suggestions []string
	}{
		{
			"node6", "node6 was removed on 2024-02-01 (Node.js 6 gets no security fixes); use python3.11 instead",
			api.Tombstone{ShortName: "node6", Date: "2024-02-01", Reason: "Node.js 6 gets no security fixes", ReplacedBy: "python3.11"},
			[]string{"python3.11"},
		},
		{
			"gone", "gone was removed on 2023-01-01 (nobody used it)",
			api.Tombstone{ShortName: "gone", Date: "2023-01-01", Reason: "nobody used it"}, []string{},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			failure := s.failure(t, "/v1/images/"+c.name, http.StatusGone)
			require.Equal(t, "image_removed", failure.Code)
			require.Equal(t, c.text, failure.Error[0])
			require.Equal(t, c.tombstone, *failure.Tombstone)
			require.Equal(t, c.suggestions, []string(failure.Suggestions))
			require.Equal(t, c.name, failure.Image.ShortName)
			require.Equal(t, "unknown", failure.Image.State)
		})
	}
}

func TestADayOfRemovalMakesATombstone(t *testing.T) {
	day := noon
	s := start(t, setup{values: sample, now: func() time.Time { return day }})
	require.Equal(t, http.StatusOK, s.get(t, "/v1/images/ruby2.5").status)
	day = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	s.registries.push("bookworm", "a reason to join again")
	s.refresh(t)

	failure := s.failure(t, "/v1/images/ruby2.5", http.StatusGone)
	require.Equal(t, "ruby2.5", failure.Tombstone.ShortName)
	require.Equal(t, "2026-09-01", failure.Tombstone.Date)
	require.Equal(t, "team/tool", failure.Tombstone.ReplacedBy)
	require.Equal(t, "ruby2.5", s.failure(t, "/v1/images/tf-ruby25", http.StatusGone).Tombstone.ShortName, "by its alias too")
	require.NotContains(t, s.names(t, ""), "ruby2.5")
	require.Contains(t, string(s.get(t, "/v1/image-config").body), "ruby2.5", "the legacy view knows no clock")
}
