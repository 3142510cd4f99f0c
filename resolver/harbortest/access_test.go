package harbortest_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// token fetches one from the token service.
func (c client) token(scopes ...string) string {
	c.t.Helper()
	var got struct{ Token string }
	path := "/service/token?service=harbor-registry"
	for _, scope := range scopes {
		path += "&scope=" + scope
	}
	require.NoError(c.t, json.Unmarshal(c.must(http.StatusOK, http.MethodGet, path, nil), &got))
	return got.Token
}

// TestTokenClaims compares what tokens say with the two that were recorded.
func TestTokenClaims(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{})
	s.AddProject("tool-alpha", harbortest.Public)
	s.AddProject("tool-private", harbortest.Private)
	for recording, scope := range map[string]string{
		"token.anonymous-public":  "repository:tool-alpha/web:pull",
		"token.anonymous-private": "repository:tool-private/secret:pull",
	} {
		token := client{t: t, server: s}.token(scope)
		claims, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
		require.NoError(t, err)
		same(t, blot(recordedFile(t, recording+".claims.json")), blot(claims))
	}
}

// TestTokenScopes holds what a token is good for, as the recordings' README says.
func TestTokenScopes(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{})
	s.AddRobot("reader", "secret", harbortest.ReaderPermissions()...)
	names := append(s.Seed(harbortest.Seed{Projects: 2, Repositories: 2}), s.Seed(harbortest.Seed{Projects: 1, Prefix: "private-"})...)
	require.NoError(t, s.SetVisibility("private-000000", harbortest.Private))
	own, sibling, foreign, private := names[0], names[1], names[2], names[4]
	anonymous, robot := client{t: t, server: s}, client{t, s, "robot$reader", "secret"}
	scope := func(name string) string { return "repository:" + name + ":pull" }
	tests := []struct {
		what   string
		token  string
		reads  []string
		denied []string
	}{
		{"anonymous for one", anonymous.token(scope(own)), []string{own, sibling}, []string{foreign, private}},
		{"robot for one", robot.token(scope(own)), []string{own, sibling}, []string{foreign, private}},
		{"robot for two", robot.token(scope(own), scope(private)), []string{own, private}, []string{foreign}},
		{"robot for two in one scope", robot.token(scope(own) + "%20" + scope(private)), []string{own, private}, []string{foreign}},
		{"anonymous for what it may not", anonymous.token(scope(private)), nil, []string{own, private}},
		{"anonymous without scope", anonymous.token(), []string{own, foreign}, []string{private}},
		{"robot without scope", robot.token(), nil, []string{own, private}},
		{"no token at all", "nonsense", []string{own, foreign}, []string{private}},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			c := client{t: t, server: s}
			for _, name := range tt.reads {
				c.must(http.StatusOK, http.MethodGet, "/v2/"+name+"/tags/list", nil, "Authorization", "Bearer "+tt.token)
			}
			for _, name := range tt.denied {
				c.must(http.StatusUnauthorized, http.MethodGet, "/v2/"+name+"/tags/list", nil, "Authorization", "Bearer "+tt.token)
			}
			c.must(http.StatusOK, http.MethodGet, "/api/v2.0/projects", nil, "Authorization", "Bearer "+tt.token)
		})
	}
}

// A revoked robot is answered as anonymous: its private projects vanish without
// an error.
func TestRevokedRobot(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{})
	name := s.AddRobot("reader", "secret", harbortest.ReaderPermissions()...)
	s.Seed(harbortest.Seed{Projects: 2})
	require.NoError(t, s.SetVisibility("tool-000000", harbortest.Private))
	c := client{t, s, name, "secret"}
	require.Len(t, list[repositoryRow](c, "/api/v2.0/repositories"), 2)
	c.must(http.StatusPreconditionFailed, http.MethodGet, "/api/v2.0/users/current", nil)
	s.Revoke(name)
	require.Len(t, list[repositoryRow](c, "/api/v2.0/repositories"), 1)
	c.must(http.StatusUnauthorized, http.MethodGet, "/api/v2.0/users/current", nil)
	c.must(http.StatusUnauthorized, http.MethodGet, "/v2/", nil)
}

func TestSessions(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{})
	c := client{t: t, server: s}
	resp, _ := c.do(http.MethodGet, "/api/v2.0/projects", nil)
	sid, err := http.ParseSetCookie(resp.Header.Get("Set-Cookie"))
	require.NoError(t, err)
	require.Equal(t, 1, s.Sessions())
	c.do(http.MethodGet, "/api/v2.0/projects", nil, "Cookie", sid.Name+"="+sid.Value)
	require.Equal(t, 1, s.Sessions(), "a cookie sent back makes no session")
	c.do(http.MethodGet, "/api/v2.0/projects", nil, "Cookie", "sid=unknown")
	require.Equal(t, 2, s.Sessions())
}

// Nobody pushes where they may not, and whoever may needs the project to be there.
func TestPushRights(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{})
	s.AddProject("tool-a", harbortest.Public)
	s.AddUser("alice", "secret", "tool-a")
	s.AddUser("bob", "secret")
	for who, want := range map[string]int{"alice": http.StatusAccepted, "bob": http.StatusUnauthorized, "": http.StatusUnauthorized} {
		c := client{t, s, who, "secret"}
		c.must(want, http.MethodPost, "/v2/tool-a/web/blobs/uploads/", nil)
	}
	c := asAdmin(t, s)
	c.must(http.StatusUnauthorized, http.MethodPost, "/v2/nowhere/web/blobs/uploads/", nil)
	c.must(http.StatusBadRequest, http.MethodDelete, "/v2/tool-a/web/manifests/latest", nil)
	c.must(http.StatusBadRequest, http.MethodPut, "/v2/tool-a/web/manifests/latest", []byte(`{"config":{}}`))
}
