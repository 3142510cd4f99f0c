package harbortest

import (
	"fmt"
	"net/http"
)

// apiError is an error as Harbor writes it, on the API and under /v2 alike.
type apiError struct {
	status        int
	code, message string
	// challenge is the Www-Authenticate header; nil for none.
	challenge *string
	// distribution says that the registry's version header goes with it.
	distribution bool
}

func (e *apiError) write(w http.ResponseWriter) {
	if e.challenge != nil {
		w.Header()["Www-Authenticate"] = []string{*e.challenge}
	}
	if e.distribution {
		w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	}
	var b jsonBuf
	b.open('{').key("errors").open('[').open('{')
	b.key("code").str(e.code).key("message").str(e.message)
	b.close('}').close(']').close('}')
	w.Header().Set("Content-Type", jsonCharsetType)
	w.WriteHeader(e.status)
	_, _ = w.Write(append(b.b, '\n'))
}

func internalError() *apiError {
	return &apiError{status: http.StatusInternalServerError, code: "UNKNOWN", message: "internal server error"}
}

func notFound(format string, args ...any) *apiError {
	return &apiError{status: http.StatusNotFound, code: "NOT_FOUND", message: fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) *apiError {
	return &apiError{status: http.StatusBadRequest, code: "BAD_REQUEST", message: fmt.Sprintf(format, args...)}
}

func conflict(format string, args ...any) *apiError {
	return &apiError{status: http.StatusConflict, code: "CONFLICT", message: fmt.Sprintf(format, args...)}
}

// unprocessable is what the generated validation says; oddly it asks for
// credentials at the same time.
func unprocessable(format string, args ...any) *apiError {
	challenge := `Basic realm="API"`
	return &apiError{
		status: http.StatusUnprocessableEntity, code: "UNPROCESSABLE_ENTITY",
		message: "validation failure list:\n" + fmt.Sprintf(format, args...), challenge: &challenge,
	}
}

// denied is 401 for those who did not say who they are and 403 for the others.
func (v viewer) denied() *apiError {
	if v.account == nil {
		return &apiError{status: http.StatusUnauthorized, code: "UNAUTHORIZED", message: "unauthorized"}
	}
	return &apiError{status: http.StatusForbidden, code: "FORBIDDEN", message: "forbidden"}
}
