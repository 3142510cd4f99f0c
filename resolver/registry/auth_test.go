package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// login is the credential of all tests.
var login = endpoint.Credential{Username: "robot", Password: "hunter2"}

func show(c endpoint.Credential) endpoint.Options {
	return endpoint.Options{Credentials: func(context.Context, string) (endpoint.Credential, error) { return c, nil }}
}

// tokens is a token service, and the guard of the registry that believes it.
type tokens struct {
	realm string // where it says it is

	mu       sync.Mutex
	password string
	epoch    int      // tokens of earlier epochs have run out
	scopes   []string // for which tokens were given, in order
}

// guard answers what needs a token and has none, and gives tokens at /token.
func (k *tokens) guard(w http.ResponseWriter, r *http.Request) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r.URL.Path == "/token" {
		k.serve(w, r)
		return true
	}
	_, repo, _ := strings.Cut(r.URL.Path, "/v2/")
	repo, _, _ = strings.Cut(strings.NewReplacer("/manifests/", "\n", "/tags/", "\n").Replace(repo), "\n")
	if repo != "" && r.Header.Get("Authorization") == fmt.Sprintf("Bearer %s %d", repo, k.epoch) {
		return false
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="`+k.realm+`",service="test"`)
	w.WriteHeader(http.StatusUnauthorized)
	return true
}

func (k *tokens) serve(w http.ResponseWriter, r *http.Request) {
	if _, password, _ := r.BasicAuth(); password != k.password {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	scope := r.URL.Query().Get("scope")
	k.scopes = append(k.scopes, scope)
	repo := strings.Split(scope, ":")[1]
	json.NewEncoder(w).Encode(map[string]any{"access_token": fmt.Sprintf("%s %d", repo, k.epoch), "refresh_token": "unasked"})
}

func (k *tokens) set(password string, epoch int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.password, k.epoch = password, epoch
}

// bearerHost is a host with two images behind a token service of its own.
func bearerHost(t *testing.T) (*host, *tokens) {
	t.Helper()
	h := newHost(t)
	h.push(t, "image-0:latest")
	h.push(t, "image-1:latest")
	k := &tokens{realm: h.URL + "/token", password: "hunter2"}
	h.answer(k.guard)
	return h, k
}

func TestTokensAreKeptFromRoundToRound(t *testing.T) {
	h, k := bearerHost(t)
	s := h.source(t, setup{ends: show(login)})
	asked := append(many(2), ref("image-0:other"))

	require.NoError(t, s.Ask(t.Context(), asked).Err)
	require.ElementsMatch(t, []string{"repository:image-0:pull", "repository:image-1:pull"}, k.scopes)
	first := h.requests()
	require.Len(t, first, 1+2+3+2, "ping, a token and a list for each repository, three HEADs")

	asked = many(2)
	require.NoError(t, s.Ask(t.Context(), asked).Err)
	require.Len(t, h.requests(), 2+2, "no ping, no tokens")

	k.set("hunter2", 1) // all tokens run out
	report := s.Ask(t.Context(), asked)
	require.NoError(t, report.Err)
	require.Len(t, report.Manifests, 2)
	renewal := h.requests()
	require.Equal(t, 2, count(renewal, "GET /token"), "one new token for each repository, however many ask")
	require.Equal(t, 1, pings(renewal))
	require.NoError(t, s.Ask(t.Context(), asked).Err)
	require.Len(t, h.requests(), 2+2)
}

func TestARotatedPasswordIsTakenUp(t *testing.T) {
	h, k := bearerHost(t)
	var mu sync.Mutex
	now := login
	s := h.source(t, setup{ends: endpoint.Options{Credentials: func(context.Context, string) (endpoint.Credential, error) {
		mu.Lock()
		defer mu.Unlock()
		return now, nil
	}}})
	require.NoError(t, s.Ask(t.Context(), many(2)).Err)

	k.set("new", 1)
	requireNothing(t, s.Ask(t.Context(), many(2)), fault.Denied)
	mu.Lock()
	now.Password = "new"
	mu.Unlock()
	require.NoError(t, s.Ask(t.Context(), many(2)).Err)
}

// A password that was replaced is used, though tokens that were given for the one
// before are still good, and also where the host was silent when it was replaced.
func TestARotatedPasswordIsTakenUpWhileBothAreGood(t *testing.T) {
	for _, silent := range []bool{false, true} {
		h, _ := bearerHost(t)
		var now atomic.Pointer[endpoint.Credential]
		var renewals atomic.Uint64
		var shown []string
		now.Store(&login)
		s := h.source(t, setup{ends: endpoint.Options{Renewals: renewals.Load, Credentials: func(context.Context, string) (endpoint.Credential, error) {
			return *now.Load(), nil
		}}})
		down := false
		var mu sync.Mutex
		h.answer(func(w http.ResponseWriter, r *http.Request) bool {
			mu.Lock()
			defer mu.Unlock()
			_, password, _ := r.BasicAuth()
			token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer of ")
			switch {
			case down:
				w.WriteHeader(http.StatusInternalServerError)
			case r.URL.Path == "/token":
				_, _ = fmt.Fprintf(w, `{"token":%q}`, "of "+password)
			case r.Header.Get("Authorization") == "":
				w.Header().Set("WWW-Authenticate", `Bearer realm="`+h.URL+`/token",service="test"`)
				w.WriteHeader(http.StatusUnauthorized)
			default:
				shown = append(shown, token)
				return false
			}
			return true
		})

		require.NoError(t, s.Ask(t.Context(), many(2)).Err)
		require.Contains(t, shown, "hunter2")
		now.Store(&endpoint.Credential{Username: "robot", Password: "new"})
		renewals.Add(1)
		if silent {
			down = true
			require.Error(t, s.Ask(t.Context(), many(2)).Err)
			down = false
		}
		shown = nil
		require.NoError(t, s.Ask(t.Context(), many(2)).Err)
		require.NotContains(t, shown, "hunter2")
		require.Contains(t, shown, "new")
		h.requests()
		renewals.Add(1) // of another host
		require.NoError(t, s.Ask(t.Context(), many(2)).Err)
		require.Len(t, h.requests(), 2+2, "no ping, no tokens")
	}
}

func TestAPasswordThatIsNoLongerGoodIsNotTriedOnEveryRepository(t *testing.T) {
	h := basicHost(t)
	s := h.source(t, setup{cfg: oneByOne, ends: show(login)})
	require.Equal(t, fact.Present, s.Ask(t.Context(), many(1)).Manifests[ref("image-0:latest")].Status)
	h.requests()
	h.always(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
		w.WriteHeader(http.StatusUnauthorized)
	})
	report := s.Ask(t.Context(), many(76))
	requireNothing(t, report, fault.Denied)
	require.ErrorContains(t, report.Err, "it refuses the credentials")
	require.Equal(t, []string{"HEAD /v2/image-0/manifests/latest", "GET /v2/", "GET /v2/"}, h.requests())
}

// A wrong password that is tried on every repository locks accounts.
func TestAWrongPasswordIsTriedOnce(t *testing.T) {
	wrong := show(endpoint.Credential{Username: "robot", Password: "guess"})
	t.Run("bearer", func(t *testing.T) {
		h, _ := bearerHost(t)
		s := h.source(t, setup{cfg: oneByOne, ends: wrong})
		report := s.Ask(t.Context(), many(76))
		requireNothing(t, report, fault.Denied)
		require.ErrorContains(t, report.Err, "it refuses the credentials")
		require.Contains(t, fault.HintOf(report.Err), "docker login")
		require.NotContains(t, report.Err.Error(), "guess")
		require.Equal(t, []string{"GET /v2/", "GET /token"}, h.requests())
	})
	t.Run("basic", func(t *testing.T) {
		h := basicHost(t)
		s := h.source(t, setup{ends: wrong})
		report := s.Ask(t.Context(), many(76))
		requireNothing(t, report, fault.Denied)
		require.ErrorContains(t, report.Err, "it refuses the credentials")
		require.Equal(t, []string{"GET /v2/", "GET /v2/"}, h.requests(), "without and with the password")
	})
}

func basicHost(t *testing.T) *host {
	t.Helper()
	h := newHost(t)
	h.push(t, "image-0:latest")
	h.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if name, password, _ := r.BasicAuth(); name == login.Username && password == login.Password {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	return h
}

func TestBasicAuthentication(t *testing.T) {
	h := basicHost(t)
	s := h.source(t, setup{ends: show(login)})
	report := s.Ask(t.Context(), many(1))
	require.NoError(t, report.Err)
	require.Equal(t, fact.Present, report.Manifests[ref("image-0:latest")].Status)
	h.requests()
	require.NoError(t, s.Ask(t.Context(), many(1)).Err)
	require.Len(t, h.requests(), 2)
}

func TestARegistryTokenIsSentAsItIs(t *testing.T) {
	h, _ := bearerHost(t)
	s := h.source(t, setup{ends: show(endpoint.Credential{RegistryToken: "image-0 0"})})
	h.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") == "Bearer image-0 0" {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+h.URL+`/token"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	require.NoError(t, s.Ask(t.Context(), many(1)).Err)
	require.Zero(t, count(h.requests(), "GET /token"))
}

