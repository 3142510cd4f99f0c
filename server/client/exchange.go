package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// toolHeader names the tool that asks. A gateway puts what it has proved in its
// place.
const toolHeader = "X-Toolforge-Tool"

// exchange asks once. An error is an [*Error] or an [*AskError].
func (c *Client) exchange(ctx context.Context, q question, known *stored, check func([]byte) error) (*stored, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.AttemptTimeout)
	defer cancel()
	request, err := c.request(ctx, q, known)
	if err != nil {
		return nil, &AskError{Host: c.base.Host, Err: err, final: true}
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, c.failed(err)
	}
	defer func() { _ = response.Body.Close() }() // it was read as far as it is wanted
	if response.StatusCode == http.StatusNotModified && known != nil {
		confirmed := *known
		confirmed.confirmed = c.now()
		return &confirmed, nil
	}
	raw, err := c.read(response.Body)
	if err != nil {
		return nil, c.failed(err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, c.refused(response, raw)
	}
	if err := check(raw); err != nil {
		return nil, c.failed(strangeError{status: response.StatusCode, what: err.Error()})
	}
	return &stored{raw: raw, etag: response.Header.Get("ETag"), confirmed: c.now(), next: next(response.Header)}, nil
}

func (c *Client) request(ctx context.Context, q question, known *stored) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, q.url.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", q.accept)
	request.Header.Set("User-Agent", c.opts.UserAgent)
	if q.tool != "" {
		request.Header.Set(toolHeader, q.tool)
	}
	if q.fresh {
		request.Header.Set("Cache-Control", "no-cache")
	}
	if known != nil && known.etag != "" {
		request.Header.Set("If-None-Match", known.etag)
	}
	return request, nil
}

// read reads a body that may not be longer than allowed.
func (c *Client) read(body io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(body, c.opts.MaxBody+1))
	if err == nil && int64(len(raw)) > c.opts.MaxBody {
		return nil, tooLargeError{c.opts.MaxBody}
	}
	return raw, err
}

// failed says that there was no answer. What would come to the same another time
// is not tried again.
func (c *Client) failed(err error) *AskError {
	if in, ok := errors.AsType[*url.Error](err); ok {
		err = in.Err // it repeats the method and the URL
	}
	_, elsewhere := errors.AsType[redirectError](err)
	_, large := errors.AsType[tooLargeError](err)
	return &AskError{Host: c.base.Host, Err: err, final: elsewhere || large}
}

// refused makes an error of an answer other than 200. One that is not of this
// API, a proxy's page say, tells nothing about images whatever its status.
func (c *Client) refused(response *http.Response, raw []byte) error {
	e := &Error{Status: response.StatusCode}
	failed := &AskError{Host: c.base.Host, RetryAfter: retryAfter(response.Header, c.now())}
	switch {
	case json.Unmarshal(raw, &e.Body) != nil || e.Body.Code == "":
		failed.Err = strangeError{status: response.StatusCode, what: "its body is not of this API"}
	case unable(response.StatusCode):
		failed.Err = e
	default:
		return e
	}
	return failed
}

// unable tells the statuses of a server that cannot answer now from those of one
// that says no.
func unable(status int) bool {
	return status >= http.StatusInternalServerError || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
}

// decodeJSON gives a decoder of a route's body that also asks whether what must
// be there is.
func decodeJSON[T any](complete func(*T) bool) func([]byte) (T, error) {
	return func(raw []byte) (out T, err error) {
		if json.Unmarshal(raw, &out) != nil {
			return out, errors.New("its body is no JSON of this API")
		}
		if !complete(&out) {
			return out, errors.New("its body lacks what this route answers")
		}
		return out, nil
	}
}

var (
	decodeImages  = decodeJSON(func(a *api.ImagesAnswer) bool { return a.Images != nil })
	decodeImage   = decodeJSON(func(a *api.ImageAnswer) bool { return a.Image.ShortName != "" })
	decodeCatalog = decodeJSON(func(a *api.CatalogAnswer) bool { return a.Catalog.Source != "" })
	decodeLegacy  = decodeJSON(func(c *LegacyCatalog) bool { return *c != nil })
)
