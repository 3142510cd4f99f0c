package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
)

// One request for many names has at most so many of them, and a query of at most
// so many bytes, which any proxy lets pass.
const (
	maxNames      = 100
	maxNamesBytes = 6 << 10
)

// ResolveQuery adjusts a resolution. The zero value is what nearly all want.
type ResolveQuery struct {
	// Fields leaves out all other properties of the records but short_name.
	Fields []string
	// Explain asks how the answer came about.
	Explain bool
	// Fresh has the server ask the registries first. It takes 3 s at most.
	Fresh bool
}

func (q ResolveQuery) values(names ...string) url.Values {
	values := url.Values{"name": names}
	if len(q.Fields) > 0 {
		values.Set("fields", strings.Join(q.Fields, ","))
	}
	if q.Explain {
		values.Set("explain", "true")
	}
	return values
}

func (q ResolveQuery) question(c *Client, tool string, names ...string) question {
	asked := c.question(q.values(names...), "v1", "tool", tool, "images", "resolve")
	asked.tool, asked.fresh = tool, q.Fresh
	return asked
}

// Resolve asks which image a spelling means to a tool: a name, an alias, a
// repository or a reference, of a standard image or of one that a tool built.
// Errors are those of [Client.Image]; [Error.Body] has the spelling taken apart.
func (c *Client) Resolve(ctx context.Context, tool, spelling string, q ResolveQuery) (*Answer[api.ResolveAnswer], error) {
	if tool == "" {
		return nil, errNoName
	}
	return get(ctx, c, q.question(c, tool, spelling), decodeResolved)
}

// ResolveAll asks the same of many spellings, in as few requests as the server
// and proxies allow. Results are in their order, each with its own status: one
// that means nothing is no error. Of several requests the oldest answer says how
// old all are; Raw is nil.
func (c *Client) ResolveAll(ctx context.Context, tool string, spellings []string, q ResolveQuery) (*Answer[api.ResolutionsAnswer], error) {
	if tool == "" {
		return nil, errNoName
	}
	out := &Answer[api.ResolutionsAnswer]{ConfirmedAt: c.now(), Body: api.ResolutionsAnswer{Results: api.List[api.Resolution]{}}}
	for len(spellings) > 0 {
		n := batch(spellings)
		part, err := c.resolveBatch(ctx, tool, spellings[:n], q)
		if err != nil {
			return nil, err
		}
		join(out, part)
		spellings = spellings[n:]
	}
	return out, nil
}

// batch gives how many of the names go into the next request.
func batch(names []string) int {
	bytes := 0
	for i, name := range names {
		bytes += len("name=&") + len(url.QueryEscape(name))
		if i == maxNames || i > 0 && bytes > maxNamesBytes {
			return i
		}
	}
	return len(names)
}

// resolveBatch asks once. A single name is answered in another shape.
func (c *Client) resolveBatch(ctx context.Context, tool string, names []string, q ResolveQuery) (*Answer[api.ResolutionsAnswer], error) {
	if len(names) > 1 {
		return get(ctx, c, q.question(c, tool, names...), decodeResolutions(len(names)))
	}
	one, err := c.Resolve(ctx, tool, names[0], q)
	if refusal, ok := errors.AsType[*Error](err); ok && errors.Is(err, ErrNotThere) && !errors.Is(err, ErrCouldNotAsk) {
		return &Answer[api.ResolutionsAnswer]{ConfirmedAt: c.now(), Body: api.ResolutionsAnswer{
			Results: api.List[api.Resolution]{refusal.resolution(names[0])},
		}}, nil
	}
	if err != nil {
		return nil, err
	}
	return &Answer[api.ResolutionsAnswer]{
		ConfirmedAt: one.ConfirmedAt, Age: one.Age, Failure: one.Failure,
		Body: api.ResolutionsAnswer{Messages: one.Body.Messages, Results: api.List[api.Resolution]{{
			Name: names[0], Status: http.StatusOK, Image: one.Body.Image, Match: &one.Body.Match, Explain: one.Body.Explain,
		}}},
	}, nil
}

// resolution is a no as one of many results has it.
func (e *Error) resolution(name string) api.Resolution {
	out := api.Resolution{
		Name: name, Status: e.Status, Code: e.Body.Code, Error: e.Body.Error, Suggestions: e.Body.Suggestions,
		Tombstone: e.Body.Tombstone, Explain: e.Body.Explain,
	}
	if e.Body.Image != nil {
		out.Image = *e.Body.Image
	}
	return out
}

// join puts the answer of one more request behind the ones before.
func join(a, part *Answer[api.ResolutionsAnswer]) {
	body := &a.Body
	body.Results = append(body.Results, part.Body.Results...)
	body.Messages.Info = append(body.Messages.Info, part.Body.Messages.Info...)
	body.Messages.Warning = append(body.Messages.Warning, part.Body.Messages.Warning...)
	body.Messages.Error = append(body.Messages.Error, part.Body.Messages.Error...)
	if part.ConfirmedAt.Before(a.ConfirmedAt) {
		a.ConfirmedAt = part.ConfirmedAt
	}
	a.Age = max(a.Age, part.Age)
	if a.Failure == nil {
		a.Failure = part.Failure
	}
}

var decodeResolved = decodeJSON(func(a *api.ResolveAnswer) bool { return a.Image.ShortName != "" && a.Match.Image != "" })

// decodeResolutions wants a result for each of so many names.
func decodeResolutions(names int) func([]byte) (api.ResolutionsAnswer, error) {
	return decodeJSON(func(a *api.ResolutionsAnswer) bool { return len(a.Results) == names })
}
