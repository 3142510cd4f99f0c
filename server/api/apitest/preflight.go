package apitest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3filter"
)

// isPreflight tells the requests with which a browser asks what a page of
// another origin may ask.
func isPreflight(request *http.Request) bool {
	return request.Method == http.MethodOptions && request.Header.Get("Access-Control-Request-Method") != ""
}

// checkPreflight tells whether a route may answer a preflight request so.
func checkPreflight(input *openapi3filter.RequestValidationInput, response *http.Response, body []byte) error {
	operation := input.Route.Operation
	if operation.Tags == nil || operation.Tags[0] == "operations" && operation.OperationID != "getOpenAPI" || operation.Responses.Status(http.StatusUnauthorized) != nil {
		return errors.New("pages of other origins have no business here")
	}
	var problems []error
	for name := range response.Header {
		if !strings.HasPrefix(name, "Access-Control-") && name != "Vary" && !undeclared(name) {
			problems = append(problems, fmt.Errorf("header %s is not one of a preflight's", name))
		}
	}
	if response.Header.Get("Access-Control-Allow-Credentials") != "" {
		problems = append(problems, errors.New("credentials are never allowed"))
	}
	if len(body) > 0 {
		problems = append(problems, fmt.Errorf("a body of %d bytes where there must be none", len(body)))
	}
	return errors.Join(problems...)
}
