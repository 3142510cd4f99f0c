package registry

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

func TestRepositoriesBelowPrefixes(t *testing.T) {
	h := newHost(t)
	for _, name := range []string{"toolforge-b", "toolforge-a", "toolforge", "library/x", "other/toolforge-c"} {
		h.push(t, name+":latest")
	}
	names, err := h.source(t, setup{}).Repositories(t.Context(), []string{"toolforge-", "library/", "toolforge-a"})
	require.NoError(t, err)
	require.Equal(t, []string{"library/x", "toolforge-a", "toolforge-b"}, names)
	require.Equal(t, []string{"GET /v2/", "GET /v2/_catalog"}, h.requests(), "nothing that counts as a pull")

	names, err = h.source(t, setup{}).Repositories(t.Context(), []string{"nothing-"})
	require.NoError(t, err)
	require.Empty(t, names)
}

// Names are as the catalog writes them, wherever the host really is.
func TestRepositoriesBehindAPath(t *testing.T) {
	h := newHost(t)
	h.push(t, "mirror/toolforge-a:latest")
	h.push(t, "toolforge-b:latest")
	names, err := h.source(t, setup{cfg: endpoint.Config{URL: h.URL + "/mirror"}}).Repositories(t.Context(), []string{"toolforge-"})
	require.NoError(t, err)
	require.Equal(t, []string{"toolforge-a"}, names)
}

// listing answers lists of repositories of size names a page, of total pages, or
// without end.
func listing(size, total int, link string) func(http.ResponseWriter, *http.Request) bool {
	return only("/_catalog", func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.URL.Query().Get("last"))
		names := []string{}
		for i := range size {
			names = append(names, fmt.Sprintf(`"toolforge-%04d-%04d"`, page, i))
		}
		if total == 0 || page+1 < total {
			w.Header().Set("Link", fmt.Sprintf(link, page+1))
		}
		fmt.Fprintf(w, `{"repositories":[%s]}`, strings.Join(names, ","))
	})
}

const nextPage = `</v2/_catalog?last=%d>; rel="next"`

func TestRepositoriesAreReadPageByPage(t *testing.T) {
	h := newHost(t)
	h.answer(listing(10, 30, nextPage))
	names, err := h.source(t, setup{}).Repositories(t.Context(), []string{"toolforge-"})
	require.NoError(t, err)
	require.Len(t, names, 300)
	require.IsIncreasing(t, names)
	require.Equal(t, 30, count(h.requests(), "GET /v2/_catalog"))
}

func TestARegistryThatDoesNotTell(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request) bool
		kind   fault.Kind
		text   string
	}{
		"401":               {only("/_catalog", status(http.StatusUnauthorized)), fault.Denied, "401"},
		"403":               {only("/_catalog", status(http.StatusForbidden)), fault.Denied, "403"},
		"404":               {only("/_catalog", status(http.StatusNotFound)), fault.Unsupported, ""},
		"429":               {only("/_catalog", status(http.StatusTooManyRequests)), fault.RateLimited, "429"},
		"500":               {only("/_catalog", status(http.StatusInternalServerError)), fault.Unreachable, "500"},
		"a web page":        {only("/_catalog", page(http.StatusOK)), fault.Unreachable, "not an OCI answer"},
		"null":              {only("/_catalog", body(`{"repositories":null}`)), fault.Unreachable, "not an OCI answer"},
		"no list":           {only("/_catalog", body(`{}`)), fault.Unreachable, "not an OCI answer"},
		"numbers":           {only("/_catalog", body(`{"repositories":[1]}`)), fault.Unreachable, "not an OCI answer"},
		"cut short":         {only("/_catalog", body(`{"repositories":["a"`)), fault.Unreachable, "not an OCI answer"},
		"too many bytes":    {only("/_catalog", body(`{"repositories":["`+strings.Repeat("x", maxList)+`"]}`)), fault.TooLarge, "longer than"},
		"endless":           {listing(20, 0, nextPage), fault.TooLarge, "more than 10000 repositories below toolforge-"},
		"endless and empty": {listing(0, 0, nextPage), fault.TooLarge, "more than 1000 pages"},
		"in a circle":       {listing(1, 0, `</v2/_catalog?last=0&again=%d>; rel="next"`), fault.Unreachable, "in a circle"},
		"elsewhere":         {listing(1, 0, `<http://elsewhere.example/v2/_catalog?last=%d>; rel="next"`), fault.Unreachable, ""},
		"no registry":       {func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusNotFound); return true }, fault.Unreachable, "not a registry"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.answer(c.answer)
			names, err := h.source(t, setup{opts: Options{Wait: func(context.Context, time.Duration) error { return nil }}}).Repositories(t.Context(), []string{"toolforge-", "x"})
			require.Equal(t, c.kind, fault.KindOf(err), "%v", err)
			require.ErrorContains(t, err, "list repositories: "+catalogHost+": ")
			require.ErrorContains(t, err, c.text)
			require.Nil(t, names, "it is not empty, it is not known")
		})
	}
}

