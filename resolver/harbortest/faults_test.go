package harbortest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

const allRepositories = "/api/v2.0/repositories?sort=-update_time&page_size=2"

func TestFaultyAnswers(t *testing.T) {
	tests := []struct {
		what   string
		fault  harbortest.Fault
		status int
		check  func(t *testing.T, resp *http.Response, body string)
	}{
		{"status", harbortest.Status(http.StatusInternalServerError), 500, func(t *testing.T, _ *http.Response, body string) {
			require.JSONEq(t, `{"errors":[{"code":"UNKNOWN","message":"internal server error"}]}`, body)
		}},
		{"retry after", harbortest.RetryAfter(http.StatusTooManyRequests, 7), 429, func(t *testing.T, resp *http.Response, _ string) {
			require.Equal(t, "7", resp.Header.Get("Retry-After"))
		}},
		{"HTML", harbortest.HTML(http.StatusOK), 200, func(t *testing.T, resp *http.Response, body string) {
			require.Equal(t, "text/html", resp.Header.Get("Content-Type"))
			require.Contains(t, body, "<html>")
		}},
		{"null", harbortest.NullList(), 200, func(t *testing.T, _ *http.Response, body string) {
			require.Equal(t, "null\n", body)
		}},
		{"redirect", harbortest.Redirect("http://elsewhere.invalid/"), 302, func(t *testing.T, resp *http.Response, _ string) {
			require.Equal(t, "http://elsewhere.invalid/", resp.Header.Get("Location"))
		}},
		{"truncated", harbortest.Truncated(), 200, func(t *testing.T, _ *http.Response, body string) {
			require.NotEmpty(t, body)
			require.False(t, json.Valid([]byte(body)))
		}},
		{"total", harbortest.TotalCount(9), 200, func(t *testing.T, resp *http.Response, body string) {
			require.Equal(t, "9", resp.Header.Get("X-Total-Count"))
			require.True(t, json.Valid([]byte(body)))
		}},
		{"endless paging", harbortest.EndlessPaging(), 200, func(t *testing.T, resp *http.Response, body string) {
			require.Equal(t, `</api/v2.0/repositories?page=2&page_size=2&sort=-update_time>; rel="next"`, resp.Header.Get("Link"))
			require.Contains(t, body, "tool-000002")
		}},
		{"other page", harbortest.OtherPage(2), 200, func(t *testing.T, _ *http.Response, body string) {
			require.NotContains(t, body, "tool-000002")
			require.Contains(t, body, "tool-000000")
		}},
		{"until closed", harbortest.UntilClosed(), 200, func(t *testing.T, resp *http.Response, body string) {
			require.EqualValues(t, -1, resp.ContentLength)
			require.True(t, resp.Close)
			require.True(t, json.Valid([]byte(body)))
		}},
		{"slow drip", harbortest.SlowDrip(time.Microsecond), 200, func(t *testing.T, _ *http.Response, body string) {
			require.True(t, json.Valid([]byte(body)))
		}},
	}
	s := harbortest.Start(t, harbortest.StartOptions{Options: harbortest.Options{Now: ticking()}})
	s.Seed(harbortest.Seed{Projects: 3})
	plain := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			remove := s.Fault(harbortest.Of(harbortest.KindRepositories), tt.fault)
			defer remove()
			resp, err := plain.Get(s.URL + allRepositories)
			require.NoError(t, err)
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.Equal(t, tt.status, resp.StatusCode)
			tt.check(t, resp, string(body))
			other, err := plain.Get(s.URL + "/api/v2.0/ping")
			require.NoError(t, err)
			require.NoError(t, other.Body.Close())
			require.Equal(t, http.StatusOK, other.StatusCode, "others are not struck")
		})
	}
}

func TestFaultyConnections(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{})
	name := s.Seed(harbortest.Seed{Projects: 1})[0]
	get := func(t *testing.T, fault harbortest.Fault, path string) (*http.Response, string, error) {
		remove := s.Fault(harbortest.Any, fault)
		defer remove()
		resp, err := http.Get(s.URL + path)
		if err != nil {
			return nil, "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return resp, string(body), err
	}
	_, _, err := get(t, harbortest.Garbage(), allRepositories)
	require.ErrorContains(t, err, "malformed HTTP")
	_, body, err := get(t, harbortest.WrongLength(7), allRepositories)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.True(t, json.Valid([]byte(body)))
	_, body, err = get(t, harbortest.WrongLength(-7), allRepositories)
	require.NoError(t, err)
	require.False(t, json.Valid([]byte(body)))
	_, _, err = get(t, harbortest.LongHeader(11<<20), allRepositories)
	require.ErrorContains(t, err, "server response headers exceeded")
	_, body, err = get(t, harbortest.GzipBomb(), allRepositories) // which net/http inflates
	require.NoError(t, err)
	require.Len(t, body, 256<<20)

	access := asAdmin(t, s).token("repository:" + name + ":pull")
	tags := "/v2/" + name + "/tags/list"
	request := func(fault harbortest.Fault, query string) (reply, string) {
		remove := s.Fault(harbortest.Any, fault)
		defer remove()
		resp, body := client{t: t, server: s}.do(http.MethodGet, tags+query, nil, "Authorization", "Bearer "+access)
		return resp, string(body)
	}
	resp, body := request(harbortest.EndlessTags(), "?last=t41")
	require.Equal(t, "<"+tags+`?last=t42>; rel="next"`, resp.Header.Get("Link"))
	require.Contains(t, body, `"t42"`)
	resp, body = request(harbortest.LoopingTags(), "?n=9")
	require.Equal(t, "<"+tags+`?n=9>; rel="next"`, resp.Header.Get("Link"))
	require.Contains(t, body, `"latest"`)
}

