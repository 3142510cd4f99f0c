package client

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"
)

// question is what is asked, on one route.
type question struct {
	url    *url.URL
	accept string
	tool   string // who asks; "" for anybody
	fresh  bool   // the registry is to be asked first
	once   bool   // the answer is not kept: it will not be asked for again
}

// key is under which the answer is kept. What one tool may see is its own.
func (q question) key() string { return q.tool + "\x00" + q.accept + "\x00" + q.url.RequestURI() }

// question asks for a path below the base, made of a route and segments.
func (c *Client) question(query url.Values, segments ...string) question {
	escaped := make([]string, 0, len(segments))
	for _, text := range segments {
		escaped = append(escaped, segment(text))
	}
	address := c.base.JoinPath(escaped...)
	address.RawQuery = query.Encode()
	return question{url: address, accept: "application/json"}
}

// segment writes any text as one segment of a path, dots alone too, which would
// lead elsewhere.
func segment(text string) string {
	if text == "." || text == ".." {
		return strings.ReplaceAll(text, ".", "%2E")
	}
	return url.PathEscape(text)
}

// get asks, and decodes. Where the server cannot be asked it gives the last good
// answer, unless that is too old or the caller has gone away.
func get[T any](ctx context.Context, c *Client, q question, decode func([]byte) (T, error)) (*Answer[T], error) {
	known := c.kept.get(q.key())
	out, decoded := &Answer[T]{}, false
	found, err := c.ask(ctx, q, known, func(raw []byte) (err error) {
		out.Body, err = decode(raw)
		decoded = err == nil
		return err
	})
	if err != nil {
		if !errors.Is(err, ErrCouldNotAsk) {
			c.kept.forget(q.key()) // what was known is not so any more
		}
		if !c.serves(ctx, known, err) {
			return nil, err
		}
		found, decoded, out.Failure, out.Age = known, false, err, c.now().Sub(known.confirmed)
	} else if !q.once {
		c.kept.put(q.key(), found)
	}
	out.Raw, out.ConfirmedAt = found.raw, found.confirmed
	if decoded {
		return out, nil
	}
	out.Body, err = decode(found.raw) // what is kept has been decoded before
	return out, err
}

// serves tells whether a kept answer is to be given in place of an error.
func (c *Client) serves(ctx context.Context, known *stored, err error) bool {
	return known != nil && errors.Is(err, ErrCouldNotAsk) && !errors.Is(ctx.Err(), context.Canceled) &&
		c.now().Sub(known.confirmed) <= c.opts.MaxStale
}

// ask tries until there is an answer, the answer is no, or the budget is used up.
// check refuses bodies that are not what the route answers.
func (c *Client) ask(ctx context.Context, q question, known *stored, check func([]byte) error) (*stored, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Budget)
	defer cancel()
	for try := 1; ; try++ {
		found, err := c.exchange(ctx, q, known, check)
		failed, ok := errors.AsType[*AskError](err)
		if !ok {
			return found, err
		}
		failed.Attempts = try
		if failed.final || try >= c.opts.Attempts || ctx.Err() != nil || !c.pause(ctx, try, failed.RetryAfter) {
			return nil, failed
		}
	}
}

// pause waits before the next try. It gives false at once if the budget ends
// before the wait would.
func (c *Client) pause(ctx context.Context, try int, wanted time.Duration) bool {
	d := max(backoff(try), wanted)
	if end, ok := ctx.Deadline(); ok && c.now().Add(d).After(end) {
		return false
	}
	return c.wait(ctx, d)
}
