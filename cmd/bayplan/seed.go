package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/chart/provenance"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/api"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/server/seed"
)

const (
	// defaultSeedTimeout is how long a start waits for a seed at most.
	defaultSeedTimeout = 3 * time.Second
	// defaultSeedAge is how old a seed may be.
	defaultSeedAge = 24 * time.Hour
)

// seedFlags say where a process gets something to begin with that has no state of
// its own on disk.
type seedFlags struct {
	from    string
	ca      string
	keyring string
	maxAge  time.Duration
	timeout time.Duration
}

func (f *seedFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.from, "seed", "", "begin with what another replica published, where there is no state on disk: `URL|FILE` of an export (….json), or the URL of a running Bayplan")
	flags.StringVar(&f.ca, "seed-ca", "", "PEM `FILE` with the authority of the seed's server (default: the system's)")
	flags.StringVar(&f.keyring, "seed-keyring", "", "take only an export that a key in this `FILE` signed, by the .asc beside it")
	flags.DurationVar(&f.maxAge, "seed-max-age", defaultSeedAge, "how old a seed may be")
	flags.DurationVar(&f.timeout, "seed-timeout", defaultSeedTimeout, "how long the start waits for a seed at most")
}

// source gives what fetches the seed, within its time; nil without --seed.
// Its failures are told in the log: a process without a seed starts as one that
// was not given any. Mistakes in the flags are errors here.
func (f *seedFlags) source(ctx context.Context, own *tlsFlags, log *slog.Logger) (func() *resolver.Seed, error) {
	if f.from == "" {
		if f.ca != "" || f.keyring != "" {
			return nil, fault.New(fault.Usage, "", "--seed-ca, --seed-keyring", "they are about a seed, which --seed names")
		}
		return nil, nil
	}
	if f.maxAge <= 0 || f.timeout <= 0 {
		return nil, fault.New(fault.Usage, "", "--seed-max-age, --seed-timeout", "they are above 0")
	}
	from, err := f.parse(own)
	if err != nil {
		return nil, err
	}
	return func() *resolver.Seed {
		ctx, cancel := context.WithTimeoutCause(ctx, f.timeout,
			fault.New(fault.Unreachable, "fetch the seed", "", "it was not there after %s", f.timeout))
		defer cancel()
		seed, err := from.fetch(ctx)
		if ctx.Err() != nil && err != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			log.Warn("there is no seed: this process begins with what its own sources answer", "seed", from.name, "error", err)
			return nil
		}
		return seed
	}, nil
}

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

// parse finds what is wrong with the flags.
func (f *seedFlags) parse(own *tlsFlags) (*seedSource, error) {
	s := &seedSource{name: f.from, maxAge: f.maxAge, path: f.from, export: true}
	if strings.Contains(f.from, "://") {
		u, err := url.Parse(f.from)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return nil, fault.New(fault.Usage, "", "--seed", "it is no URL such as https://bayplan.example:8443 or https://files.example/images.json").
				WithHint("a user, a password, a query or a fragment have no place in it")
		}
		s.url, s.path, s.name, s.export = u, "", u.String(), strings.HasSuffix(u.Path, ".json")
	}
	if f.keyring != "" {
		var err error
		if s.ring, err = readRing(f.keyring); err != nil {
			return nil, fault.Wrap(fault.Usage, "read --seed-keyring", f.keyring, err)
		}
		if !s.export {
			return nil, fault.New(fault.Usage, "", "--seed-keyring", "a running Bayplan signs nothing").
				WithHint("name the URL of a signed export (….json), or leave --seed-keyring out: TLS proves who answers")
		}
	}
	if s.url == nil {
		return s, nil
	}
	if s.url.Scheme == "http" && s.ring == nil && !isLoopback(s.url.Hostname()) {
		return nil, fault.New(fault.Usage, "", "--seed", "nothing proves who answers at %s", s.url).
			WithHint("use https, or a signed export with --seed-keyring")
	}
	config, err := f.tls(own)
	if err != nil {
		return nil, err
	}
	s.client = &http.Client{
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 64 << 10},
		CheckRedirect: sameServer,
	}
	return s, nil
}

func isLoopback(host string) bool {
	address := net.ParseIP(host)
	return host == "localhost" || address != nil && address.IsLoopback()
}

// tls says whom to believe, and shows our own certificate to a peer that wants
// one: replicas that take the gateway's alone take each other's too, if the same
// authority signed them.
func (f *seedFlags) tls(own *tlsFlags) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if f.ca != "" {
		text, err := readFile(f.ca)
		if err != nil {
			return nil, unreadableFile("--seed-ca", f.ca, err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fault.New(fault.Usage, "read --seed-ca", f.ca, "it holds no certificate in PEM")
		}
	}
	if own.cert != "" && own.key != "" {
		files, err := own.read()
		if err != nil {
			return nil, err
		}
		parsed, err := own.parse(files)
		if err != nil {
			return nil, err
		}
		config.Certificates = parsed.Certificates
	}
	return config, nil
}

func (s *seedSource) fetch(ctx context.Context) (*resolver.Seed, error) {
	if s.client != nil {
		defer s.client.CloseIdleConnections()
	}
	opts := seed.Options{MaxBytes: maxAnswer, MaxAge: s.maxAge, Now: time.Now()}
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
	all, err := s.signed(ctx, text)
	if err != nil {
		return nil, err
	}
	return seed.Read(patiently{ctx, bytes.NewReader(all)}, opts)
}

// signed gives the whole text, whose signature is good.
func (s *seedSource) signed(ctx context.Context, text io.Reader) ([]byte, error) {
	all, err := readBounded(patiently{ctx, text}, maxAnswer)
	if err != nil {
		return nil, err
	}
	beside, err := s.open(ctx, ".asc")
	if err != nil {
		return nil, err
	}
	defer func() { _ = beside.Close() }() // nothing was written
	signature, err := readBounded(patiently{ctx, beside}, maxSettings)
	if err != nil {
		return nil, err
	}
	if _, err := s.ring.VerifyDetached(all, signature); err != nil {
		return nil, fault.Wrap(fault.Tampered, "verify the seed", "", err)
	}
	return all, nil
}

// fromPeer reads what a running Bayplan answers.
func (s *seedSource) fromPeer(ctx context.Context, opts seed.Options) (*resolver.Seed, error) {
	began := opts.Now
	catalog, err := s.ask(ctx, s.url.JoinPath("v1/catalog"))
	if err != nil {
		return nil, err
	}
	text, err := readBounded(catalog, maxAnswer)
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