func TestAnIdentityTokenIsExchanged(t *testing.T) {
	h, k := bearerHost(t)
	var grant, refresh string
	h.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			grant, refresh = r.FormValue("grant_type"), r.FormValue("refresh_token")
			w.Write([]byte(`{"token":"image-0 0"}`))
			return true
		}
		return k.guard(w, r)
	})
	s := h.source(t, setup{ends: show(endpoint.Credential{IdentityToken: "idt"})})
	require.NoError(t, s.Ask(t.Context(), many(1)).Err)
	require.Equal(t, "refresh_token idt", grant+" "+refresh)
}

func TestAnonymousWhereAPasswordIsWanted(t *testing.T) {
	h := basicHost(t)
	report := h.source(t, setup{}).Ask(t.Context(), many(2))
	requireNothing(t, report, fault.Denied)
	require.ErrorContains(t, report.Err, "it answers 401 Unauthorized")
	require.Contains(t, fault.HintOf(report.Err), "docker login")
}

// Some repositories may not be read; the others are exact, and a refusal is
// tried again in each round, because rights change.
func TestSomeRepositoriesAreDenied(t *testing.T) {
	h := newHost(t)
	for _, target := range []string{"image-0:latest", "image-1:latest", "image-2:latest"} {
		h.push(t, target)
	}
	denied := only("/image-1/", status(http.StatusForbidden))
	h.answer(denied)
	s := h.source(t, setup{})
	for range 2 {
		report := s.Ask(t.Context(), many(5))
		require.Equal(t, fault.Denied, fault.KindOf(report.Err))
		require.EqualError(t, report.Err, "ask registry: registry.test: 2 of 10 questions got no answer (image-1:latest): it answers 403 Forbidden")
		require.Equal(t, "give the account the right to read it", fault.HintOf(report.Err))
		require.Equal(t, fact.Present, report.Manifests[ref("image-0:latest")].Status)
		require.NotContains(t, report.Manifests, ref("image-1:latest"))
		require.NotContains(t, report.Repositories, "image-1")
		require.Equal(t, fact.Absent, report.Manifests[ref("image-4:latest")].Status)
		require.Equal(t, fact.Absent, report.Repositories["image-4"].Status)
	}
	h.answer(nil)
	require.NoError(t, s.Ask(t.Context(), many(5)).Err)
}

