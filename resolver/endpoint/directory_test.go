package endpoint

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

func TestNewRefuses(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	require.NoError(t, os.WriteFile(empty, []byte("no certificate"), 0o600))
	for name, tc := range map[string]struct {
		host string
		cfg  Config
		want string
	}{
		"host with a path":      {"a.example/x", Config{}, `hosts["a.example/x"]: is no host name`},
		"host with credentials": {"me:pw@a.example", Config{}, "is no host name"},
		"scheme":                {"a.example", Config{URL: "ftp://a.example"}, `.url: has the scheme "ftp"`},
		"query":                 {"a.example", Config{URL: "https://a.example?x=1"}, ".url: has a query"},
		"no host":               {"a.example", Config{URL: "https:///x"}, ".url: names no host"},
		"control character":     {"a.example", Config{URL: "https://a.example/\x7f"}, ".url: is no URL"},
		"upper-case path":       {"a.example", Config{URL: "https://a.example/Cache"}, ".url: has a path that cannot begin"},
		"dots in the path":      {"a.example", Config{URL: "https://a.example/../x"}, ".url: has a path that cannot begin"},
		"plain and https":       {"a.example", Config{URL: "https://a.example", PlainHTTP: true}, ".plainHTTP: contradicts"},
		"CA without TLS":        {"a.example", Config{PlainHTTP: true, CAFile: empty}, ".caFile: has no use"},
		"CA file missing":       {"a.example", Config{CAFile: empty + "x"}, ".caFile: cannot be used (no such file"},
		"CA file empty":         {"a.example", Config{CAFile: empty}, ".caFile: cannot be used (it holds no certificate"},
		"kind":                  {"a.example", Config{Kind: "quay"}, `.kind: "quay" is unknown`},
		"concurrency":           {"a.example", Config{Concurrency: 5000}, ".concurrency: is 5000"},
		"owned prefix":          {"a.example", Config{Owns: []string{"toolforge-", "Tool"}}, `.owns: "Tool" begins no repository name`},
		"auth host":             {"a.example", Config{AuthHosts: []string{"https://auth"}}, `.authHosts: "https://auth" is no host name`},
		"redirect host":         {"a.example", Config{RedirectHosts: []string{""}}, ".redirectHosts:"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(map[string]Config{tc.host: tc.cfg}, Options{})
			require.ErrorContains(t, err, tc.want)
			require.Equal(t, fault.Usage, fault.KindOf(err))
			require.NotContains(t, err.Error(), "pw@")
		})
	}
}

func TestNewRefusesTwoSpellingsOfOneHost(t *testing.T) {
	_, err := New(map[string]Config{"A.example": {}, "a.example": {}}, Options{})
	require.ErrorContains(t, err, "is configured twice")
}

func TestNewRefusesNegativeOptions(t *testing.T) {
	_, err := New(nil, Options{Concurrency: -1, Timeout: -1, MaxBody: -1})
	for _, field := range []string{"concurrency", "timeout", "maxBody"} {
		require.ErrorContains(t, err, field+": is negative")
	}
}

func TestFor(t *testing.T) {
	d, err := New(map[string]Config{
		"plain.example":   {PlainHTTP: true},
		"Mixed.example":   {URL: "Mirror.Example:5000/a/b/", PlainHTTP: true, Kind: Harbor, Concurrency: 3},
		"docker.io":       {URL: "https://mirror.example/hub"},
		"[::1]:5000":      {PlainHTTP: true},
		"127.0.0.1:5001":  {},
		"explicit.examle": {URL: "http://x.example"},
	}, Options{})
	require.NoError(t, err)
	for host, want := range map[string]struct {
		url, repository string
		kind            Kind
		plain           bool
		concurrency     int
	}{
		"plain.example":    {"http://plain.example", "x", OCI, true, 8},
		"mixed.example":    {"http://mirror.example:5000", "a/b/x", Harbor, true, 3},
		"docker.io":        {"https://mirror.example", "hub/library/x", OCI, false, 8},
		"index.docker.io":  {"https://registry-1.docker.io", "library/x", OCI, false, 8},
		"[::1]:5000":       {"http://[::1]:5000", "x", OCI, true, 8},
		"127.0.0.1:5001":   {"https://127.0.0.1:5001", "x", OCI, false, 8},
		"explicit.examle":  {"http://x.example", "x", OCI, true, 8},
		"Unknown.Example":  {"https://unknown.example", "x", OCI, false, 8},
		"unknown.ex:12345": {"https://unknown.ex:12345", "x", OCI, false, 8},
	} {
		t.Run(host, func(t *testing.T) {
			e := d.For(host)
			require.Equal(t, want.url, e.URL().String())
			require.Equal(t, e.URL().Host, e.Address())
			require.Equal(t, want.repository, e.Repository("x"))
			require.Equal(t, want.kind, e.Kind())
			require.Equal(t, want.plain, e.PlainHTTP())
			require.Equal(t, want.concurrency, e.Concurrency())
			require.Same(t, e, d.For(host))
			e.URL().Host = "changed.example"
			require.Equal(t, want.url, e.URL().String(), "the URL is a copy")
		})
	}
}

func TestForGivesOneEndpointToAll(t *testing.T) {
	d, err := New(nil, Options{})
	require.NoError(t, err)
	got := make([]*Endpoint, 16)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() { got[i] = d.For("same.example") })
	}
	wg.Wait()
	for _, e := range got {
		require.Same(t, got[0], e)
	}
}

func TestForOfWhatIsNoHostRefusesEveryRequest(t *testing.T) {
	d, err := New(nil, Options{})
	require.NoError(t, err)
	for _, host := range []string{"", "a b", "a.example/../b", "x@127.0.0.1", "a.example?", "http://a"} {
		e := d.For(host)
		require.NotNil(t, e)
		_, err := (&http.Client{Transport: e.Transport()}).Get("https://invalid/v2/")
		require.Equal(t, fault.Usage, fault.KindOf(err), host)
	}
	d.CloseIdle()
}

func TestCredentialNeverShowsItsSecret(t *testing.T) {
	for _, c := range []Credential{
		{Username: "me", Password: "hunter2"}, {IdentityToken: "hunter2"}, {RegistryToken: "hunter2"},
	} {
		require.NotContains(t, c.String(), "hunter2")
		require.NotContains(t, c.GoString(), "hunter2")
	}
	require.Equal(t, "anonymous", Credential{}.String())
}

// However many hosts catalogs name over the years, few are remembered; one that is
// asked for all the time is the same one.
func TestHostsThatNobodyNamesAnyMoreAreForgotten(t *testing.T) {
	d, err := New(map[string]Config{"configured.example": {}}, Options{})
	require.NoError(t, err)
	busy, configured := d.For("busy.example"), d.For("configured.example")
	for n := range 3 * maxOthers {
		host := fmt.Sprintf("host%d.example", n)
		require.Same(t, d.For(host), d.For(strings.ToUpper(host)))
		require.Same(t, busy, d.For("busy.example"))
		require.LessOrEqual(t, d.others.Len(), maxOthers)
	}
	require.Same(t, configured, d.For("configured.example"))
}
