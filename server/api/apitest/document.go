package apitest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/schemas"
)

// document is the published document, closed as [tighten] says, with a router.
type document struct {
	*openapi3.T
	router routers.Router
}

// strict gives the document for a request with or without `fields`.
func strict(fields bool) (*document, error) {
	if fields {
		return projected()
	}
	return complete()
}

var (
	complete  = sync.OnceValues(func() (*document, error) { return load(true) })
	projected = sync.OnceValues(func() (*document, error) { return load(false) })
)

func load(completeRecords bool) (*document, error) {
	published, err := schemas.OpenAPIJSON()
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(published, &tree); err != nil {
		return nil, err
	}
	tighten(tree, completeRecords)
	greedy(tree["paths"].(map[string]any))
	tightened, err := json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	t, err := openapi3.NewLoader().LoadFromData(tightened)
	if err != nil {
		return nil, err
	}
	router, err := gorillamux.NewRouter(t)
	return &document{T: t, router: router}, err
}

// tighten closes every object schema that declares properties and does not say
// itself what else it admits, and turns x-required-without-fields into required.
func tighten(node any, completeRecords bool) {
	switch node := node.(type) {
	case []any:
		for _, child := range node {
			tighten(child, completeRecords)
		}
	case map[string]any:
		_, declares := node["properties"].(map[string]any)
		_, says := node["additionalProperties"]
		if node["type"] == "object" && declares && !says {
			node["additionalProperties"] = false
		}
		if always, ok := node["x-required-without-fields"]; ok && completeRecords {
			node["required"] = always
		}
		for _, child := range node {
			tighten(child, completeRecords)
		}
	}
}

// greedy lets {name} take the slashes of a name, which OpenAPI cannot say.
func greedy(paths map[string]any) {
	const written, meant = "/v1/images/{name}", "/v1/images/{name:.+}"
	paths[meant] = paths[written]
	delete(paths, written)
}

// route finds the operation that a request is judged by: that of GET, or of POST
// where there is no GET, whatever the request's method; for an unknown path one that knows 404 alone.
func (d *document) route(request *http.Request) (*openapi3filter.RequestValidationInput, error) {
	get := request.Clone(request.Context())
	get.Method, get.Body = http.MethodGet, nil
	route, params, err := d.router.FindRoute(get)
	if errors.Is(err, routers.ErrMethodNotAllowed) { // the document has it, and not for GET
		get.Method = http.MethodPost
		route, params, err = d.router.FindRoute(get)
	}
	if errors.Is(err, routers.ErrPathNotFound) {
		route, params, err = d.nowhere(), nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find the route: %w", err)
	}
	return &openapi3filter.RequestValidationInput{
		Request: get, Route: route, PathParams: params, Options: options(),
	}, nil
}

// nowhere is the route of all paths that the document does not list.
func (d *document) nowhere() *routers.Route {
	operation := openapi3.NewOperation()
	operation.Responses = openapi3.NewResponses(
		openapi3.WithStatus(http.StatusNotFound, d.Components.Responses["RouteNotFound"]))
	return &routers.Route{Spec: d.T, PathItem: &openapi3.PathItem{}, Method: http.MethodGet, Operation: operation}
}

// checkAccepted tells whether a request that got no error has only parameters
// that the document admits. Of a request that got an error nothing is known.
func checkAccepted(input *openapi3filter.RequestValidationInput, status int) error {
	if status >= http.StatusBadRequest || input.Route.Method == http.MethodPost {
		return nil // a body that was sent cannot be read again
	}
	operation := input.Route.Operation
	if operation.Responses.Status(http.StatusBadRequest) != nil {
		for name := range input.Request.URL.Query() {
			if operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
				return fmt.Errorf("parameter %q is not documented and was accepted", name)
			}
		}
	}
	if err := openapi3filter.ValidateRequest(input.Request.Context(), input); err != nil {
		return fmt.Errorf("the request was accepted: %w", err)
	}
	return nil
}

// Operations lists the operation ids of the document, sorted, for a test that
// wants to be sure it visited all of them.
func Operations() ([]string, error) {
	d, err := complete()
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, item := range d.Paths.Map() {
		for _, operation := range item.Operations() {
			ids = append(ids, operation.OperationID)
		}
	}
	slices.Sort(ids)
	return ids, nil
}
