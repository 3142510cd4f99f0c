package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// What really happens on the wire, in the words that a user sees.
func TestFailuresOfTheNetwork(t *testing.T) {
	refused := func(t *testing.T) *Endpoint {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		require.NoError(t, l.Close())
		return reachAt(t, Config{URL: "http://" + l.Addr().String()}, Options{})
	}
	for name, tc := range map[string]struct {
		start      func(t *testing.T) *Endpoint
		want, hint string
	}{
		"refused": {refused, "registry.test: connection refused", ""},
		"unknown authority": {func(t *testing.T) *Endpoint {
			server := httptest.NewTLSServer(http.NotFoundHandler())
			t.Cleanup(server.Close)
			return reachAt(t, Config{URL: server.URL}, Options{})
		}, "registry.test: its certificate is signed by an unknown authority", "caFile"},
		"wrong name": {func(t *testing.T) *Endpoint {
			server := httptest.NewTLSServer(http.NotFoundHandler())
			t.Cleanup(server.Close)
			_, port, err := net.SplitHostPort(server.Listener.Addr().String())
			require.NoError(t, err)
			return reachAt(t, Config{URL: "https://localhost:" + port, CAFile: writeCA(t, server)}, Options{})
		}, "registry.test: its certificate is not for localhost", ""},
		"plain HTTP where TLS was expected": {func(t *testing.T) *Endpoint {
			server := serve(t, func(http.ResponseWriter, *http.Request) {})
			return reachAt(t, Config{URL: "https://" + server.Listener.Addr().String()}, Options{})
		}, "registry.test: the host answers plain HTTP where https was expected", "plainHTTP"},
		"closed": {func(t *testing.T) *Endpoint {
			return reach(t, serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), Config{}, Options{})
		}, "registry.test: the other side closed the connection", ""},
		"silence": {func(t *testing.T) *Endpoint {
			return reachAt(t, Config{URL: "http://" + blackhole(t)}, Options{Timeout: 20 * time.Millisecond})
		}, "registry.test: no ", ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := tc.start(t)
			_, err := client(e).Get(e.URL().String() + "/v2/?token=secret")
			require.Error(t, err)
			err = Classify(err)
			require.Equal(t, fault.Unreachable, fault.KindOf(err))
			require.Contains(t, err.Error(), tc.want)
			require.Contains(t, fault.HintOf(err), tc.hint)
			require.NotContains(t, err.Error(), "secret")
			require.NotContains(t, err.Error(), "/v2/")
		})
	}
}

func TestClassify(t *testing.T) {
	asIs := fault.New(fault.Denied, "", "here", "no")
	for name, tc := range map[string]struct {
		err  error
		kind fault.Kind
		want string
	}{
		"a fault in a URL error": {&url.Error{Op: "Get", URL: "https://x?secret", Err: asIs}, fault.Denied, "here: no"},
		"unknown name": {&net.DNSError{Name: "registry.invalid", IsNotFound: true}, fault.Unreachable,
			"the name registry.invalid does not resolve"},
		"resolver down": {&net.DNSError{Name: "registry.invalid", IsTemporary: true}, fault.Unreachable,
			"the name registry.invalid cannot be looked up now"},
		"deadline":  {context.DeadlineExceeded, fault.Unreachable, "no answer in time"},
		"cancelled": {fmt.Errorf("x: %w", context.Canceled), fault.Unreachable, "the request was cancelled"},
		"strange": {errors.New("HEAD https://me:pw@x/v2?token=secret\r\n: odd"), fault.Unreachable,
			"HEAD https://…@x/v2?…  : odd"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Classify(tc.err)
			require.Equal(t, tc.kind, fault.KindOf(got))
			require.Equal(t, tc.want, got.Error())
		})
	}
	require.NoError(t, Classify(nil))
	require.ErrorIs(t, Classify(fmt.Errorf("x: %w", context.Canceled)), context.Canceled)
}

func TestClassifyStatus(t *testing.T) {
	for status, want := range map[int]struct {
		kind fault.Kind
		text string
	}{
		401: {fault.Denied, "it answers 401 Unauthorized"},
		403: {fault.Denied, "it answers 403 Forbidden"},
		404: {fault.NotFound, "it answers 404 Not Found"},
		429: {fault.RateLimited, "it answers 429 Too Many Requests"},
		418: {fault.Unreachable, "it answers 418 I'm a teapot"},
		500: {fault.Unreachable, "it answers 500 Internal Server Error"},
		304: {fault.Unreachable, "it answers 304 Not Modified"},
		799: {fault.Unreachable, "it answers 799"},
	} {
		err := ClassifyStatus(status, nil)
		require.Equal(t, want.kind, fault.KindOf(err), status)
		require.Equal(t, want.text, err.Error())
	}
	for _, status := range []int{200, 204, 299} {
		require.NoError(t, ClassifyStatus(status, nil))
	}
}

func TestRetryAfter(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"":                              0,
		"7":                             7 * time.Second,
		"-7":                            0,
		"86400000":                      time.Hour,
		"99999999999999999999":          0,
		"soon":                          0,
		"Wed, 01 Jan 2025 00:00:30 GMT": 30 * time.Second,
		"Tue, 31 Dec 2024 23:00:00 GMT": 0,
	} {
		h := http.Header{"Retry-After": {value}, "Date": {"Wed, 01 Jan 2025 00:00:00 GMT"}}
		f, ok := errors.AsType[*fault.Error](ClassifyStatus(429, h))
		require.True(t, ok)
		require.Equal(t, want, f.RetryAfter, value)
	}
}

// A registry that shows back what it was sent does not get it into a message.
func TestCredentialsShownBackAreLeftOut(t *testing.T) {
	for text, want := range map[string]string{
		"you sent Authorization: Bearer abc.def-ghi": "you sent Authorization: Bearer …",
		`header "basic cm9ib3Q6c2VjcmV0=="`:          `header "basic …"`,
		"bearer=abcdefgh and more":                   "bearer … and more",
		"a bearer token is wanted":                   "a bearer token is wanted",
		"only Basic is known here":                   "only Basic is known here",
	} {
		require.Equal(t, want, WithoutCredentials(text))
	}
}
