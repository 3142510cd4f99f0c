package endpoint

import (
	"io"
	"net/http"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// Bound cuts a body at max bytes: the first byte beyond gives an error of kind
// [fault.TooLarge], never a silent end.
func Bound(body io.ReadCloser, max int64) io.ReadCloser {
	return &boundBody{ReadCloser: body, left: max, max: max}
}

type boundBody struct {
	io.ReadCloser
	left, max int64
}

func (b *boundBody) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1] // one more than allowed, to tell the end from the cut
	}
	n, err := b.ReadCloser.Read(p)
	if int64(n) <= b.left {
		b.left -= int64(n)
		return n, err
	}
	n, b.left = int(b.left), 0
	return n, fault.New(fault.TooLarge, "", "", "the answer is longer than %d bytes", b.max)
}

// bounded cuts every body that its inner transport gives.
type bounded struct {
	inner http.RoundTripper
	max   int64
	side  string
}

func (b bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := b.inner.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if req.Method != http.MethodHead && resp.ContentLength > b.max {
		resp.Body.Close()
		return nil, fault.New(fault.TooLarge, "", b.side, "the answer announces %d bytes, more than %d", resp.ContentLength, b.max)
	}
	resp.Body = Bound(resp.Body, b.max)
	return resp, nil
}
