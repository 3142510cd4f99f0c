package endpoint_test

import (
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
)

// The catalog names registry.example; this deployment reaches it through a
// mirror that keeps it under a path.
func Example() {
	hosts, err := endpoint.New(map[string]endpoint.Config{
		"registry.example": {URL: "https://mirror.example:8443/cache"},
	}, endpoint.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, host := range []string{"registry.example", "other.example", "docker.io"} {
		e := hosts.For(host)
		fmt.Println(e.Host(), "is", e.URL(), e.Repository("bookworm"))
	}
	// Output:
	// registry.example is https://mirror.example:8443 cache/bookworm
	// other.example is https://other.example bookworm
	// docker.io is https://registry-1.docker.io library/bookworm
}

// All mistakes are told at once.
func ExampleNew_mistakes() {
	_, err := endpoint.New(map[string]endpoint.Config{
		"a.example":         {URL: "https://robot:secret@a.example"},
		"b.example":         {Kind: "quay", Concurrency: -1},
		"https://c.example": {},
	}, endpoint.Options{})
	fmt.Println(err)
	// Output:
	// configure registry hosts: hosts["a.example"].url: holds credentials; leave them out and keep them in Docker's config.json (docker login)
	// hosts["b.example"].kind: "quay" is unknown; write oci or harbor
	// hosts["b.example"].concurrency: is -1; write 1 to 1024, or leave it out for 8
	// hosts["https://c.example"]: is no host name; write it as the catalog does, such as registry.example or registry.example:5000
}
