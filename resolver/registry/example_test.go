package registry_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	memory "github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registry"
)

// One image of the catalog is in the registry, the other is not.
func Example() {
	server := httptest.NewServer(memory.New(memory.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	bookworm, err := name.ParseReference(strings.TrimPrefix(server.URL, "http://") + "/bookworm:latest")
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := remote.Write(bookworm, empty.Image); err != nil {
		fmt.Println(err)
		return
	}

	hosts, err := endpoint.New(map[string]endpoint.Config{
		"registry.example": {URL: server.URL},
	}, endpoint.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	source := registry.New(hosts.For("registry.example"), registry.Options{})
	asked := []fact.Reference{
		{Host: "registry.example", Repository: "bookworm", Tag: "latest"},
		{Host: "registry.example", Repository: "wheezy", Tag: "latest"},
	}
	report := source.Ask(context.Background(), asked)
	for _, ref := range asked {
		answer := report.Manifests[ref]
		fmt.Printf("%v is %v, digest %q\n", ref, answer.Status, answer.Digest)
	}
	fmt.Println(report.Repositories["bookworm"].Tags, report.Err)
	// Output:
	// registry.example/bookworm:latest is present, digest "sha256:732112270d7e59418a8c080b134b24cabd67d250d0d0147a97ed95ba5c280aa4"
	// registry.example/wheezy:latest is absent, digest ""
	// [latest] <nil>
}
