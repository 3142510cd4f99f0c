// Package images answers builds-api's two routes about images with what a Bayplan
// says.
//
// It hands on bytes and does not look into them. What it decides is who asks, how
// long that may take, and what an error looks like in builds-api.
package images

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"mime"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// toolHeader names the tool that asks.
const toolHeader = "X-Toolforge-Tool"

// Bounds of one question.
const (
	DefaultTimeout = 10 * time.Second
	maxBody        = 64 << 20 // bytes
)

// asked are the headers of a request that are handed on; what else a client sent,
// the tool that it says it is above all, stays here. answered are those of an
// answer.
var (
	asked    = []string{"Accept", "Accept-Encoding", "Cache-Control", "If-None-Match"}
	answered = []string{"Cache-Control", "Content-Encoding", "Content-Length", "Content-Type", "Etag", "Link", "Retry-After", "Vary"}
)

// Options adjust a [Proxy].
type Options struct {
	// Transport has the client certificate that Bayplan wants.
	Transport http.RoundTripper
	// Timeout bounds one question; 0 is [DefaultTimeout].
	Timeout time.Duration
	// Warn is told why Bayplan could not be asked.
	Warn func(error)
}

// Proxy asks a Bayplan.
type Proxy struct {
	bayplan *url.URL
	opts    Options
	proxy   *httputil.ReverseProxy
}

// NewProxy makes one of a Bayplan's address.
func NewProxy(bayplan *url.URL, opts Options) *Proxy {
	if opts.Timeout <= 0 {
		opts.Timeout = DefaultTimeout
	}
	below := *bayplan
	if below.Path == "" {
		below.Path = "/"
	}
	p := &Proxy{bayplan: &below, opts: opts}
	p.proxy = &httputil.ReverseProxy{
		Transport: opts.Transport, Rewrite: func(*httputil.ProxyRequest) {}, ModifyResponse: answer, ErrorHandler: p.failed,
		ErrorLog: log.New(io.Discard, "", 0), // an answer that breaks off is the client's to see
	}
	return p
}

// serve asks Bayplan's route for a tool that was proved to be who asks.
func (p *Proxy) serve(w http.ResponseWriter, r *http.Request, tool string, route ...string) {
	// Segments are escaped: a name is never another route.
	address := p.bayplan.JoinPath(append([]string{"v1", "tool", url.PathEscape(tool)}, route...)...)
	address.RawQuery = r.URL.RawQuery
	ctx, cancel := context.WithTimeout(r.Context(), p.opts.Timeout)
	defer cancel()
	next := (&http.Request{Method: r.Method, URL: address, Host: address.Host, Header: http.Header{}}).WithContext(ctx)
	// Whoever wants no coding gets none; a transport would ask for one by itself.
	next.Header.Set("Accept-Encoding", "identity")
	for _, name := range asked {
		if values := r.Header.Values(name); len(values) > 0 {
			next.Header[name] = values
		}
	}
	next.Header.Set(toolHeader, tool)
	next.Header.Set("User-Agent", "builds-api")
	p.proxy.ServeHTTP(w, next)
}

// answer passes on what is Bayplan's own, and makes an error of all else.
func answer(response *http.Response) error {
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	switch status := response.StatusCode; {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return fmt.Errorf("builds-api is not believed: %d", status)
	case status == http.StatusNotModified:
	case status == http.StatusServiceUnavailable && kind == "application/json":
	case status >= http.StatusInternalServerError || kind != "application/json":
		return fmt.Errorf("what answers in place of Bayplan says %d %s", status, kind)
	case status != http.StatusOK && status < http.StatusBadRequest:
		return fmt.Errorf("what answers in place of Bayplan says %d", status)
	}
	for name := range response.Header {
		if !slices.Contains(answered, name) {
			response.Header.Del(name)
		}
	}
	response.Body = &bounded{ReadCloser: response.Body, left: maxBody}
	return nil
}

// failed answers where Bayplan could not be asked: builds-api's errors are the
// messages object itself.
func (p *Proxy) failed(w http.ResponseWriter, _ *http.Request, err error) {
	body, _ := json.Marshal(map[string][]string{ // texts always encode
		"error": {"The list of images cannot be had now. Nothing is known to have changed; try again soon."},
	})
	if p.opts.Warn != nil {
		p.opts.Warn(err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("Retry-After", "2")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write(body) // who left needs no answer
}

// bounded is a body that may not be longer than that. One that is breaks off.
type bounded struct {
	io.ReadCloser
	left int64
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errors.New("the answer is too long")
	}
	return n, err
}
