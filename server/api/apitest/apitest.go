// Package apitest validates answers of the endpoint against the published
// OpenAPI document, so that no test of a handler can accept what the contract
// does not say.
//
// It is stricter than the document is for clients: a property, a header or a
// query parameter that is not declared is a failure here, because it is ours to
// declare it. Nulls are failures too. It is for tests only; the running server
// validates nothing against OpenAPI. Its neighbours are package schemas, which
// embeds the document, and server/api, whose types a test keeps equal to it.
package apitest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

// Validate fails the test unless [Check] finds the answer to be right. The test
// goes on, so that its own assertions show as well.
func Validate(t testing.TB, request *http.Request, response *http.Response, body []byte) {
	t.Helper()
	if err := Check(request, response, body); err != nil {
		t.Errorf("%s %s: %d is not what schemas/openapi.yaml says: %v",
			request.Method, request.URL.RequestURI(), response.StatusCode, err)
	}
}

// Check tells whether response, with body as it was read (still compressed if
// Content-Encoding says so), is an answer that the document allows for request:
// its status, headers, content type and body, and for an answer other than an
// error the request's parameters, too. It never reads response.Body.
//
//   - A path that the document does not list must be answered as its response
//     RouteNotFound says, a method other than GET and HEAD by 405.
//   - HEAD is judged as GET, without a body.
//   - Without the parameter `fields`, records must be complete.
//   - A browser's preflight request (Fetch, section 3.3) may be answered by 204 on
//     routes that ask for no proof of who asks; OpenAPI does not describe those.
//   - A query parameter that is not declared must not be accepted by an
//     operation that documents 400.
func Check(request *http.Request, response *http.Response, body []byte) error {
	document, err := strict(request.URL.Query().Has("fields"))
	if err != nil {
		return fmt.Errorf("load the document: %w", err)
	}
	input, err := document.route(request)
	if err != nil {
		return err
	}
	if isPreflight(request) && response.StatusCode == http.StatusNoContent {
		return checkPreflight(input, response, body)
	}
	declared := input.Route.Operation.Responses.Status(response.StatusCode)
	if declared == nil {
		return errors.New("the status is not documented here")
	}
	if err := checkMethod(input, request.Method, response.StatusCode); err != nil {
		return err
	}
	return errors.Join(
		checkAccepted(input, response.StatusCode),
		checkHeaders(declared.Value.Headers, response.Header),
		checkBody(input, declared.Value, request.Method, response, body),
	)
}

// checkMethod tells 405 and its reason apart from everything else. An unknown
// path is 404 whatever the method.
func checkMethod(input *openapi3filter.RequestValidationInput, method string, status int) error {
	reading := method == http.MethodGet || method == http.MethodHead
	if input.Route.Method == http.MethodPost {
		if (method == http.MethodPost) == (status == http.StatusMethodNotAllowed) {
			return fmt.Errorf("%d to %s, where POST alone is answered", status, method)
		}
		return nil
	}
	switch {
	case reading && status == http.StatusMethodNotAllowed:
		return fmt.Errorf("405 to %s, which every route answers", method)
	case !reading && status != http.StatusMethodNotAllowed && status != http.StatusNotFound:
		return fmt.Errorf("%s is not documented and must be 405", method)
	}
	return nil
}

func checkBody(input *openapi3filter.RequestValidationInput, declared *openapi3.Response, method string, response *http.Response, body []byte) error {
	if method == http.MethodHead || len(declared.Content) == 0 {
		if len(body) > 0 {
			return fmt.Errorf("a body of %d bytes where there must be none", len(body))
		}
	}
	if len(declared.Content) == 0 {
		return nil
	}
	contentType := response.Header.Get("Content-Type")
	if contentType == "" || declared.Content.Get(contentType) == nil {
		return fmt.Errorf("content type %q is not documented", contentType)
	}
	if method == http.MethodHead {
		return nil
	}
	plain, err := decode(response.Header.Get("Content-Encoding"), body)
	if err != nil {
		return err
	}
	if isEventStream(contentType) {
		return checkEvents(plain)
	}
	validation := (&openapi3filter.ResponseValidationInput{
		RequestValidationInput: input,
		Status:                 response.StatusCode,
		Header:                 response.Header,
		Options:                options(),
	}).SetBodyBytes(plain)
	return errors.Join(
		checkJSON(contentType, plain),
		openapi3filter.ValidateResponse(input.Request.Context(), validation),
	)
}

func options() *openapi3filter.Options {
	o := &openapi3filter.Options{
		MultiError:            true,
		IncludeResponseStatus: true,
		ExcludeRequestBody:    true,
		SkipSettingDefaults:   true,
	}
	o.WithCustomSchemaErrorFunc(place)
	return o
}

// place words a mismatch by its place and reason; kin-openapi's own words repeat
// the whole schema and the whole body.
func place(mismatch *openapi3.SchemaError) string {
	return fmt.Sprintf("at /%s: %s", strings.Join(mismatch.JSONPointer(), "/"), mismatch.Reason)
}

// Body reads and closes a response's body, to hand it to [Validate] and to use
// it afterwards. A failure to read ends the test.
func Body(t testing.TB, response *http.Response) []byte {
	t.Helper()
	body, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		t.Fatalf("read the answer: %v", err)
	}
	return body
}