// Names that no repository can have are not shown to anybody.
func TestRepositoriesWithImpossibleNames(t *testing.T) {
	h := newHost(t)
	h.answer(only("/_catalog", body(`{"repositories":["x<script>","xUPPER","x","x/","x\u0000",""]}`)))
	names, err := h.source(t, setup{}).Repositories(t.Context(), []string{"x"})
	require.NoError(t, err)
	require.Equal(t, []string{"x"}, names)
}

// A refusal to list says nothing about the questions of other rounds.
func TestTheListBesideARound(t *testing.T) {
	h := newHost(t)
	h.push(t, "image-0:latest")
	s := h.source(t, setup{})
	require.NoError(t, s.Ask(t.Context(), many(1)).Err)
	h.answer(only("/_catalog", status(http.StatusForbidden)))
	_, err := s.Repositories(t.Context(), []string{"image-"})
	require.Equal(t, fault.Denied, fault.KindOf(err))
	h.requests()
	require.NoError(t, s.Ask(t.Context(), many(1)).Err)
	require.Zero(t, pings(h.requests()), "the session is still good")
}

// Debian's registry, with a password.
func TestRepositoriesOfDistribution(t *testing.T) {
	reg := registrytest.Start(t, registrytest.Options{TLS: true, User: login.Username, Password: login.Password})
	cfg := endpoint.Config{URL: reg.URL, CAFile: reg.CAFile}
	s := sourceAt(t, setup{cfg: cfg, ends: show(login)})
	names, err := s.Repositories(t.Context(), []string{"toolforge-"})
	require.NoError(t, err)
	require.Empty(t, names)
	_, err = sourceAt(t, setup{cfg: cfg}).Repositories(t.Context(), []string{"toolforge-"})
	require.Equal(t, fault.Denied, fault.KindOf(err))
}

// The token for the list is one of its own.
func TestRepositoriesWithAToken(t *testing.T) {
	h, k := bearerHost(t)
	h.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/v2/_catalog" && r.Header.Get("Authorization") == "Bearer catalog 1" {
			return false
		}
		return k.guard(w, r)
	})
	s := h.source(t, setup{ends: show(login)})
	_, err := s.Repositories(t.Context(), []string{"image-"})
	require.Equal(t, fault.Denied, fault.KindOf(err), "the token does not let us")
	k.set("hunter2", 1)
	names, err := s.Repositories(t.Context(), []string{"image-"})
	require.NoError(t, err)
	require.Equal(t, []string{"image-0", "image-1"}, names)
	require.Equal(t, "registry:catalog:*", k.scopes[len(k.scopes)-1])
	h.requests()
	_, err = s.Repositories(t.Context(), []string{"image-"})
	require.NoError(t, err)
	require.Equal(t, []string{"GET /v2/_catalog"}, h.requests(), "it is kept")
}
