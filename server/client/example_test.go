package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/client"
)

// sampleServer serves the catalog that ships with Bayplan.
func sampleServer() *httptest.Server {
	r := resolver.New(resolver.FromBundled(), func(string) resolver.Live { return present{} }, resolver.Options{})
	if err := r.Refresh(context.Background()); err != nil {
		panic(err)
	}
	s, err := server.New(r, server.Options{})
	if err != nil {
		panic(err)
	}
	return httptest.NewServer(s.Handler())
}

// The list, whether it is of now or not.
func Example() {
	bayplan := sampleServer()
	defer bayplan.Close()
	c, err := client.New(bayplan.URL, client.Options{UserAgent: "example"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ask := func() {
		list, err := c.List(context.Background(), client.Query{State: []string{"stable"}, Text: []string{"python3.1"}})
		if err != nil {
			fmt.Println(err) // and nothing is known of before
			return
		}
		for _, image := range list.Body.Images {
			fmt.Println(image.ShortName, image.Image)
		}
		fmt.Println("stale:", list.Stale())
	}
	ask()
	bayplan.Close()
	ask()
	// Output:
	// python3.11 docker-registry.tools.wmflabs.org/toolforge-python311-sssd-base:latest
	// python3.13 docker-registry.svc.toolforge.org/toolforge-python313-sssd-base:latest
	// stale: false
	// python3.11 docker-registry.tools.wmflabs.org/toolforge-python311-sssd-base:latest
	// python3.13 docker-registry.svc.toolforge.org/toolforge-python313-sssd-base:latest
	// stale: true
}

// "Not there" and "could not ask" are told apart.
func ExampleClient_Image() {
	bayplan := sampleServer()
	defer bayplan.Close()
	c, err := client.New(bayplan.URL, client.Options{Attempts: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	ask := func(name string) {
		_, err := c.Image(context.Background(), name)
		refusal := &client.Error{}
		switch {
		case errors.Is(err, client.ErrNotThere) && errors.As(err, &refusal):
			fmt.Println("not there; perhaps", refusal.Body.Suggestions)
		case errors.Is(err, client.ErrCouldNotAsk):
			fmt.Println("nobody knows")
		}
	}
	ask("bokworm")
	bayplan.Close()
	ask("bokworm")
	// Output:
	// not there; perhaps [bookworm]
	// nobody knows
}

// A long list is read a page at a time.
func ExampleClient_Images() {
	bayplan := sampleServer()
	defer bayplan.Close()
	c, err := client.New(bayplan.URL, client.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	n := 0
	for _, err := range c.Images(context.Background(), client.Query{PageSize: 10}) {
		if err != nil {
			fmt.Println(err) // what came before is not the whole list
			return
		}
		n++
	}
	fmt.Println(n, "images")
	// Output: 41 images
}

// What jobs-api and others do for each job that they list.
func ExampleClient_ResolveAll() {
	bayplan := sampleServer()
	defer bayplan.Close()
	c, err := client.New(bayplan.URL, client.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	jobs := []string{"tf-python39", "toolforge-node18-sssd-base:latest", "pyton3.11"}
	answer, err := c.ResolveAll(context.Background(), "wikibugs", jobs, client.ResolveQuery{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, result := range answer.Body.Results {
		if result.Match == nil {
			fmt.Println(result.Name, "means nothing; perhaps", result.Suggestions[0])
			continue
		}
		fmt.Println(result.Name, "is", result.Match.ShortName, "by its", result.Match.Rule)
	}
	// Output:
	// tf-python39 is python3.9 by its alias
	// toolforge-node18-sssd-base:latest is node18 by its reference
	// pyton3.11 means nothing; perhaps python3.11
}
