package harbortest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// A Harbor with three tools, a fault, and the requests that came.
func Example() {
	h := harbortest.New(harbortest.Options{})
	defer h.Close()
	server := httptest.NewServer(h)
	defer server.Close()

	h.Seed(harbortest.Seed{Projects: 2})
	h.AddProject("tool-wikibugs", harbortest.Public)
	if _, err := h.Push("tool-wikibugs/wikibugs", "latest", harbortest.Profile{}); err != nil {
		fmt.Println(err)
		return
	}

	get := func() {
		resp, err := http.Get(server.URL + "/api/v2.0/repositories?sort=-update_time&page_size=1")
		if err != nil {
			fmt.Println(err)
			return
		}
		defer resp.Body.Close()
		var rows []struct{ Name string }
		if err := json.NewDecoder(resp.Body).Decode(&rows); err != nil {
			fmt.Println(resp.Status)
			return
		}
		fmt.Println(rows, "of", resp.Header.Get("X-Total-Count"))
	}
	get()
	h.Fault(harbortest.Times(1, harbortest.Of(harbortest.KindRepositories)), harbortest.RetryAfter(http.StatusTooManyRequests, 5))
	get()
	fmt.Println(h.Count(harbortest.KindRepositories), "requests, no pull:", h.Count(harbortest.KindManifestGet) == 0)
	// Output:
	// [{tool-wikibugs/wikibugs}] of 3
	// 429 Too Many Requests
	// 2 requests, no pull: true
}
