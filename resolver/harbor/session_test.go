package harbor_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
)

// keyed gives a credential that a test changes while the client runs.
type keyed struct {
	now    atomic.Pointer[endpoint.Credential]
	lookup atomic.Int64
}

func (k *keyed) options(c endpoint.Credential) endpoint.Options {
	k.now.Store(&c)
	return endpoint.Options{Credentials: func(context.Context, string) (endpoint.Credential, error) {
		k.lookup.Add(1)
		return *k.now.Load(), nil
	}}
}

func TestCookieIsKept(t *testing.T) {
	var n atomic.Int64
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 1 {
			http.SetCookie(w, &http.Cookie{Name: "sid", Value: "first"})
			http.SetCookie(w, &http.Cookie{Name: "_gorilla_csrf", Value: "other"})
		}
		if n.Load() == 3 {
			http.SetCookie(w, &http.Cookie{Name: "sid", Value: strings.Repeat("x", 5000)})
		}
		answers(200, "0", "[]")(w, r)
	})
	c := client(t, s.URL, none, harbor.Options{})
	for range 4 {
		_, err := c.RecentRepositories(context.Background(), 1)
		require.NoError(t, err)
	}
	require.Equal(t, []string{"", "sid=first", "sid=first", "sid=first"}, s.header("Cookie"))
}

// A rotated secret is found when the old one is refused, under a session of its
// own, and the credential is not looked up for every request.
func TestRotation(t *testing.T) {
	var believed atomic.Pointer[string]
	secret := func(s string) { believed.Store(&s) }
	secret("old")
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "of-" + password})
		switch {
		case password != *believed.Load():
			harborError(401, "UNAUTHORIZED", "unauthorized")(w, r)
		case r.URL.Path == "/v2/":
			plain(200, "application/json", "{}")(w, r)
		default:
			answers(200, "0", "[]")(w, r)
		}
	})
	var k keyed
	c := client(t, s.URL, none, harbor.Options{}, k.options(endpoint.Credential{Username: "robot$r", Password: "old"}))
	ctx := context.Background()
	for range 3 {
		_, err := c.Prove(ctx)
		require.NoError(t, err)
	}
	require.EqualValues(t, 1, k.lookup.Load())

	secret("new")
	k.now.Store(&endpoint.Credential{Username: "robot$r", Password: "new"})
	_, err := c.Prove(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{"", "sid=of-old", "sid=of-old", "sid=of-old", ""}, s.header("Cookie"), "no cookie of the old session")

	// Refused in the middle of a list: an error now, the new secret with the next.
	secret("newer")
	k.now.Store(&endpoint.Credential{Username: "robot$r", Password: "newer"})
	_, err = c.RecentRepositories(ctx, 1)
	require.Equal(t, fault.Denied, fault.KindOf(err), "%v", err)
	s.requests()
	_, err = c.RecentRepositories(ctx, 1)
	require.NoError(t, err)
	require.Equal(t, []string{"GET /v2/", "GET /api/v2.0/repositories?page=1&page_size=100&sort=-update_time"}, s.requests(),
		"a new credential is proved before it is relied on")
}

// A credential that was replaced is used, though Harbor believes the one before still;
// one that is the same, or cannot be looked up, changes nothing.
func TestRotationWhileBothAreBelieved(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/" {
			plain(200, "application/json", "{}")(w, r)
			return
		}
		answers(200, "0", "[]")(w, r)
	})
	var k keyed
	var renewals atomic.Uint64
	var lost atomic.Bool
	ends := k.options(endpoint.Credential{Username: "robot$r", Password: "old"})
	find := ends.Credentials
	ends.Renewals = renewals.Load
	ends.Credentials = func(ctx context.Context, address string) (endpoint.Credential, error) {
		if lost.Load() {
			return endpoint.Credential{}, fault.New(fault.Denied, "", "", "the helper fails")
		}
		return find(ctx, address)
	}
	c := client(t, s.URL, none, harbor.Options{}, ends)
	shown := func() string {
		_, err := c.RecentRepositories(context.Background(), 1)
		require.NoError(t, err)
		all := s.header("Authorization")
		s.requests()
		r := http.Request{Header: http.Header{"Authorization": all[len(all)-1:]}}
		_, password, _ := r.BasicAuth()
		return password
	}
	require.Equal(t, "old", shown())
	k.now.Store(&endpoint.Credential{Username: "robot$r", Password: "new"})
	require.Equal(t, "old", shown(), "nobody said that it was replaced")
	renewals.Add(1)
	require.Equal(t, "new", shown())
	looked := k.lookup.Load()
	renewals.Add(1)
	for range 3 {
		require.Equal(t, "new", shown())
	}
	require.Equal(t, looked+1, k.lookup.Load(), "looked up once, and the same")
	k.now.Store(&endpoint.Credential{Username: "robot$r", Password: "newer"})
	lost.Store(true)
	renewals.Add(1)
	require.Equal(t, "new", shown())
	k.now.Store(&endpoint.Credential{IdentityToken: "no password"})
	lost.Store(false)
	renewals.Add(1)
	require.Equal(t, "new", shown())
}

// A 401 about a project means that it is not there only to the anonymous.
func TestLossOfRightsIsNotEmptiness(t *testing.T) {
	var revoked atomic.Bool
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if revoked.Load() {
			r.SetBasicAuth(wrong.Username, wrong.Password)
		}
		replay(played)(w, r)
	})
	c := client(t, s.URL, robot, harbor.Options{})
	ctx := context.Background()
	_, err := c.RepositoryArtifacts(ctx, "tool-private/secret")
	require.NoError(t, err)

	revoked.Store(true)
	_, err = c.RepositoryArtifacts(ctx, "tool-private/secret")
	isKind(t, err, fault.Denied)
	require.Contains(t, fault.HintOf(err), "renew")
	_, err = c.RepositoryArtifacts(ctx, "tool-private/secret")
	isKind(t, err, fault.Denied)
}

func TestTokensAreNoCredentialForTheAPI(t *testing.T) {
	s := serve(t, answers(200, "0", "[]"))
	for _, credential := range []endpoint.Credential{{IdentityToken: "right"}, {RegistryToken: "right"}} {
		c := client(t, s.URL, credential, harbor.Options{})
		_, err := c.Prove(context.Background())
		isKind(t, err, fault.Denied)
		require.Contains(t, fault.HintOf(err), "robot account")
	}
	require.Empty(t, s.requests())
}

func TestCredentialHelperFails(t *testing.T) {
	s := serve(t, answers(200, "0", "[]"))
	c := client(t, s.URL, none, harbor.Options{}, endpoint.Options{Credentials: func(context.Context, string) (endpoint.Credential, error) {
		return endpoint.Credential{}, fmt.Errorf("the helper is broken")
	}})
	_, err := c.RecentRepositories(context.Background(), 1)
	require.ErrorContains(t, err, "the helper is broken")
	require.Empty(t, s.requests(), "better no answer than one for the anonymous")
}

func TestRobotPrefix(t *testing.T) {
	c := client(t, serve(t, replay(played)).URL, endpoint.Credential{Username: "bot+reader", Password: "right"}, harbor.Options{RobotPrefix: "bot+"})
	id, err := c.Prove(context.Background())
	require.NoError(t, err)
	require.Equal(t, harbor.Identity{Kind: harbor.Robot, Name: "bot+reader"}, id)
	require.Equal(t, "robot", id.Kind.String())
}
