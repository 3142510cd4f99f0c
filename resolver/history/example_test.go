package history_test

import (
	"context"
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/history"
)

// A registry that never answered is an error; it is no chart without versions.
func Example() {
	hosts, err := endpoint.New(map[string]endpoint.Config{"harbor.example": {URL: "http://127.0.0.1:1"}}, endpoint.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	h := history.New(history.Repository{
		Client:    artifact.New(hosts, artifact.Options{Attempts: 1}),
		Reference: artifact.Reference{Host: "harbor.example", Path: "toolforge/image-config"},
		Selection: artifact.Selection{Constraint: ">=0.0.28"},
	}, history.Options{})
	_, err = h.List(context.Background())
	fmt.Println(fault.KindOf(err))
	_, err = h.Get(context.Background(), "0.0.28")
	fmt.Println(fault.KindOf(err))
	// Output:
	// unreachable
	// unreachable
}