// The realm is the registry's word; the credentials go only where the operator
// said.
func TestARealmOnAnotherHost(t *testing.T) {
	other := newHost(t)
	elsewhere := strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
	for name, realm := range map[string]string{"by address": other.URL, "by name": elsewhere} {
		t.Run(name, func(t *testing.T) {
			h, k := bearerHost(t)
			k.realm = realm + "/token"
			s := h.source(t, setup{cfg: oneByOne, ends: show(login)})
			requireNothing(t, s.Ask(t.Context(), many(76)), fault.Unreachable)
			require.LessOrEqual(t, len(h.requests()), 1)
			require.Empty(t, other.requests())
		})
	}
	t.Run("listed", func(t *testing.T) {
		h, k := bearerHost(t)
		k.realm = elsewhere + "/token"
		other.answer(k.guard)
		cfg := endpoint.Config{AuthHosts: []string{strings.TrimPrefix(elsewhere, "http://")}}
		s := h.source(t, setup{cfg: cfg, ends: show(login)})
		require.NoError(t, s.Ask(t.Context(), many(2)).Err)
		require.Equal(t, []string{"GET /token", "GET /token"}, other.requests())
	})
}

func TestATokenServiceThatFails(t *testing.T) {
	for name, tc := range map[string]struct {
		handler http.HandlerFunc
		kind    fault.Kind
		want    string
	}{
		"404":      {status(404), fault.Unreachable, "its token service answers 404 Not Found"},
		"500":      {status(500), fault.Unreachable, "it answers 500"},
		"429":      {status(429), fault.RateLimited, "it answers 429"},
		"no token": {body(`{"refresh_token":"hunter2"}`), fault.Unreachable, "its token service gave no token"},
		"page":     {page(200), fault.Unreachable, "its token service gave no token"},
		"endless":  {body(strings.Repeat("x", maxAnswer+1)), fault.TooLarge, "longer than 65536 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			h, k := bearerHost(t)
			h.answer(func(w http.ResponseWriter, r *http.Request) bool {
				return only("/token", tc.handler)(w, r) || k.guard(w, r)
			})
			report := h.source(t, setup{cfg: oneByOne, ends: show(login)}).Ask(t.Context(), many(76))
			requireNothing(t, report, tc.kind)
			require.ErrorContains(t, report.Err, tc.want)
			require.NotContains(t, report.Err.Error(), "hunter2")
		})
	}
}

