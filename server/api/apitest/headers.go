package apitest

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// undeclared tells whether any answer may have a header without the document
// saying so: those that belong to HTTP itself or to a browser's safety.
func undeclared(name string) bool {
	switch name {
	case "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Date",
		"Trailer", "Transfer-Encoding", "Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "Content-Security-Policy", "Referrer-Policy",
		"X-Content-Type-Options":
		return true
	}
	return false
}

// checkHeaders tells whether all headers are declared, all required ones there,
// and their values as their schemas say. It is our own because kin-openapi looks
// at no header of a 304 or of an answer to HEAD.
func checkHeaders(declared openapi3.Headers, got http.Header) error {
	var problems []error
	canonical := make(map[string]bool, len(declared))
	for name, ref := range declared {
		canonical[http.CanonicalHeaderKey(name)] = true
		problems = append(problems, checkHeader(name, ref.Value, got.Values(name)))
	}
	for name := range got {
		if !canonical[http.CanonicalHeaderKey(name)] && !undeclared(name) {
			problems = append(problems, fmt.Errorf("header %s is not documented here", name))
		}
	}
	return errors.Join(problems...)
}

// checkHeader looks at one declared header. Several lines are one list (RFC
// 9110, section 5.2).
func checkHeader(name string, declared *openapi3.Header, lines []string) error {
	if len(lines) == 0 {
		if declared.Required {
			return fmt.Errorf("header %s is missing", name)
		}
		return nil
	}
	schema, text := declared.Schema.Value, strings.Join(lines, ", ")
	var value any = text
	if schema.Type.Is(openapi3.TypeInteger) {
		number, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("header %s: %q is no integer", name, text)
		}
		value = float64(number)
	}
	if err := schema.VisitJSON(value, openapi3.SetSchemaErrorMessageCustomizer(place)); err != nil {
		return fmt.Errorf("header %s: %q: %w", name, text, err)
	}
	return nil
}
