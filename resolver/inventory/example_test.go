package inventory_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/inventory"
)

// One round reads everything, the next what changed.
func Example() {
	h := harbortest.New(harbortest.Options{})
	defer h.Close()
	server := httptest.NewServer(h)
	defer server.Close()
	push := func(repository, tag string) {
		if _, err := h.Push(repository, tag, harbortest.Profile{}); err != nil {
			fmt.Println(err)
		}
	}
	h.AddProject("tool-wikibugs", harbortest.Public)
	h.AddProject("tool-a-char.sep-b", harbortest.Public)
	push("tool-wikibugs/wikibugs", "latest")
	push("tool-a-char.sep-b/sub/dir", "v1")

	endpoints, err := endpoint.New(map[string]endpoint.Config{"harbor.example": {URL: server.URL, Kind: endpoint.Harbor}}, endpoint.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	i := inventory.New("harbor.example", harbor.New(endpoints.For("harbor.example"), harbor.Options{}), inventory.Options{})
	round := func() {
		if err := i.Round(context.Background()); err != nil {
			fmt.Println(err) // what was known stays
		}
		i.State().View.Walk("", func(t *inventory.Tool) bool {
			for _, r := range t.Repositories {
				for _, image := range r.Images {
					fmt.Printf("%s: %s/%s:%s\n", t.Name, t.Project, r.Name, image.Tag)
				}
			}
			return true
		})
	}
	round()
	before := i.State().View
	push("tool-wikibugs/wikibugs", "v2")
	h.ResetRequests()
	round()
	fmt.Println(h.Count(), "requests, the rest is shared:", before.Tool("a--b") == i.State().View.Tool("a--b"))
	// Output:
	// a--b: tool-a-char.sep-b/sub/dir:v1
	// wikibugs: tool-wikibugs/wikibugs:latest
	// a--b: tool-a-char.sep-b/sub/dir:v1
	// wikibugs: tool-wikibugs/wikibugs:latest
	// wikibugs: tool-wikibugs/wikibugs:v2
	// 2 requests, the rest is shared: true
}
