package harbor

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"syscall"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// backoff is how long to wait, about, before each further attempt. It is short
// because a round of questions is: what does not heal in this time is asked
// again in the next one.
var backoff = [...]time.Duration{50 * time.Millisecond, 200 * time.Millisecond}

// readBody takes what is wanted from an answer.
type readBody func(http.Header, *reader) error

// ask asks as whom we mean to be.
func (c *Client) ask(ctx context.Context, q question, read readBody) error {
	s, err := c.trusted(ctx)
	if err == nil {
		err = c.persist(ctx, s, q, read)
	}
	if err != nil {
		return q.failed(c.ep.Host(), err)
	}
	return nil
}

// persist sends a question until it is answered or there is no point: at most
// twice more, and only where something between Harbor and us gave way.
func (c *Client) persist(ctx context.Context, s *session, q question, read readBody) error {
	err := c.once(ctx, s, q, read)
	for _, d := range backoff {
		if err == nil || !transient(err) || ctx.Err() != nil {
			break
		}
		if c.opts.Wait(ctx, jitter(d)) != nil {
			break
		}
		err = c.once(ctx, s, q, read)
	}
	return err
}

// once sends a question and reads its answer. The body is closed before
// anything else is asked: an open one holds a slot of the endpoint.
func (c *Client) once(ctx context.Context, s *session, q question, read readBody) error {
	req, err := q.request(ctx, c.ep)
	if err != nil {
		return err
	}
	s.dress(req)
	resp, err := c.rt.RoundTrip(req) // no redirects: the API has none
	if err != nil {
		return asFault(err)
	}
	defer resp.Body.Close()
	s.keep(resp)
	if resp.StatusCode != http.StatusOK {
		return c.refused(q, s, resp)
	}
	if !isJSON(resp.Header) {
		return foreign("its answer is %s, not JSON", contentType(resp.Header))
	}
	return c.decode(resp.Header, spending{resp.Body, q.budget}, read)
}

// decode lends a reader for one body.
func (c *Client) decode(header http.Header, body io.Reader, read readBody) error {
	r, _ := c.decoders.Get().(*reader)
	if r == nil {
		r = newReader()
	}
	defer c.decoders.Put(r)
	r.reset(body)
	defer r.reset(nil)
	return read(header, r)
}

// spending counts a body against the budget of its call.
type spending struct {
	body   io.Reader
	budget *budget
}

func (s spending) Read(p []byte) (int, error) {
	n, err := s.body.Read(p)
	if over := s.budget.spend(n); over != nil {
		return 0, over
	}
	return n, err
}

// transient tells whether asking again at once may help. Not so if Harbor said
// when to come back.
func transient(err error) bool {
	if fault.RetryAfterOf(err) > 0 {
		return false
	}
	if s, ok := errors.AsType[statusError](err); ok {
		switch s.status {
		case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return false
	}
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func isJSON(h http.Header) bool {
	const want = "application/json"
	text := h.Get("Content-Type")
	if text == want { // as Harbor writes it
		return true
	}
	kind, _, err := mime.ParseMediaType(text)
	return err == nil && kind == want
}

// contentType gives the type in few words for a message.
func contentType(h http.Header) string {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || len(kind) > 60 {
		return "of an unknown type"
	}
	return kind
}