// Who waits for a body that does not come has the header, and may leave.
func TestHeaderAlone(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{})
	s.Fault(harbortest.Any, harbortest.HeaderAlone())
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+allRepositories, nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	cancel()
	_, err = io.ReadAll(resp.Body)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, resp.Body.Close())
}

func TestReset(t *testing.T) {
	for _, secure := range []bool{false, true} {
		s := harbortest.Start(t, harbortest.StartOptions{TLS: secure})
		s.Fault(harbortest.Any, harbortest.Reset())
		transport := http.DefaultTransport.(*http.Transport).Clone()
		if secure {
			transport.TLSClientConfig.RootCAs = s.CAs
		}
		resp, err := (&http.Client{Transport: transport}).Get(s.URL + "/api/v2.0/ping")
		if resp != nil {
			require.NoError(t, resp.Body.Close())
		}
		require.Error(t, err)
		require.True(t, errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF), "%v", err)
	}
}

func TestStall(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{})
	stall := harbortest.NewStall()
	s.Fault(harbortest.Any, stall.Fault)
	status := make(chan int, 1)
	go func() {
		resp, _ := client{t: t, server: s}.do(http.MethodGet, "/api/v2.0/ping", nil)
		status <- resp.StatusCode
	}()
	<-stall.Arrived()
	select {
	case <-status:
		require.Fail(t, "it did not wait")
	default:
	}
	stall.Release()
	stall.Release()
	require.Equal(t, http.StatusOK, <-status)
}

func TestEndlessBody(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{})
	s.Fault(harbortest.Any, harbortest.EndlessBody())
	resp, err := http.Get(s.URL + allRepositories)
	require.NoError(t, err)
	n, err := io.CopyN(io.Discard, resp.Body, 8<<20)
	require.NoError(t, err)
	require.EqualValues(t, 8<<20, n)
	require.NoError(t, resp.Body.Close())
}

func TestMatchers(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{})
	c := client{t: t, server: s}
	ping := func() int {
		resp, _ := c.do(http.MethodGet, "/api/v2.0/ping", nil)
		return resp.StatusCode
	}
	s.Fault(harbortest.After(1, 2, harbortest.And(harbortest.Of(harbortest.KindPing), harbortest.PathContains("ping"))), harbortest.Status(503))
	require.Equal(t, []int{200, 503, 503, 200}, []int{ping(), ping(), ping(), ping()})
	s.Fault(harbortest.Times(1, harbortest.Any), harbortest.Status(500))
	require.Equal(t, []int{500, 200}, []int{ping(), ping()})
	s.Fault(harbortest.Any, harbortest.Status(500))
	s.ClearFaults()
	require.Equal(t, 200, ping())
}

func TestDelay(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{})
	s.Delay(20 * time.Millisecond)
	begun := time.Now()
	client{t: t, server: s}.must(http.StatusOK, http.MethodGet, "/api/v2.0/ping", nil)
	require.GreaterOrEqual(t, time.Since(begun), 20*time.Millisecond)
}

func TestRequestLog(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{Options: harbortest.Options{LogLimit: 2}})
	c := asAdmin(t, s)
	c.must(http.StatusOK, http.MethodGet, allRepositories, nil, "Cookie", "sid=x")
	c.must(http.StatusNotFound, http.MethodHead, "/v2/library/x/manifests/latest", nil)
	c.must(http.StatusOK, http.MethodGet, "/api/v2.0/ping", nil)
	require.Equal(t, []harbortest.Request{
		{Kind: harbortest.KindRepositories, Method: "GET", Path: "/api/v2.0/repositories", Query: "sort=-update_time&page_size=2",
			User: "admin", Cookie: true, Status: 200},
		{Kind: harbortest.KindManifestHead, Method: "HEAD", Path: "/v2/library/x/manifests/latest", User: "admin", Status: 404},
	}, s.Requests())
	require.Equal(t, "GET "+allRepositories+"\nHEAD /v2/library/x/manifests/latest\n", s.RequestLines())
	require.Equal(t, 3, s.Count(), "counts go on beyond the limit")
	require.Equal(t, 1, s.Count(harbortest.KindPing, harbortest.KindManifestGet))
	require.Equal(t, 1, s.Counts()[harbortest.KindManifestHead])
	require.Equal(t, 1, s.Widest())
	s.ResetRequests()
	require.Zero(t, s.Count())
	require.Empty(t, s.Requests())
}

func TestOutages(t *testing.T) {
	s := harbortest.Start(t, harbortest.StartOptions{})
	name := s.Seed(harbortest.Seed{Projects: 1})[0]
	c := asAdmin(t, s)
	s.RegistryDown(true)
	c.must(http.StatusOK, http.MethodGet, "/v2/"+name+"/tags/list", nil)
	require.Empty(t, c.must(http.StatusBadGateway, http.MethodGet, "/v2/"+name+"/manifests/latest", nil))
	c.must(http.StatusOK, http.MethodGet, allRepositories, nil)
	s.RegistryDown(false)
	s.DatabaseDown(true)
	c.must(http.StatusInternalServerError, http.MethodGet, allRepositories, nil)
	c.must(http.StatusOK, http.MethodGet, "/api/v2.0/ping", nil)
	token := c.token("repository:" + name + ":pull")
	s.DatabaseDown(false)
	c.must(http.StatusUnauthorized, http.MethodGet, "/v2/"+name+"/tags/list", nil, "Authorization", "Bearer "+token)
	s.CoreDown(true)
	require.True(t, strings.HasPrefix(string(c.must(http.StatusBadGateway, http.MethodGet, allRepositories, nil)), "<html>"))
}
