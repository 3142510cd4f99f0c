package schemas_test

import (
	"encoding/json"
	"fmt"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/schemas"
)

// The document is plain JSON for whoever reads it.
func Example() {
	document, err := schemas.OpenAPIJSON()
	if err != nil {
		fmt.Println(err)
		return
	}
	var head struct {
		OpenAPI string
		Info    struct{ Title, Version string }
	}
	if err := json.Unmarshal(document, &head); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(head.Info.Title, head.Info.Version, "in OpenAPI", head.OpenAPI)
	// Output: Bayplan 1.1.0 in OpenAPI 3.1.0
}
