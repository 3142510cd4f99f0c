package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

func TestTheListHasEveryImageOfTheCatalogWithItsDigest(t *testing.T) {
	s := start(t, setup{})
	s.registries.without("toolforge-bullseye-sssd")
	s.refresh(t)

	images := s.images(t, "")
	require.Len(t, images, 41)
	require.True(t, slices.IsSortedFunc(images, func(a, b api.Image) int { return strings.Compare(a.ShortName, b.ShortName) }))
	for _, image := range images {
		if image.ShortName == "bullseye" {
			require.False(t, *image.Exists)
			require.Empty(t, image.Digest)
			require.Empty(t, image.Pinned)
			continue
		}
		require.True(t, *image.Exists, image.ShortName)
		require.Equal(t, digestOf(image.Path), image.Digest)
		require.Equal(t, image.Host+"/"+image.Path+":latest@"+image.Digest, image.Pinned)
		require.Nil(t, image.Tags, "only where fields names them")
		for name, variant := range image.Variants {
			require.Equal(t, digestOf(variant.Path), variant.Digest, "%s of %s", name, image.ShortName)
		}
	}
}

func TestARecordSaysWhatCatalogAndRegistrySay(t *testing.T) {
	s := start(t, setup{values: sample})
	s.registries.without("python37-web")
	s.refresh(t)
	no, yes := false, true

	images := s.images(t, "?name=python3.7&name=python3.11")
	require.Contains(t, images[1].Notice, "python3.7 is deprecated")
	images[1].Notice = ""
	require.Equal(t, api.Image{
		ShortName: "python3.7", Type: "standard", State: "deprecated", Aliases: []string{"tf-python37"},
		Host: "one.test", Path: "python37-web", Tag: "latest", Image: "one.test/python37-web:latest", Exists: &no,
		Variants: api.Map[api.Variant]{}, ReplacedBy: "python3.11",
		Lifecycle: &api.Lifecycle{Deprecated: "2025-06-01", Unsupported: "2027-06-01"},
		Sources:   api.Map[string]{"metadata": "chart", "live": "one.test"},
	}, images[1])

	python := images[0]
	require.Equal(t, []string{"tf-python311", "Python"}, []string(python.Aliases), "in the catalog's order")
	require.Equal(t, "Python <3.11> & Debian", python.Description)
	require.Equal(t, []api.Link{{Title: "Help", URL: "https://example.org/help?a=1&b=2"}}, []api.Link(python.Links))
	require.EqualValues(t, 8000, python.WebserviceDefaults["port"])
	digest := digestOf("python311-web")
	require.Equal(t, api.Variant{
		Image: "two.test/python311-web:latest", Host: "two.test", Path: "python311-web", Tag: "latest",
		Digest: digest, Pinned: "two.test/python311-web:latest@" + digest, Exists: &yes, Extra: api.Map[any]{"wstype": "python"},
	}, python.Variants["webservice"])
}

func TestTextIsWrittenAsItIs(t *testing.T) {
	a := start(t, setup{values: sample}).get(t, "/v1/images")
	require.Contains(t, string(a.body), `Python <3.11> & Debian`, "not as \\u003c")
	require.True(t, strings.HasSuffix(string(a.body), "}\n"))
}

// With one host away its images are as it last said, or unknown, and the
// others' are exact.
func TestAHostThatDoesNotAnswerIsAWarningAndNoError(t *testing.T) {
	s := start(t, setup{values: sample, cold: true})
	s.registries.fail("two.test", refused("two.test"))
	s.refresh(t)

	a := into[api.ImagesAnswer](s.get(t, "/v1/images"), http.StatusOK)
	require.Len(t, a.Messages.Warning, 1)
	require.Contains(t, a.Messages.Warning[0], "two.test")
	require.Equal(t, []string{"python3.11", "ruby2.5", "team/tool"}, s.names(t, "?exists=unknown"))
	for _, image := range s.images(t, "?exists=unknown") {
		require.Nil(t, image.Exists)
		require.False(t, image.Stale, "nobody ever answered")
		require.NotContains(t, image.Sources, "live")
	}

	s.registries.fail("two.test", nil)
	s.refresh(t)
	require.Empty(t, s.names(t, "?exists=unknown"))
	require.Empty(t, into[api.ImagesAnswer](s.get(t, "/v1/images"), http.StatusOK).Messages.Warning)

	s.registries.fail("one.test", refused("one.test"))
	s.registries.push("ruby25", "new")
	s.refresh(t)
	for _, image := range s.images(t, "?exists=true") {
		stale := image.Host == "one.test" || image.ShortName == "team/tool" // a variant of it lies there
		require.Equal(t, stale, image.Stale, image.ShortName)
	}
	require.Equal(t, digestOf("new"), s.images(t, "?name=ruby2.5")[0].Digest)
}

func TestAMovedTagShowsAfterTheNextRefresh(t *testing.T) {
	s := start(t, setup{values: sample})
	before := s.get(t, "/v1/images")
	s.registries.push("bookworm", "rebuilt")
	require.Equal(t, before.body, s.get(t, "/v1/images").body)
	s.refresh(t)
	require.Equal(t, digestOf("rebuilt"), s.images(t, "?name=bookworm")[0].Digest)
	require.NotEqual(t, before.header.Get("ETag"), s.get(t, "/v1/images").header.Get("ETag"))
}
