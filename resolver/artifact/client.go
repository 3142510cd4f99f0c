package artifact

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// Options adjust a [Client]. The zero value works.
type Options struct {
	// Timeout ends each operation (a whole pull, a whole publication, with its
	// retries), besides the context's own deadline; 0 means 30 s.
	Timeout time.Duration
	// Attempts is how often a request is tried when the registry is busy or the
	// connection breaks; 0 means 4, 1 means never again.
	Attempts int
	// Backoff is the pause before the second attempt; it doubles with each, up to
	// 5 s, and is shortened at random by up to a half. 0 means 200 ms.
	Backoff time.Duration
	// Wait pauses between attempts; nil means a timer. Tests pass their own.
	Wait func(ctx context.Context, d time.Duration) error
	// Limits bound what is read; the zero value means the defaults.
	Limits Limits
	// Provenance makes Pull fetch the provenance layer too, where there is one:
	// one more request a pull.
	Provenance bool
	// EveryBlob makes Pull fetch the config blob too where it could be worked out,
	// so that what the registry holds of it is checked as well: one more request
	// a pull. It is for those who look after a registry, not for those who follow
	// it.
	EveryBlob bool
	// Warning is told what a registry says in Warning headers (OCI distribution
	// spec, "Warnings"); nil ignores them. It may be called from several
	// goroutines.
	Warning func(host, text string)
}

// Client pulls and publishes charts. It may be used by many goroutines; what it
// keeps between operations is the token cache of each host and nothing else.
type Client struct {
	hosts *endpoint.Directory
	opts  Options

	mu    sync.Mutex
	auths map[string]login // by host
}

// New makes a client of the registries in hosts, which must not be nil.
func New(hosts *endpoint.Directory, opts Options) *Client {
	if opts.Timeout <= 0 {
		opts.Timeout = 30 * time.Second
	}
	if opts.Attempts <= 0 {
		opts.Attempts = 4
	}
	if opts.Backoff <= 0 {
		opts.Backoff = 200 * time.Millisecond
	}
	if opts.Wait == nil {
		opts.Wait = sleep
	}
	opts.Limits = opts.Limits.withDefaults()
	return &Client{hosts: hosts, opts: opts, auths: map[string]login{}}
}

// repository gives ORAS's view of the repository of ref, at the address where
// it really is.
func (c *Client) repository(ref Reference) (*remote.Repository, error) {
	end := c.hosts.For(ref.Host)
	name := registry.Reference{Registry: end.Address(), Repository: end.Repository(ref.Path)}
	for _, check := range []func() error{name.ValidateRegistry, name.ValidateRepository} {
		if err := check(); err != nil {
			return nil, fault.Wrap(fault.Usage, "find registry", ref.String(), err)
		}
	}
	repo := &remote.Repository{
		Client:             c.authFor(end),
		Reference:          name,
		PlainHTTP:          end.PlainHTTP(),
		ManifestMediaTypes: acceptedManifests(),
		TagListPageSize:    tagPageSize,
		TagListMaxPages:    c.opts.Limits.TagPages,
		// One more than what the transport lets through, so that a long answer
		// fails there, by name, and is not silently cut here.
		MaxMetadataBytes: max(c.opts.Limits.TagBytes, maxManifest) + 1,
		HandleWarning: func(w remote.Warning) {
			if c.opts.Warning != nil {
				c.opts.Warning(ref.Host, clip(w.Text))
			}
		},
	}
	// Charts have no subject: never ask a registry for its referrers.
	if err := repo.SetReferrersCapability(true); err != nil {
		return nil, fault.Wrap(fault.Internal, "find registry", ref.String(), err)
	}
	return repo, nil
}

// login signs requests to a host, with what it was given there.
type login struct {
	*auth.Client
	renewals uint64 // the endpoint's count when it was made
}

// authFor gives the client that signs requests to a host; one a host, so that
// tokens are fetched once and not for each pull. When credentials were replaced it is
// another one: a token that was given for those before is not shown any more.
func (c *Client) authFor(end *endpoint.Endpoint) *auth.Client {
	renewals := end.Renewals()
	c.mu.Lock()
	defer c.mu.Unlock()
	made, known := c.auths[end.Host()]
	if !known || made.renewals != renewals {
		made = login{newAuth(end), renewals}
		c.auths[end.Host()] = made
	}
	return made.Client
}

// forget makes the next operation at a host ask for a token anew. ORAS itself
// forgets one only where a registry answers 401.
func (c *Client) forget(host string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.auths, host)
}

func newAuth(end *endpoint.Endpoint) *auth.Client {
	return &auth.Client{
		Client: &http.Client{Transport: noting{end.Transport()}},
		Cache:  auth.NewCache(),
		// ORAS asks for the registry's own address only; where the secret may be
		// sent, whatever a registry answers, is the transport's rule.
		Credential: func(ctx context.Context, _ string) (auth.Credential, error) {
			cred, err := end.Credential(ctx)
			return auth.Credential{
				Username:     cred.Username,
				Password:     cred.Password,
				RefreshToken: cred.IdentityToken,
				AccessToken:  cred.RegistryToken,
			}, err
		},
	}
}

// begin puts the operation's own deadline on ctx.
func (c *Client) begin(ctx context.Context) (context.Context, context.CancelFunc) {
	tooLong := &redacted{fmt.Sprintf("no complete answer within %s", c.opts.Timeout), context.DeadlineExceeded}
	return context.WithTimeoutCause(ctx, c.opts.Timeout, fault.Wrap(fault.Unreachable, "", "", tooLong))
}