// A token that no header can hold is not kept for the next round.
func TestABadTokenIsNotKept(t *testing.T) {
	for name, token := range map[string]string{"a line break": `a\r\nX-Evil: 1`, "much too long": strings.Repeat("t", 20_000)} {
		t.Run(name, func(t *testing.T) {
			h, k := bearerHost(t)
			h.answer(func(w http.ResponseWriter, r *http.Request) bool {
				return only("/token", body(`{"token":"`+token+`"}`))(w, r) || k.guard(w, r)
			})
			s := h.source(t, setup{ends: show(login)})
			requireNothing(t, s.Ask(t.Context(), many(2)), fault.Denied)
			h.answer(k.guard)
			require.NoError(t, s.Ask(t.Context(), many(2)).Err)
		})
	}
}

func TestABrokenCredentialHelperIsNoAbsence(t *testing.T) {
	h := newHost(t)
	for _, kind := range []fault.Kind{fault.Denied, fault.NotFound, fault.Internal} {
		s := h.source(t, setup{ends: endpoint.Options{Credentials: func(context.Context, string) (endpoint.Credential, error) {
			return endpoint.Credential{}, fault.New(kind, "run credential helper", "docker-credential-x", "it failed")
		}}})
		report := s.Ask(t.Context(), many(1))
		requireNothing(t, report, kind)
		require.ErrorContains(t, report.Err, "docker-credential-x")
		require.Equal(t, []string{"GET /v2/"}, h.requests())
	}
}

// The registry's redirects are not trusted either: its password stays with it.
func TestRedirectsToAnotherHostAreNotFollowed(t *testing.T) {
	other := newHost(t)
	h := basicHost(t)
	s := h.source(t, setup{cfg: oneByOne, ends: show(login)})
	require.NoError(t, s.Ask(t.Context(), many(1)).Err)
	h.requests()
	h.always(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.Replace(other.URL, "127.0.0.1", "localhost", 1)+r.URL.Path, http.StatusTemporaryRedirect)
	})
	report := s.Ask(t.Context(), many(76))
	requireNothing(t, report, fault.Unreachable)
	require.ErrorContains(t, report.Err, "refused its redirect to another host, localhost:")
	require.Len(t, h.requests(), hopeless)
	require.Empty(t, other.requests())
}

func TestRedirectsOnTheSameHostAreFollowed(t *testing.T) {
	h := newTLSHost(t)
	digest := h.push(t, "image-0:latest")
	h.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/alias/") {
			http.Redirect(w, r, strings.Replace(r.URL.Path, "/alias/", "/image-0/", 1), http.StatusTemporaryRedirect)
			return true
		}
		return false
	})
	report := h.source(t, setup{}).Ask(t.Context(), refs("alias:latest"))
	require.NoError(t, report.Err)
	require.Equal(t, digest, report.Manifests[ref("alias:latest")].Digest)
	require.Equal(t, []string{"latest"}, report.Repositories["alias"].Tags)
}
