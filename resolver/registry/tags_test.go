package registry

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/marker"
)

// pages answers tag lists of size tags a page, without end, or of total pages.
func pages(size, total int) func(http.ResponseWriter, *http.Request) bool {
	return only("/tags/list", func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.URL.Query().Get("last"))
		var tags []string
		for i := range size {
			tags = append(tags, fmt.Sprintf(`"%04d-%04d"`, page, size-i))
		}
		if total == 0 || page+1 < total {
			w.Header().Set("Link", fmt.Sprintf(`<%s?last=%d>; rel="next"`, r.URL.Path, page+1))
		}
		fmt.Fprintf(w, `{"name":"image-0","tags":[%s]}`, strings.Join(tags, ","))
	})
}

func TestTagListsAreReadToTheirEndAndSorted(t *testing.T) {
	h := newHost(t)
	h.push(t, "image-0:latest")
	h.answer(pages(100, 100))
	report := h.source(t, setup{}).Ask(t.Context(), many(1))
	require.NoError(t, report.Err)
	tags := report.Repositories["image-0"].Tags
	require.Len(t, tags, 10_000)
	require.IsIncreasing(t, tags)
}

func TestTagListsHaveBounds(t *testing.T) {
	for name, tc := range map[string]struct {
		answer   func(http.ResponseWriter, *http.Request) bool
		want     string
		requests int
	}{
		"endless pages":       {pages(1, 0), "the tag list has more than 100 pages", 100},
		"endless empty pages": {pages(0, 0), "the tag list has more than 100 pages", 100},
		"too many names":      {pages(1000, 0), "the repository has more than 10000 tags", 11},
		"too many bytes":      {only("/tags/list", body(`{"name":"`+strings.Repeat("x", maxList)+`"}`)), "longer than 2097152 bytes", 1},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.push(t, "image-0:latest")
			h.answer(tc.answer)
			report := h.source(t, setup{}).Ask(t.Context(), many(1))
			require.Equal(t, fault.TooLarge, fault.KindOf(report.Err))
			require.ErrorContains(t, report.Err, "(tags of image-0)")
			require.ErrorContains(t, report.Err, tc.want)
			require.Empty(t, report.Repositories, "a list that is cut would be a lie")
			require.Equal(t, fact.Present, report.Manifests[ref("image-0:latest")].Status)
			require.LessOrEqual(t, count(h.requests(), "GET /v2/image-0/tags/list"), tc.requests+1)
		})
	}
}

func TestLinksToAnotherHostAreNotFollowed(t *testing.T) {
	other := newHost(t)
	h := newHost(t)
	h.push(t, "image-0:latest")
	for _, target := range []string{other.URL, strings.Replace(h.URL, "127.0.0.1", "localhost", 1)} {
		h.answer(only("/tags/list", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", fmt.Sprintf(`<%s%s?last=x>; rel="next"`, target, r.URL.Path))
			fmt.Fprint(w, `{"name":"image-0","tags":["a"]}`)
		}))
		report := h.source(t, setup{}).Ask(t.Context(), many(1))
		require.Equal(t, fault.Unreachable, fault.KindOf(report.Err))
		require.Empty(t, report.Repositories)
		require.Len(t, report.Manifests, 1)
		require.Empty(t, other.requests())
	}
}

// Where markers are read they are no tags but metadata; a list says nothing of
// when they were pushed, so that the worse of two states counts.
func TestMarkersInATagList(t *testing.T) {
	h := newHost(t)
	tags := []string{"latest", "state-beta", "state-stable", "aliases-b_.c", "aliases-a_b", "wstype-js", "sha256-" + strings.Repeat("0", 64) + ".sig"}
	for _, tag := range tags {
		h.push(t, "image-0:"+tag)
	}
	h.push(t, "image-1:latest")
	off := h.source(t, setup{}).Ask(t.Context(), many(2))
	require.NoError(t, off.Err)
	require.Equal(t, fact.Repository{
		Status: fact.Present, Tags: []string{"aliases-a_b", "aliases-b_.c", "latest", "state-beta", "state-stable", "wstype-js"},
	}, off.Repositories["image-0"])

	asked := append(many(2), ref("image-0:state-beta"))
	on := h.source(t, setup{opts: Options{Markers: true}}).Ask(t.Context(), asked)
	require.NoError(t, on.Err)
	require.Equal(t, fact.Repository{
		Status: fact.Present, Tags: []string{"aliases-a_b", "latest"},
		Marks: &marker.Marks{State: "beta", WSType: "js", Aliases: []marker.Alias{{Name: "b/c"}}},
	}, on.Repositories["image-0"])
	require.Equal(t, off.Repositories["image-1"], on.Repositories["image-1"], "nothing is kept where there are none")
	require.Equal(t, fact.Present, on.Manifests[asked[2]].Status, "a catalog that names a marker as an image means the image")
}
