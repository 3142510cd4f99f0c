package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
)

// The routes about images lie under a gateway's prefix, those for whoever runs
// the service on a listener of their own.
func Example() {
	follower := resolver.New(resolver.FromBundled(), emptyRegistry, resolver.Options{})
	defer follower.Close()
	bayplan, err := server.New(follower, server.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}

	public := http.NewServeMux()
	public.Handle("/builds/", http.StripPrefix("/builds", bayplan.Data()))
	front := httptest.NewServer(public)
	defer front.Close()
	back := httptest.NewServer(bayplan.Operations())
	defer back.Close()

	show := func(url string) {
		response, err := http.Get(url)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s\n%s%s", response.Status, body, link(response))
	}
	show(back.URL + "/v1/readyz")
	if err := follower.Refresh(context.Background()); err != nil {
		fmt.Println(err)
	}
	show(back.URL + "/v1/readyz")
	show(front.URL + "/builds/v1/images?q=python3&limit=1&fields=state,exists")
	// Output:
	// 503 Service Unavailable
	// {"error":["there is no snapshot yet: the catalog is being fetched"],"code":"not_ready"}
	// 200 OK
	// {"status":"OK","messages":{}}
	// 200 OK
	// {"images":[{"short_name":"python3.11","state":"stable","exists":false}],"messages":{}}
	// Link: <images?cursor=cHl0aG9uMy4xMQ&fields=state%2Cexists&limit=1&q=python3>; rel="next"
}

// emptyRegistry stands for registries that answer, and hold nothing.
func emptyRegistry(string) resolver.Live {
	return live{ask: func(_ context.Context, refs []fact.Reference) fact.Report {
		report := fact.Report{Manifests: map[fact.Reference]fact.Manifest{}}
		for _, ref := range refs {
			report.Manifests[ref] = fact.Manifest{Status: fact.Absent}
		}
		return report
	}}
}

func link(response *http.Response) string {
	if next := response.Header.Get("Link"); next != "" {
		return "Link: " + next + "\n"
	}
	return ""
}
