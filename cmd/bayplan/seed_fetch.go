package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/provenance"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/seed"
)

const (
	// maxSeed and maxSeedRows bound a seed, in bytes and in images: so many rows as
	// are read of a Harbor, of a kilobyte each.
	maxSeed     = 2 << 30
	maxSeedRows = 2_000_000
	// maxCatalogAnswer bounds what a peer says of its sources, in bytes.
	maxCatalogAnswer = 16 << 20
)

// seedSource is where a seed is.
type seedSource struct {
	name   string // without secrets
	url    *url.URL
	path   string // instead of the URL
	export bool   // it is an export, not a running Bayplan
	ring   *provenance.Ring
	client *http.Client
	maxAge time.Duration
}

func (s *seedSource) fetch(ctx context.Context) (*resolver.Seed, error) {
	if s.client != nil {
		defer s.client.CloseIdleConnections()
	}
	opts := seed.Options{MaxBytes: maxSeed, MaxRows: maxSeedRows, MaxAge: s.maxAge, Now: time.Now()}
	if !s.export {
		return s.fromPeer(ctx, opts)
	}
	text, err := s.open(ctx, "")
	if err != nil {
		return nil, err
	}
	defer func() { _ = text.Close() }() // nothing was written
	if s.ring == nil {
		return seed.Read(patiently{ctx, text}, opts)
	}
	return s.signed(ctx, text, opts)
}

// signed reads a text whose signature is good. It is checked while the text is
// read, because that is long; nothing of it is given before.
func (s *seedSource) signed(ctx context.Context, text io.Reader, opts seed.Options) (*resolver.Seed, error) {
	beside, err := s.open(ctx, ".asc")
	if err != nil {
		return nil, err
	}
	defer func() { _ = beside.Close() }() // nothing was written
	signature, err := readBounded(patiently{ctx, beside}, maxSettings)
	if err != nil {
		return nil, err
	}
	checked, checks := io.Pipe()
	verdict := make(chan error, 1)
	go func() {
		_, err := s.ring.VerifyDetached(checked, signature)
		_, _ = io.Copy(io.Discard, checked) // whoever reads goes on, whatever came of it
		verdict <- err
	}()
	read, err := seed.Read(io.TeeReader(patiently{ctx, text}, checks), opts)
	_ = checks.CloseWithError(err) // a pipe never fails to close
	if unproved := <-verdict; err == nil && unproved != nil {
		return nil, fault.Wrap(fault.Tampered, "verify the seed", "", unproved)
	}
	return read, err
}

// fromPeer reads what a running Bayplan answers.
func (s *seedSource) fromPeer(ctx context.Context, opts seed.Options) (*resolver.Seed, error) {
	began := opts.Now
	catalog, err := s.ask(ctx, s.url.JoinPath("v1/catalog"))
	if err != nil {
		return nil, err
	}
	text, err := readBounded(catalog, maxCatalogAnswer)
	_ = catalog.Close() // it was read
	if err != nil {
		return nil, err
	}
	var served api.CatalogAnswer
	if json.Unmarshal(text, &served) != nil {
		return nil, fault.New(fault.Invalid, "fetch the seed", "", "the answer is not of this API").
			WithHint("--seed names the URL below which /v1/images is")
	}
	opts.Head = &seed.Head{CreatedAt: began, Sources: seed.Sources(&served.Catalog)}
	images, err := s.ask(ctx, s.url.JoinPath("v1/images"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = images.Close() }() // nothing was written
	return seed.Read(images, opts)
}

// open gives an export, or what is beside it.
func (s *seedSource) open(ctx context.Context, suffix string) (io.ReadCloser, error) {
	if s.url != nil {
		u := *s.url
		u.Path += suffix
		return s.ask(ctx, &u)
	}
	path := s.path + suffix
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // opening a pipe would wait
		return nil, fault.New(fault.Invalid, "read the seed", path, "it is no file")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, "read the seed", path, withoutPath(err))
	}
	return file, nil
}

// ask gives a good answer's body.
func (s *seedSource) ask(ctx context.Context, u *url.URL) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fault.Wrap(fault.Usage, "fetch the seed", "", err)
	}
	request.Header.Set("User-Agent", userAgent())
	response, err := s.client.Do(request)
	if err != nil {
		return nil, fault.Wrap(fault.Unreachable, "fetch the seed", "", endpoint.Classify(err))
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close() // it is of no interest
		return nil, fault.New(fault.Unreachable, "fetch the seed", "", "%s answers %d %s", u.Path, response.StatusCode, http.StatusText(response.StatusCode))
	}
	return response.Body, nil
}

func readBounded(from io.Reader, most int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(from, most+1))
	if err == nil && int64(len(text)) > most {
		err = fault.New(fault.TooLarge, "fetch the seed", "", "it has more than %d bytes", most)
	}
	return text, err
}

// patiently reads until a context ends.
type patiently struct {
	ctx  context.Context //nolint:containedctx // of one reading
	from io.Reader
}

func (p patiently) Read(b []byte) (int, error) {
	if p.ctx.Err() != nil {
		return 0, fmt.Errorf("read: %w", context.Cause(p.ctx))
	}
	return p.from.Read(b)
}
