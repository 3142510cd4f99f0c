package registry

import (
	"context"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// session is what all repositories of a host have in common: how it wants to be
// shown a credential, and the credential. It never changes once made.
type session struct {
	challenge *transport.Challenge
	renewals  uint64 // the endpoint's count when the credential was looked up
	auth      authn.Authenticator
	anonymous bool
	// bearer means that each repository needs a token of its own.
	bearer bool
}

// ping asks GET /v2/, which every registry answers with 200 or 401 (OCI
// distribution spec, end-1). Whoever answers 404 there is none, so its other
// 404s mean nothing.
func (s *Source) ping(ctx context.Context) (*transport.Challenge, error) {
	challenge, err := transport.Ping(ctx, s.registry, s.wire)
	if err != nil {
		return nil, endpoint.Classify(err)
	}
	return challenge, nil
}

// open makes a session under a challenge.
func (s *Source) open(ctx context.Context, challenge *transport.Challenge) (*session, error) {
	renewals := s.ep.Renewals()
	credential, err := s.ep.Credential(ctx)
	if err != nil {
		return nil, err
	}
	sess := &session{
		challenge: challenge,
		renewals:  renewals,
		auth:      authenticator(credential),
		anonymous: credential == endpoint.Credential{},
		bearer:    strings.EqualFold(challenge.Scheme, "bearer") && credential.RegistryToken == "",
	}
	switch {
	case sess.bearer:
		// The realm is checked here, once, and not again for each repository.
		if _, err := transport.FromToken(s.registry, sess.auth, s.wire, challenge, &transport.Token{}); err != nil {
			return nil, endpoint.Classify(err)
		}
	case challenge.Scheme != "" && !sess.anonymous:
		if err := s.login(ctx, sess); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if credential != s.shown {
		clear(s.connections) // their tokens were given for the one before
	}
	s.session, s.shown = sess, credential
	return sess, nil
}

// login tries the credential on GET /v2/ before it is tried on every
// repository: a wrong password that is repeated a hundred times locks accounts.
func (s *Source) login(ctx context.Context, sess *session) error {
	rt, err := transport.FromToken(s.registry, sess.auth, s.wire, &transport.Challenge{}, nil)
	if err != nil {
		return endpoint.Classify(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.ep.URL().JoinPath("/v2/").String(), nil)
	if err != nil {
		return fault.Wrap(fault.Internal, "", s.Name(), err)
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return endpoint.Classify(err)
	}
	resp.Body.Close()
	if resp.StatusCode == http.StatusUnauthorized {
		return s.wrongPassword()
	}
	return nil
}

// wrongPassword is the error for credentials that the registry does not take.
func (s *Source) wrongPassword() error {
	return fault.New(fault.Denied, "", s.Name(), "it refuses the credentials that are configured for it").
		WithHint("renew them: docker login %s", s.ep.Address())
}

func (s *Source) current() *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.session
}

func (s *Source) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.session = nil
}

// renounce forgets a session once its credential is another one, though the registry
// may take it still. One that cannot be looked up now replaces nothing.
func (s *Source) renounce(ctx context.Context) {
	sess, renewals := s.current(), s.ep.Renewals()
	if sess == nil || sess.renewals == renewals {
		return
	}
	credential, err := s.ep.Credential(ctx)
	if ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session != sess { // it was forgotten, or replaced, meanwhile
		return
	}
	if err == nil && credential != s.shown {
		s.session = nil
		return
	}
	same := *sess
	same.renewals = renewals
	s.session = &same
}

// authenticator shows a credential as go-containerregistry wants to see it.
func authenticator(c endpoint.Credential) authn.Authenticator {
	if c == (endpoint.Credential{}) {
		return authn.Anonymous
	}
	return authn.FromConfig(authn.AuthConfig{
		Username: c.Username, Password: c.Password,
		IdentityToken: c.IdentityToken, RegistryToken: c.RegistryToken,
	})
}
