package harbor

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// apiRoot is where Harbor's API is, since Harbor 2.0.
const apiRoot = "/api/v2.0/"

// question is one GET of the API.
type question struct {
	op   string // for errors
	path string // before the URL's escaping
	// query is encoded, sorted by name.
	query string
	// project is the one that it is about: an answer about its rights is then
	// about whether it is there. "" for none.
	project string
	// newer tells that not every Harbor has the path.
	newer bool
	// budget is shared by the pages of one call; nil has no bound but the
	// endpoint's.
	budget *budget
}

// acceptJSON is the header of every question.
var acceptJSON = []string{"application/json"}

// request is the question on the wire.
func (q question) request(ctx context.Context, ep *endpoint.Endpoint) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "", nil)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "", "", err)
	}
	req.URL = ep.URL()
	req.URL.Path, req.URL.RawQuery = q.path, q.query
	req.Host = req.URL.Host
	req.Header["Accept"] = acceptJSON
	if numeric(q.project) {
		req.Header.Set("X-Is-Resource-Name", "true") // else it is taken for an id
	}
	return req, nil
}

// failed gives an error the question's place.
func (q question) failed(host string, err error) error {
	side := host
	if q.project != "" {
		side += ", project " + q.project
	}
	f := *asFault(err)
	if f.Op != "" { // it has a place of its own
		return &fault.Error{Kind: f.Kind, Op: q.op, Side: side, Err: err, Hint: f.Hint, RetryAfter: f.RetryAfter}
	}
	f.Op, f.Side = q.op, side
	return &f
}

// asFault is endpoint.Classify with its type.
func asFault(err error) *fault.Error {
	err = endpoint.Classify(err)
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	return &fault.Error{Kind: fault.KindOf(err), Err: err}
}

// budget is how many bytes a call may still read.
type budget struct{ left atomic.Int64 }

func newBudget(max int64) *budget {
	b := new(budget)
	b.left.Store(max)
	return b
}

// spend takes n bytes, or tells that there are no more.
func (b *budget) spend(n int) error {
	if b == nil || b.left.Add(-int64(n)) >= 0 {
		return nil
	}
	return fault.New(fault.TooLarge, "", "", "the pages of the list are together larger than what one call may read")
}
