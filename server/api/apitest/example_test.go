package apitest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api/apitest"
)

// A handler's answer is checked as it was recorded; in a test, call Validate.
func Example() {
	request := httptest.NewRequest(http.MethodGet, "/v1/healthz", nil)
	recorder := httptest.NewRecorder()
	recorder.Header().Set("Content-Type", "application/json")
	_, _ = recorder.WriteString(`{"status": "OK", "messages": {}}`)

	fmt.Println(apitest.Check(request, recorder.Result(), recorder.Body.Bytes()))

	recorder = httptest.NewRecorder()
	recorder.WriteHeader(http.StatusTeapot)
	fmt.Println(apitest.Check(request, recorder.Result(), nil))
	// Output:
	// <nil>
	// the status is not documented here
}
