package server_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// replicas are two services over one Harbor, each with rounds of its own.
type replicas struct {
	t      *testing.T
	random *rand.Rand
	both   [2]*platform
	steady map[string]bool // images that are there throughout
}

func startReplicas(t *testing.T, random *rand.Rand) *replicas {
	t.Helper()
	r := &replicas{t: t, random: random, steady: map[string]bool{}}
	r.both[0] = startPlatform(t, setup{})
	users := inventoryOf(t, r.both[0].harbor)
	r.both[1] = &platform{service: start(t, setup{values: toolSample, users: users}), harbor: r.both[0].harbor, inventory: users}
	for len(r.steady) < 25 {
		name := r.name()
		pushUser(t, r.both[0].harbor, "!"[random.IntN(2):]+name)
		r.steady[name] = true
	}
	for _, p := range r.both {
		p.round(t)
	}
	return r
}

// name makes a name that sorts before, between or behind those of standard
// images. Projects a and b are two thirds of all.
func (r *replicas) name() string {
	project := []string{"tool-a", "tool-b", "tool-b-x", "tool-c", "tool-c.x", "tool-zz"}[r.random.IntN(6)]
	return fmt.Sprintf("%s/app%d:t%d", project, r.random.IntN(4), r.random.IntN(4))
}

// change pushes or deletes an image that is not there throughout, and lets one
// replica, both or none know of it.
func (r *replicas) change() {
	h := r.both[0].harbor
	if name := r.name(); !r.steady[name] {
		project, repository, tag := splitUser(r.t, name)
		if r.random.IntN(2) == 0 {
			pushUser(r.t, h, name)
		} else if _, there := h.Repository(project + "/" + repository); there {
			h.DeleteTag(project+"/"+repository, tag)
		}
	}
	for _, p := range r.both {
		if r.random.IntN(2) == 0 {
			p.round(r.t)
		}
	}
}

// pages reads a list to its end, each page from either replica and of another
// size, and counts the names. Tool "" is the list of all.
func (r *replicas) pages(tool string, query url.Values) map[string]int {
	path, headers := "/v1/images", []string(nil)
	if tool != "" {
		path, headers = "/v1/tool/"+tool+"/images", []string{"X-Toolforge-Tool", tool}
	}
	seen := map[string]int{}
	for range 1000 {
		query.Set("limit", fmt.Sprint(1+r.random.IntN(9)))
		replica := r.both[r.random.IntN(2)]
		a := replica.get(r.t, path+"?"+query.Encode(), headers...)
		for _, name := range namesOf(a) {
			seen[name]++
		}
		head := replica.ask(r.t, http.MethodHead, path+"?"+query.Encode(), headers...)
		require.Equal(r.t, a.header.Get("Link"), head.header.Get("Link"))
		link := linkHeader.FindStringSubmatch(a.header.Get("Link"))
		if link == nil {
			return seen
		}
		next, err := url.Parse(link[1])
		require.NoError(r.t, err)
		require.Equal(r.t, "images", next.Path, "it is relative to the list")
		query = next.Query()
		r.change()
	}
	require.FailNow(r.t, "the pages do not end")
	return nil
}

// Whoever reads page by page from whichever replica misses nothing that was there
// throughout, and meets nothing twice, while images come and go.
func TestPagingAcrossReplicas(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := startReplicas(t, rand.New(rand.NewPCG(seed, 1)))
	all := func(string) bool { return true }
	built := func(name string) bool { return strings.Contains(name, "/app") }
	filters := []struct {
		query  string
		passes func(name string) bool
	}{
		{"", all},
		{"exists=true", all},
		{"exists=true&exists=false&fields=image", all},
		{"type=buildservice", built},
		{"type=buildservice&q=APP1&q=t2", func(name string) bool {
			return built(name) && (strings.Contains(name, "app1") || strings.Contains(name, "t2"))
		}},
		{"tool=b&tool=a", func(name string) bool {
			return strings.HasPrefix(name, "tool-a/") || strings.HasPrefix(name, "tool-b/")
		}},
		{"state=stable&fields=state", func(name string) bool { return name != "tool-b" && name != "tool-c.x" }},
		{"q=OL", func(name string) bool { return strings.Contains(name, "ol") }},
		{"q=old&q=worm", func(name string) bool { return name == "tool-b" || name == "bookworm" }}, // one of them by its alias
		{"name=bookworm&name=old", func(name string) bool { return name == "bookworm" || name == "tool-b" }},
	}
	hidden := map[string]bool{} // from anyone
	for name := range r.steady {
		project, _, _ := splitUser(t, name)
		tool := strings.TrimPrefix(project, "tool-")
		hidden[name] = r.both[0].inventory.State().View.Tool(tool) == nil || r.both[0].inventory.State().View.Tool(tool).Private
	}
	for range 8 {
		for _, filter := range filters {
			tool := []string{"", "a", "b"}[r.random.IntN(3)]
			query, err := url.ParseQuery(filter.query)
			require.NoError(t, err)
			if r.random.IntN(2) == 0 {
				query.Set("sort", "-short_name")
			}
			what := fmt.Sprintf("tool %q, %s", tool, query.Encode())
			seen := r.pages(tool, query)
			for name, times := range seen {
				require.Equal(t, 1, times, "%s: %s", what, name)
				require.True(t, filter.passes(name), "%s: %s", what, name)
			}
			for name := range r.steady {
				there := strings.HasPrefix(name, "tool-"+tool+"/")
				if tool == "" {
					there = !hidden[name]
				}
				require.Equal(t, there && filter.passes(name), seen[name] == 1, "%s: %s", what, name)
			}
			for _, name := range standardNames {
				require.Equal(t, filter.passes(name), seen[name] == 1, "%s: %s", what, name)
			}
		}
	}
	require.Zero(t, r.both[0].harbor.Count(harbortest.KindManifestGet), "nothing is pulled")
}
