package harbor

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// maxError bounds what is read of an answer that is an error.
const maxError = 64 << 10

// refused says what an answer other than 200 means.
//
// About a project, Harbor 2.15.2 says 401 to the anonymous and 403 to those who
// are signed in, whether it is not there or not theirs to see, and 404 only to
// those who may list it (recordings project.missing.*, project.private.*). To
// one whose identity is proved all three mean that there are no images that it
// may see. A 401 to one who shows a credential means that the credential is no
// longer believed.
func (c *Client) refused(q question, s *session, resp *http.Response) error {
	said, isHarbor := readError(resp.Body)
	switch resp.StatusCode {
	case http.StatusUnauthorized:
		if !s.anonymous() {
			c.forget(s)
			return status(resp, fault.Denied, "Harbor does not believe the credential of %q", s.credential.Username).
				WithHint("renew the account's secret in Docker's config.json, or see in Harbor whether it is disabled or expired")
		}
		if q.project != "" && isHarbor {
			return status(resp, fault.NotFound, "no project that the anonymous may see")
		}
	case http.StatusForbidden:
		if q.project != "" && isHarbor && !s.anonymous() && s.trusted() {
			return status(resp, fault.NotFound, "no project that %q may list", s.credential.Username).
				WithHint("if the project is there, give the account the right to list its repositories and artifacts")
		}
	case http.StatusNotFound:
		return notThere(q, s, resp, said, isHarbor)
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		if isHarbor {
			return status(resp, fault.Internal, "Harbor refuses the question (%d): %.200q", resp.StatusCode, said)
		}
	}
	return classified(resp)
}

// notThere tells a 404 about the project from one about the path, which an
// older Harbor does not know, and from one of something that is not Harbor.
func notThere(q question, s *session, resp *http.Response, said string, isHarbor bool) error {
	noPath := strings.HasPrefix(said, "path ") && strings.HasSuffix(said, " was not found") // recording error.404.route
	switch {
	case isHarbor && noPath && q.newer:
		return status(resp, fault.Unsupported, "this Harbor does not have the question")
	case isHarbor && !noPath && q.project != "" && s.trusted():
		return status(resp, fault.NotFound, "no such project")
	}
	return status(resp, fault.Unreachable, "it answers 404, so there is no API of Harbor")
}

// readError reads Harbor's error, {"errors":[{"code","message"}]}, and tells
// whether it is one. Leniently: it only chooses words and kinds.
func readError(body io.Reader) (message string, ok bool) {
	text, err := io.ReadAll(io.LimitReader(body, maxError))
	if err != nil {
		return "", false
	}
	var answer struct {
		Errors []struct{ Code, Message string }
	}
	if json.Unmarshal(text, &answer) != nil || len(answer.Errors) == 0 || answer.Errors[0].Code == "" {
		return "", false
	}
	return endpoint.WithoutCredentials(answer.Errors[0].Message), true
}

// statusError keeps the HTTP status that a fault came from, as its cause.
type statusError struct {
	status int
	error
}

func (e statusError) Unwrap() error { return e.error }

// classified is what endpoint says of a status, with the status kept. A 404 does
// not come here. What is neither 200 nor an error is not Harbor's.
func classified(resp *http.Response) error {
	err := endpoint.ClassifyStatus(resp.StatusCode, resp.Header)
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return foreign("it answers %d where Harbor answers 200", resp.StatusCode)
	}
	f.Err = statusError{resp.StatusCode, f.Err}
	return f
}

// status makes an error of an answer's status.
func status(resp *http.Response, kind fault.Kind, format string, args ...any) *fault.Error {
	f := fault.New(kind, "", "", format, args...)
	f.Err = statusError{resp.StatusCode, f.Err}
	return f
}

// foreign is an answer that is not one of Harbor's.
func foreign(format string, args ...any) error {
	f := fault.New(fault.Unreachable, "", "", format, args...)
	f.Hint = "see whether the host is a Harbor and whether something before it answers in its place"
	return f
}
