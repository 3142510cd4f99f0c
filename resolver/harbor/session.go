package harbor

import (
	"context"
	"encoding/base64"
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
	// renewals is the endpoint's count when the credential was last looked up.
	renewals atomic.Uint64
	// proved tells that Harbor believed the credential when it was last asked.
	proved atomic.Bool
	// authorization is the header that shows the credential.
	authorization []string
	// sid is Harbor's session cookie. Without it each call leaves a new session
	// in Harbor's Redis. No other cookie is kept: it is all Harbor needs, and
	// whoever answers cannot make us carry more.
	sid atomic.Pointer[cookie]
}

// cookie is a cookie as a request carries it, and the header that set it.
type cookie struct {
	carried []string
	set     string
}

func newSession(c endpoint.Credential) *session {
	basic := base64.StdEncoding.EncodeToString([]byte(c.Username + ":" + c.Password))
	return &session{credential: c, authorization: []string{"Basic " + basic}}
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
		req.Header["Authorization"] = s.authorization
	}
	if sid := s.sid.Load(); sid != nil {
		req.Header["Cookie"] = sid.carried
	}
}

// keep remembers the cookie of an answer. Harbor sends the same with each.
func (s *session) keep(resp *http.Response) {
	set := resp.Header["Set-Cookie"]
	if sid := s.sid.Load(); len(set) == 0 || sid != nil && len(set) == 1 && set[0] == sid.set {
		return
	}
	for _, c := range resp.Cookies() {
		switch {
		case c.Name != sessionCookie || len(c.Value) > maxCookie:
		case c.MaxAge < 0 || c.Value == "":
			s.sid.Store(nil)
		default:
			kept := http.Cookie{Name: sessionCookie, Value: c.Value}
			s.sid.Store(&cookie{carried: []string{kept.String()}, set: c.Raw})
		}
	}
}

// current gives the session, and begins one with what the endpoint has for a
// credential. Looking that up may run a helper, so it is done once, until
// Harbor refuses it or credentials were replaced.
func (c *Client) current(ctx context.Context) (*session, error) {
	if s := c.session.Load(); s != nil && c.upToDate(ctx, s) {
		return s, nil
	}
	renewals := c.ep.Renewals()
	credential, err := c.ep.Credential(ctx)
	if err != nil {
		return nil, err
	}
	if err := usable(credential); err != nil {
		return nil, err
	}
	begun := newSession(credential)
	begun.renewals.Store(renewals)
	c.session.CompareAndSwap(nil, begun)
	if s := c.session.Load(); s != nil {
		return s, nil
	}
	return begun, nil // forgotten again meanwhile
}

// usable refuses what Harbor's API does not take.
func usable(credential endpoint.Credential) error {
	if (credential != endpoint.Credential{}) && credential.Username == "" {
		return fault.New(fault.Denied, "", "", "the credential for it is a token, which Harbor's API does not take").
			WithHint("give the name and secret of a robot account in Docker's config.json")
	}
	return nil
}

// upToDate tells whether a session is of the credential of now, and forgets it if it
// is not, though Harbor may believe it still. One that cannot be looked up now, or is
// none for Harbor, replaces nothing.
func (c *Client) upToDate(ctx context.Context, s *session) bool {
	renewals := c.ep.Renewals()
	if s.renewals.Load() == renewals {
		return true
	}
	credential, err := c.ep.Credential(ctx)
	if ctx.Err() != nil {
		return true // the next call looks
	}
	if err == nil && usable(credential) == nil && credential != s.credential {
		c.forget(s)
		return false
	}
	s.renewals.Store(renewals)
	return true
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
