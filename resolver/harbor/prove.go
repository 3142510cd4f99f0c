package harbor

import (
	"context"
	"net/http"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// IdentityKind is what we are to Harbor. The zero value is [Anonymous].
type IdentityKind int

// The kinds of identity.
const (
	Anonymous IdentityKind = iota
	Robot
	User
)

// String gives the kind as a word for logs and JSON.
func (k IdentityKind) String() string {
	switch k {
	case Robot:
		return "robot"
	case User:
		return "user"
	default:
		return "anonymous"
	}
}

// Identity is who we are to Harbor.
type Identity struct {
	Kind IdentityKind
	// Name is the account's; "" for [Anonymous].
	Name string
	// Slow tells that each request costs Harbor much: a user's password is
	// hashed anew for every one (17 requests a second were measured where a
	// robot did 418). Operators should be told to use a robot account.
	Slow bool
}

// Prove asks Harbor whether it believes the configured credential, with one GET
// /v2/: 200 or 401 (recordings who.*.v2, v2.*). It is the only cheap question
// that tells; lists answer a wrong credential as anonymous. Being anonymous
// needs no proof and costs no request.
//
// A refused credential is looked up once more, in case it was rotated; if it is
// still refused, the error is of kind fault.Denied, and so is that of all other
// calls until one is believed.
func (c *Client) Prove(ctx context.Context) (Identity, error) {
	ctx, cancel := c.call(ctx)
	defer cancel()
	s, err := c.current(ctx)
	if err == nil && !s.anonymous() {
		s, err = c.proveAnew(ctx, s)
	}
	if err != nil {
		return Identity{}, proof.failed(c.ep.Host(), err)
	}
	kind := c.kind(s)
	return Identity{Kind: kind, Name: s.credential.Username, Slow: kind == User}, nil
}

// proof is the question whether a credential is believed.
var proof = question{op: "prove the identity to Harbor", path: "/v2/"}

// proveAnew proves a session, or the one that replaces it if it was refused and
// the credential is another by now.
func (c *Client) proveAnew(ctx context.Context, s *session) (*session, error) {
	err := c.believes(ctx, s)
	if !fault.Is(err, fault.Denied) {
		return s, err
	}
	next, lookup := c.current(ctx)
	if lookup != nil || next.credential == s.credential {
		return s, err
	}
	if next.anonymous() {
		return next, nil
	}
	return next, c.believes(ctx, next)
}

// believes asks about one session.
func (c *Client) believes(ctx context.Context, s *session) error {
	err := c.persist(ctx, s, proof, func(_ http.Header, r *reader) error {
		r.object(func([]byte) { r.skip() })
		return r.end()
	})
	if err == nil {
		s.proved.Store(true)
	}
	return err
}
