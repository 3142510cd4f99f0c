package artifact_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

// bearer makes a server ask for tokens as Harbor does (distribution's token
// specification) and give them to ann, whose password is s3cret.
func bearer(server *registrytest.Server) registrytest.Hook {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		switch {
		case r.URL.Path == "/service/token":
			user, password, _ := r.BasicAuth()
			if user != "ann" || password != "s3cret" {
				w.WriteHeader(http.StatusUnauthorized)
				return true
			}
			_, _ = fmt.Fprintf(w, `{"token": "token for %s"}`, url.QueryEscape(r.URL.Query().Get("scope")))
			return true
		case r.Header.Get("Authorization") == "":
			w.Header().Set("Www-Authenticate", `Bearer realm="`+server.URL+`/service/token",service="harbor-registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}
		return false
	}
}

func ann(password string) endpoint.CredentialFunc {
	return func(context.Context, string) (endpoint.Credential, error) {
		return endpoint.Credential{Username: "ann", Password: password}, nil
	}
}

func tokenClient(t *testing.T, server *registrytest.Server, password string) *artifact.Client {
	t.Helper()
	hosts, err := endpoint.New(map[string]endpoint.Config{host: {URL: server.URL}}, endpoint.Options{Credentials: ann(password)})
	require.NoError(t, err)
	t.Cleanup(hosts.CloseIdle)
	return artifact.New(hosts, artifact.Options{})
}

// A token is fetched once for all that is read, and once to publish.
func TestTokensAreKept(t *testing.T) {
	server := registrytest.InProcess(t)
	server.Hook(bearer(server))
	client := tokenClient(t, server, "s3cret")

	publish(t, client, "1.0.0")
	require.Equal(t, []string{
		"/v2/" + path + "/manifests/1.0.0",
		"/service/token?scope=repository%3Atoolforge%2Fimage-config%3Apull%2Cpush&service=harbor-registry",
	}, paths(server)[:2])
	publish(t, client, "1.0.1")
	require.Len(t, tokens(server), 1)

	server.Forget()
	_, err := client.Pull(t.Context(), catalog, version("1.0.0"))
	require.NoError(t, err)
	require.Len(t, tokens(server), 1)
	server.Forget()
	_, err = client.Pull(t.Context(), catalog, version("1.0.1"))
	require.NoError(t, err)
	require.Equal(t, []string{"GET manifests", "GET blobs"}, methods(server))
}

// Once credentials were replaced, a token that was given for those before is not shown
// any more, though it is still good.
func TestTokensGoWithTheirPassword(t *testing.T) {
	server := registrytest.InProcess(t)
	server.Hook(bearer(server))
	var renewals atomic.Uint64
	hosts, err := endpoint.New(map[string]endpoint.Config{host: {URL: server.URL}}, endpoint.Options{Credentials: ann("s3cret"), Renewals: renewals.Load})
	require.NoError(t, err)
	t.Cleanup(hosts.CloseIdle)
	client := artifact.New(hosts, artifact.Options{})
	publish(t, client, "1.0.0")
	for range 2 {
		renewals.Add(1)
		server.Forget()
		for range 2 {
			_, err := client.Pull(t.Context(), catalog, version("1.0.0"))
			require.NoError(t, err)
		}
		require.Len(t, tokens(server), 1)
	}
}

func TestTokenRefused(t *testing.T) {
	server := registrytest.InProcess(t)
	server.Hook(bearer(server))
	_, err := tokenClient(t, server, "wr0ng").Pull(t.Context(), catalog, version("1.0.0"))
	require.Equal(t, fault.Denied, fault.KindOf(err), "%v", err)
	require.NotContains(t, err.Error(), "wr0ng")
	require.Contains(t, fault.HintOf(err), "docker login registry.example")
	require.Len(t, server.Requests(), 2)
}

// A token service that gave nonsense once costs what was asked for then, and
// nothing later: what is no good is not kept.
func TestABadTokenIsNotKept(t *testing.T) {
	for name, c := range map[string]struct {
		token  string
		status int // what the registry answers who shows it
		words  string
	}{
		"a line break":       {`a\r\nX-Evil: 1`, 0, "characters that no header can hold"},
		"too long for us":    {strings.Repeat("t", 20_000), 0, "more than the 16384"},
		"too long for it":    {strings.Repeat("t", 10_000), http.StatusRequestHeaderFieldsTooLarge, "answered 431"},
		"too long for nginx": {strings.Repeat("t", 10_000), http.StatusBadRequest, "answered 400"},
		"for somebody else":  {"other", http.StatusForbidden, "answered 403"},
	} {
		t.Run(name, func(t *testing.T) {
			server := registrytest.InProcess(t)
			good := bearer(server)
			client := tokenClient(t, server, "s3cret")
			server.Hook(good)
			publish(t, client, "1.0.0")

			client = tokenClient(t, server, "s3cret")
			var well atomic.Bool
			server.Hook(func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
				switch {
				case r.URL.Path == "/service/token" && !well.Load():
					_, _ = fmt.Fprintf(w, `{"token": "%s"}`, c.token)
					return true
				case r.Header.Get("Authorization") == "Bearer "+c.token:
					w.WriteHeader(c.status)
					return true
				}
				return good(w, r, next)
			})
			_, err := client.Pull(t.Context(), catalog, version("1.0.0"))
			require.ErrorContains(t, err, c.words)
			well.Store(true)
			_, err = client.Pull(t.Context(), catalog, version("1.0.0"))
			require.NoError(t, err)
		})
	}
}

// A registry that sends us elsewhere for a token does not get the password there.
func TestTokenRealmElsewhere(t *testing.T) {
	server, thief := registrytest.InProcess(t), registrytest.InProcess(t)
	server.Hook(bearer(thief))
	_, err := tokenClient(t, server, "s3cret").Pull(t.Context(), catalog, version("1.0.0"))
	require.Equal(t, fault.Unreachable, fault.KindOf(err), "%v", err)
	require.Contains(t, fault.HintOf(err), "authHosts")
	require.Empty(t, thief.Requests())
}

func paths(server *registrytest.Server) []string {
	var all []string
	for _, r := range server.Requests() {
		all = append(all, r.Path)
	}
	return all
}

// tokens gives the requests for tokens.
func tokens(server *registrytest.Server) []string {
	var all []string
	for _, p := range paths(server) {
		if parsed, err := url.Parse(p); err == nil && parsed.Path == "/service/token" {
			all = append(all, p)
		}
	}
	return all
}
