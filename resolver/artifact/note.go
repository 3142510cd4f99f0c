package artifact

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
)

// note is what one attempt wants to know about the last answer it got, beyond
// what ORAS tells, and how many bytes of a body it is willing to read. It travels
// in the attempt's context and is used by one goroutine.
type note struct {
	limit  int64 // bytes of any one body; below smallAnswer means that
	status int   // 0 if there was no answer
	header http.Header
}

type noteKey struct{}

func withNote(ctx context.Context, n *note) context.Context {
	return context.WithValue(ctx, noteKey{}, n)
}

// allow raises the bound on bodies for the rest of the attempt.
func allow(ctx context.Context, bytes int64) {
	if n, ok := ctx.Value(noteKey{}).(*note); ok {
		n.limit = bytes
	}
}

// noting is a transport that fills the attempt's note and bounds every body: the
// chart's, an error's and a token's alike.
type noting struct {
	next http.RoundTripper
}

func (t noting) RoundTrip(req *http.Request) (*http.Response, error) {
	n, ok := req.Context().Value(noteKey{}).(*note)
	if !ok {
		n = &note{}
	}
	n.status, n.header = 0, nil
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	n.status, n.header = resp.StatusCode, resp.Header
	resp.Body = endpoint.Bound(resp.Body, max(n.limit, smallAnswer))
	if resp.ContentLength == -1 && resp.StatusCode == http.StatusOK && strings.Contains(req.URL.Path, "/manifests/") {
		return measured(resp)
	}
	return resp, nil
}

// measured reads a manifest that comes without a length. ORAS would ask for the
// length by a HEAD of its own while it holds this body open: one request more, and
// a wait for ever where one request to a host at a time is allowed.
func measured(resp *http.Response) (*http.Response, error) {
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(data)), int64(len(data))
	return resp, nil
}
