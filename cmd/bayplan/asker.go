package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// maxAnswer bounds what is read of one answer, in bytes.
const maxAnswer = 256 << 20

// asker gets answers of the contract's routes from one base URL.
type asker struct {
	base     *url.URL
	client   *http.Client
	waiting  func() (stop func()) // tells whoever waits for what
	failures []string             // why sources could not be asked; for people
}

// newAsker asks over transport; nil means the network.
func newAsker(base *url.URL, transport http.RoundTripper) *asker {
	return &asker{
		base: base, client: &http.Client{Transport: transport, CheckRedirect: sameServer},
		waiting: func() func() { return func() {} },
	}
}

// get reads an answer into out. An answer of 400 or more is an *answerError;
// other errors are of kind fault.Unreachable or fault.TooLarge.
func (a *asker) get(ctx context.Context, path string, query url.Values, out any) error {
	defer a.waiting()()
	status, text, err := a.send(ctx, path, query)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return a.unreachable(err)
	case len(text) > maxAnswer:
		return fault.New(fault.TooLarge, "ask", a.base.Host, "the answer has more than %d bytes", maxAnswer)
	case status >= http.StatusBadRequest:
		return a.refusal(status, text)
	}
	if json.Unmarshal(text, out) != nil {
		return a.stranger("the answer is not of this API")
	}
	return nil
}

// send gives the status and the body, one byte longer than allowed at most.
func (a *asker) send(ctx context.Context, path string, query url.Values) (status int, text []byte, err error) {
	address := a.base.JoinPath(path)
	address.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "bayplan/"+buildVersion())
	response, err := a.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }() // it was read
	text, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	return response.StatusCode, text, err
}

func (a *asker) unreachable(err error) error {
	cause := endpoint.Classify(err)
	e := &fault.Error{Kind: fault.Unreachable, Op: "ask server", Side: a.base.Host, Err: cause}
	if hint := fault.HintOf(err); hint != "" {
		return e.WithHint("%s", hint)
	}
	return e.WithHint("is it running, and is --server right?")
}

// stranger is an answer that no Bayplan server gives.
func (a *asker) stranger(format string, args ...any) error {
	return fault.New(fault.Unreachable, "ask server", a.base.Host, format, args...).
		WithHint("is this a Bayplan server? its answers are under the URL's path, at %s", a.base.JoinPath("v1/images"))
}

func (a *asker) refusal(status int, text []byte) error {
	e := &answerError{host: a.base.Host, status: status}
	if json.Unmarshal(text, &e.body) != nil || e.body.Code == "" {
		return a.stranger("it answers %s", strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status))))
	}
	return e
}

// answerError is an error that a server answered with.
type answerError struct {
	host   string
	status int
	body   api.Error
}

func (e *answerError) Error() string { return strings.Join(e.body.Error, "; ") }
