package harbor

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// session is one credential with what Harbor gave for it. It is replaced as a
// whole when the credential is no longer believed, so that nothing of one
// identity is shown under another.
type session struct {
	credential endpoint.Credential
	// proved tells that Harbor believed the credential when it was last asked.
	proved atomic.Bool
	// sid is Harbor's session cookie. Without it each call leaves a new session
	// in Harbor's Redis. No other cookie is kept: it is all Harbor needs, and
	// whoever answers cannot make us carry more.
	sid atomic.Pointer[http.Cookie]
}

const (
	sessionCookie = "sid"
	maxCookie     = 1 << 10
)

func (s *session) anonymous() bool { return s.credential == endpoint.Credential{} }

// trusted tells whether what Harbor says is said to whom we mean to be.
func (s *session) trusted() bool { return s.anonymous() || s.proved.Load() }

// dress puts the credential and the cookie on a request.
func (s *session) dress(req *http.Request) {
	if !s.anonymous() {
		req.SetBasicAuth(s.credential.Username, s.credential.Password)
	}
	if sid := s.sid.Load(); sid != nil {
		req.AddCookie(sid)
	}
}

// keep remembers the cookie of an answer.
func (s *session) keep(resp *http.Response) {
	for _, c := range resp.Cookies() {
		switch {
		case c.Name != sessionCookie || len(c.Value) > maxCookie:
		case c.MaxAge < 0 || c.Value == "":
			s.sid.Store(nil)
		default:
			s.sid.Store(&http.Cookie{Name: sessionCookie, Value: c.Value})
		}
	}
}

// current gives the session, and begins one with what the endpoint has for a
// credential. Looking that up may run a helper, so it is done once, until
// Harbor refuses it.
func (c *Client) current(ctx context.Context) (*session, error) {
	if s := c.session.Load(); s != nil {
		return s, nil
	}
	credential, err := c.ep.Credential(ctx)
	if err != nil {
		return nil, err
	}
	if (credential != endpoint.Credential{}) && credential.Username == "" {
		return nil, fault.New(fault.Denied, "", "", "the credential for it is a token, which Harbor's API does not take").
			WithHint("give the name and secret of a robot account in Docker's config.json")
	}
	c.session.CompareAndSwap(nil, &session{credential: credential})
	if s := c.session.Load(); s != nil {
		return s, nil
	}
	return &session{credential: credential}, nil // forgotten again meanwhile
}

// forget drops a session that Harbor no longer believes. The next call looks
// the credential up anew, so that a rotated one is found, and proves it.
func (c *Client) forget(s *session) {
	s.proved.Store(false)
	c.session.CompareAndSwap(s, nil)
}

// trusted gives a session whose identity is proved, proving it if nobody did.
func (c *Client) trusted(ctx context.Context) (*session, error) {
	s, err := c.current(ctx)
	if err != nil || s.trusted() {
		return s, err
	}
	return c.proveAnew(ctx, s)
}

// kind tells what the credential of a session is.
func (c *Client) kind(s *session) IdentityKind {
	switch {
	case s.anonymous():
		return Anonymous
	case strings.HasPrefix(s.credential.Username, c.opts.RobotPrefix):
		return Robot
	default:
		return User
	}
}
