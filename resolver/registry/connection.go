package registry

import (
	"cmp"
	"context"
	"errors"
	"maps"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// pageSize is how many tags a page may have; more than 1,000 is an error at
// Amazon's registry (google/go-containerregistry#1091).
const pageSize = 1000

// maxConnections is how many connections may be kept before those that the
// last round did not use are dropped.
const maxConnections = 10_000

// connection is the authenticated way to one repository. It is kept from round
// to round as long as it is accepted.
type connection struct {
	puller *remote.Puller
	by     *round // who made it
}

// with calls fn with the connection to a repository. If one of an earlier round
// is refused, its token has run out or the password has changed: it is made
// anew, once. A connection that ends up refused is not kept.
//
// Only fn's own error can be of kind fault.NotFound.
func (r *round) with(repo string, fn func(context.Context, *remote.Puller) error) error {
	c, err := r.connection(repo, nil)
	if err != nil {
		return err
	}
	err = r.persist(func() error { return fn(r.ctx, c.puller) })
	if fault.Is(err, fault.Denied) && c.by != r {
		if c, err = r.connection(repo, c); err != nil {
			return err
		}
		err = r.persist(func() error { return fn(r.ctx, c.puller) })
	}
	if fault.Is(err, fault.Denied) {
		r.drop(repo, c)
	}
	return err
}

// connection gives the one that is kept for repo, unless that is the refused
// one; else it makes one. However many ask, it is made once.
func (r *round) connection(repo string, refused *connection) (*connection, error) {
	if c := r.kept(repo); c != nil && c != refused {
		return c, nil
	}
	made, err, _ := r.built.Do(repo, func() (any, error) {
		if c := r.kept(repo); c != nil && c != refused {
			return c, nil
		}
		sess := r.current()
		if refused != nil || sess == nil {
			var err error
			if sess, err = r.renew(); err != nil {
				r.giveUp(err) // what there is no session for is the whole host
				return nil, err
			}
		}
		puller, err := r.connect(r.ctx, sess, repo)
		if err != nil {
			return nil, err
		}
		c := &connection{puller: puller, by: r}
		r.keep(repo, c)
		return c, nil
	})
	if fault.Is(err, fault.NotFound) { // say, a credential: it is not the image that is missing
		err = &fault.Error{Kind: fault.Denied, Side: r.Name(), Err: err}
	}
	if err != nil {
		return nil, err
	}
	return made.(*connection), nil
}

// connect gets a token if one is needed. The transport it makes is
// go-containerregistry's Wrapper, which tells package remote to send nothing
// but what is asked: no ping, no retries. It carries a fixed token: renewing is
// done in one place, above, and not by each request that finds it has run out.
func (r *round) connect(ctx context.Context, sess *session, repo string) (*remote.Puller, error) {
	auth := sess.auth
	if sess.bearer {
		token, err := r.token(ctx, sess, repo)
		if err != nil {
			return nil, err
		}
		auth = authn.FromConfig(authn.AuthConfig{RegistryToken: token})
	}
	rt, err := transport.FromToken(r.registry, auth, r.wire, &transport.Challenge{}, nil)
	if err != nil {
		return nil, endpoint.Classify(err)
	}
	puller, err := remote.NewPuller(remote.WithTransport(rt), remote.WithPageSize(pageSize))
	if err != nil {
		return nil, endpoint.Classify(err)
	}
	return puller, nil
}

// token asks the token service for the right to read repo. That it refuses a
// password is said of the whole host, and ends the round.
func (r *round) token(ctx context.Context, sess *session, repo string) (string, error) {
	scope := r.registry.Scope(transport.CatalogScope)
	if repo != everything {
		scope = r.registry.Repo(repo).Scope(transport.PullScope)
	}
	var token *transport.Token
	err := r.persist(func() (err error) {
		token, err = transport.Exchange(ctx, r.registry, sess.auth, r.wire, []string{scope}, sess.challenge)
		return r.withoutContent(err)
	})
	switch {
	case unauthorized(err) && !sess.anonymous:
		err = r.wrongPassword()
		r.giveUp(err)
		return "", err
	case err != nil:
		return "", err
	}
	return cmp.Or(token.Token, token.AccessToken), nil
}

// withoutContent keeps what a token service said out of the error: it was meant
// to be a secret. Failures of the way there are faults already, and stay.
func (s *Source) withoutContent(err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok || err == nil {
		return err
	}
	return fault.New(fault.Unreachable, "", s.Name(), "its token service gave no token")
}

func (s *Source) kept(repo string) *connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections[repo]
}

func (s *Source) keep(repo string, c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connections[repo] = c
}

// prune keeps the number of connections in bounds as catalogs come and go.
func (s *Source) prune(p plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.connections) <= maxConnections {
		return
	}
	asked := make(map[string]bool, len(p.questions))
	for _, q := range p.questions {
		asked[q.repo] = true
	}
	maps.DeleteFunc(s.connections, func(repo string, _ *connection) bool { return !asked[repo] })
}

// drop forgets c, if it is still the one that is kept.
func (s *Source) drop(repo string, c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.connections[repo] == c {
		delete(s.connections, repo)
	}
}
