package server_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

var linkHeader = regexp.MustCompile(`^<([^>]+)>; rel="next"$`)

// walk follows the links from an address to the last page, and calls between
// after each page but the last.
func (e *endpoint) walk(t *testing.T, address string, between func(page int)) (pages [][]string) {
	t.Helper()
	at, err := url.Parse(e.url + address)
	require.NoError(t, err)
	for range 100 {
		request, err := http.NewRequest(http.MethodGet, at.String(), nil)
		require.NoError(t, err)
		a := e.send(t, request)
		page := []string{}
		for _, image := range into[api.ImagesAnswer](a, http.StatusOK).Images {
			page = append(page, image.ShortName)
		}
		pages = append(pages, page)
		link := a.header.Get("Link")
		if link == "" {
			return pages
		}
		parts := linkHeader.FindStringSubmatch(link)
		require.NotNil(t, parts, link)
		next, err := url.Parse(parts[1])
		require.NoError(t, err)
		at = at.ResolveReference(next)
		if between != nil {
			between(len(pages))
		}
	}
	require.FailNow(t, "the pages do not end")
	return nil
}

func TestPagesAreTheListWithoutGapsAndRepeats(t *testing.T) {
	s := start(t, setup{values: sample})
	for _, c := range []struct {
		query string
		want  [][]string
	}{
		{"?limit=3", [][]string{{"N", "bookworm", "n"}, {"python3.11", "python3.7", "ruby2.5"}, {"team/tool"}}},
		{"?limit=7", [][]string{sampleNames}},
		{"?limit=1000", [][]string{sampleNames}},
		{"?limit=6", [][]string{sampleNames[:6], {"team/tool"}}},
		{"?limit=3&sort=short_name", [][]string{{"N", "bookworm", "n"}, {"python3.11", "python3.7", "ruby2.5"}, {"team/tool"}}},
		{"?limit=3&sort=-short_name", [][]string{{"team/tool", "ruby2.5", "python3.7"}, {"python3.11", "n", "bookworm"}, {"N"}}},
		{"?limit=1&state=stable", [][]string{{"bookworm"}, {"python3.11"}, {"team/tool"}}},
		{"?limit=2&q=python&q=ruby&fields=short_name", [][]string{{"python3.11", "python3.7"}, {"ruby2.5"}}},
		{"?limit=2&state=none", [][]string{{}}},
	} {
		t.Run(c.query, func(t *testing.T) { require.Equal(t, c.want, s.walk(t, "/v1/images"+c.query, nil)) })
	}
	require.Equal(t, []string{"team/tool", "ruby2.5", "python3.7", "python3.11", "n", "bookworm", "N"}, s.names(t, "?sort=-short_name"))
}

// Whoever reads page by page while images come and go sees each image that
// stays exactly once.
func TestPagesHoldWhileTheCatalogChanges(t *testing.T) {
	for _, order := range []string{"short_name", "-short_name"} {
		t.Run(order, func(t *testing.T) {
			s := start(t, setup{values: sample})
			entries := []string{
				"  aaa: {state: stable, image: one.test/aaa}\n", "  zzz: {state: stable, image: one.test/zzz}\n",
				"  nn: {state: stable, image: one.test/nn}\n", "",
			}
			pages := s.walk(t, "/v1/images?limit=1&sort="+order, func(page int) {
				values := strings.Replace(sample, "images:\n", "images:\n"+entries[page%len(entries)], 1)
				if page%2 == 0 { // the very image that the cursor names goes
					values = strings.Replace(values, "  \"N\":\n    state: beta\n    image: one.test/n-upper\n", "", 1)
				}
				s.write(t, "values.yaml", values)
				s.refresh(t)
			})
			seen := map[string]int{}
			for _, page := range pages {
				for _, name := range page {
					seen[name]++
				}
			}
			for name, times := range seen {
				require.Equal(t, 1, times, name)
			}
			for _, name := range sampleNames[1:] {
				require.Contains(t, seen, name)
			}
		})
	}
}

func TestLinksWorkUnderAPrefix(t *testing.T) {
	s := start(t, setup{values: sample})
	behind := listen(t, http.StripPrefix("/builds", s.server.Data()))
	for _, path := range []string{"/v1/images", toolPath} {
		at, names := "/builds"+path+"?limit=4", []string{}
		for at != "" {
			request, err := http.NewRequest(http.MethodGet, behind.url+at, nil)
			require.NoError(t, err)
			request.Header.Set("X-Toolforge-Tool", "wikibugs")
			response, err := behind.client.Do(request)
			require.NoError(t, err)
			defer response.Body.Close()
			page := decode[api.ImagesAnswer](t, response.Body)
			for _, image := range page.Images {
				names = append(names, image.ShortName)
			}
			at = ""
			if parts := linkHeader.FindStringSubmatch(response.Header.Get("Link")); parts != nil {
				next, err := url.Parse(parts[1])
				require.NoError(t, err)
				at = request.URL.ResolveReference(next).RequestURI()
			}
		}
		require.Equal(t, sampleNames, names)
	}
}

// A page that was the last and is no more has the same records; whoever holds
// it must not be told that nothing changed.
func TestTheEntityTagOfAPageCoversItsLink(t *testing.T) {
	s := start(t, setup{values: sample})
	last := s.get(t, "/v1/images?limit=7")
	require.Empty(t, last.header.Get("Link"))

	s.write(t, "values.yaml", strings.Replace(sample, "images:\n", "images:\n  zzz: {state: stable, image: one.test/zzz}\n", 1))
	s.refresh(t)
	now := s.get(t, "/v1/images?limit=7", "If-None-Match", last.header.Get("ETag"))
	require.Equal(t, http.StatusOK, now.status)
	require.Equal(t, last.body, now.body)
	require.NotEmpty(t, now.header.Get("Link"))

	again := s.get(t, "/v1/images?limit=7", "If-None-Match", now.header.Get("ETag"))
	require.Equal(t, http.StatusNotModified, again.status)
	require.Empty(t, again.header.Get("Link"))
}
