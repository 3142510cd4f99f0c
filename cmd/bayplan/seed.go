package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

const (
	// defaultSeedTimeout is how long a seed may take to come. Nobody waits for it.
	defaultSeedTimeout = 30 * time.Second
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
	flags.DurationVar(&f.timeout, "seed-timeout", defaultSeedTimeout, "how long a seed may take; sources are asked meanwhile")
}

// source gives what fetches the seed, within its time; nil without --seed.
// Its failures are told in the log: a process without a seed goes on as one that
// was not given any. Mistakes in the flags are errors here.
func (f *seedFlags) source(own *tlsFlags, log *slog.Logger) (func(context.Context) *resolver.Seed, error) {
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
	return func(ctx context.Context) *resolver.Seed {
		timed, cancel := context.WithTimeoutCause(ctx, f.timeout,
			fault.New(fault.Unreachable, "fetch the seed", "", "it was not there after %s", f.timeout))
		defer cancel()
		seed, err := from.fetch(timed)
		if ctx.Err() != nil {
			return nil // nobody needs it any more
		}
		if timed.Err() != nil && err != nil {
			err = context.Cause(timed)
		}
		if err != nil {
			log.Warn("there is no seed: this process begins with what its own sources answer", "seed", from.name, "error", err)
			return nil
		}
		return seed
	}, nil
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
