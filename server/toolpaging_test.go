package server_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// follow reads all pages of a list, in a tool's name if there is one, and calls
// between after each page but the last.
func (e *endpoint) follow(t *testing.T, address, tool string, between func()) []string {
	t.Helper()
	var all []string
	at, err := url.Parse(e.url + address)
	require.NoError(t, err)
	for range 1000 {
		request, err := http.NewRequest(http.MethodGet, at.String(), nil)
		require.NoError(t, err)
		if tool != "" {
			request.Header.Set("X-Toolforge-Tool", tool)
		}
		a := e.send(t, request)
		all = append(all, namesOf(a)...)
		link := linkHeader.FindStringSubmatch(a.header.Get("Link"))
		if link == nil {
			return all
		}
		next, err := url.Parse(link[1])
		require.NoError(t, err)
		at = at.ResolveReference(next)
		between()
	}
	require.FailNow(t, "the pages do not end")
	return nil
}

// The pages of a list are the list, wherever its pages end.
func TestPagesOfMergedLists(t *testing.T) {
	p := startPlatform(t, setup{}, append(toolImages, "!tool-hidden/app:latest", "tool-zzz/app:latest", "tool-c.x/app:latest", "tool-c/c:1")...)
	for _, order := range []string{"short_name", "-short_name"} {
		everything, ofTool := p.names(t, "?sort="+order), p.toolNames(t, "c", "?sort="+order)
		require.True(t, slices.IsSortedFunc(everything, func(a, b string) int {
			if order == "short_name" {
				return strings.Compare(a, b)
			}
			return strings.Compare(b, a)
		}))
		for limit := 1; limit <= len(everything)+1; limit++ {
			query := fmt.Sprintf("?sort=%s&limit=%d", order, limit)
			require.Equal(t, everything, p.follow(t, "/v1/images"+query, "", func() {}), query)
			require.Equal(t, ofTool, p.follow(t, "/v1/tool/c/images"+query, "c", func() {}), query)
			built := p.follow(t, "/v1/images"+query+"&type=buildservice&tool=c&tool=b&tool=hidden", "", func() {})
			require.Equal(t, p.names(t, "?sort="+order+"&tool=b&tool=c"), built, query)
		}
	}
}

// While images come and go, whoever reads page by page misses nothing and meets
// nothing twice that was there throughout.
func TestPagingWhilePushesGoOn(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	p := startPlatform(t, setup{})
	image := func() string {
		return fmt.Sprintf("tool-%c%c/app%d:t%d", 'a'+random.IntN(3), "ab-x"[random.IntN(4)], random.IntN(4), random.IntN(3))
	}
	steady := map[string]bool{}
	for len(steady) < 20 {
		name := image()
		if project, _, _ := splitUser(t, name); project[len(project)-1] == '-' {
			continue // no project may end so
		}
		pushUser(t, p.harbor, name)
		steady[name] = true
	}
	p.round(t)
	change := func() {
		name := image()
		project, repository, tag := splitUser(t, name)
		if steady[name] || project[len(project)-1] == '-' {
			return
		}
		if random.IntN(2) == 0 {
			pushUser(t, p.harbor, name)
		} else if _, there := p.harbor.Repository(project + "/" + repository); there {
			p.harbor.DeleteTag(project+"/"+repository, tag)
		}
		p.round(t)
	}
	for range 12 {
		for _, order := range []string{"short_name", "-short_name"} {
			seen := map[string]int{}
			for _, name := range p.follow(t, fmt.Sprintf("/v1/images?limit=%d&sort=%s", 1+random.IntN(6), order), "", change) {
				seen[name]++
			}
			for name, times := range seen {
				require.Equal(t, 1, times, name)
			}
			for name := range steady {
				require.Contains(t, seen, name)
			}
			for _, name := range standardNames {
				require.Contains(t, seen, name)
			}
		}
	}
	require.Zero(t, p.harbor.Count(harbortest.KindManifestGet), "nothing is pulled")
}
