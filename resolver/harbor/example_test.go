package harbor_test

import (
	"context"
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// What a project holds, asked as a robot account.
func Example() {
	s := newServer(replay(played)) // a Harbor
	defer s.Close()
	hosts, err := endpoint.New(
		map[string]endpoint.Config{"harbor.example": {URL: s.URL, Kind: endpoint.Harbor}},
		endpoint.Options{Credentials: func(context.Context, string) (endpoint.Credential, error) { return robot, nil }},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	c := harbor.New(hosts.For("harbor.example"), harbor.Options{})

	ctx := context.Background()
	identity, err := c.Prove(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("as", identity.Kind, identity.Name)
	artifacts, err := c.ProjectArtifacts(ctx, "tool-alpha")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, a := range artifacts {
		for _, tag := range a.Tags {
			fmt.Println(a.Repository+":"+tag.Name, a.Platforms, a.PushTime.Format("15:04:05"))
		}
	}
	// Output:
	// as robot robot$reader
	// tool-alpha/sub/dir:latest [linux/amd64] 04:58:13
	// tool-alpha/moved:latest [linux/amd64] 04:58:13
	// tool-alpha/web:2.0.0 [linux/amd64] 04:58:11
	// tool-alpha/web:1.1.0 [linux/amd64] 04:58:11
	// tool-alpha/web:latest [linux/amd64] 04:58:09
	// tool-alpha/web:1.0.0 [linux/amd64] 04:58:09
}
