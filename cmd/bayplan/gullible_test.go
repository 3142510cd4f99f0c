package main

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// gullible is a client without any of our guards. It goes where an answer sends
// it, however that is said: by redirects, realms, links, places, addresses in
// manifests and pages; and it reads hosts as C's resolver does, with numbers and
// short addresses. What lures it would lure one client or another.
type gullible struct {
	client *http.Client
	went   map[string]bool
}

func newGullible(t *testing.T) *gullible {
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // it believes everybody
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			host, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			number, err := strconv.Atoi(port)
			if err != nil {
				return nil, err
			}
			return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(asC(host), strconv.Itoa(number)))
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &gullible{client: &http.Client{Transport: transport}, went: map[string]bool{}}
}

// asC reads a host as inet_aton does: one number, or fewer than four.
func asC(host string) string {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if n, err := strconv.ParseUint(host, 10, 32); err == nil {
		return net.IPv4(byte(n>>24), byte(n>>16), byte(n>>8), byte(n)).String()
	}
	if first, last, ok := strings.Cut(host, "."); ok {
		a, err1 := strconv.ParseUint(first, 10, 8)
		n, err2 := strconv.ParseUint(last, 10, 24)
		if err1 == nil && err2 == nil {
			return net.IPv4(byte(a), byte(n>>16), byte(n>>8), byte(n)).String()
		}
	}
	return host
}

var (
	realms         = regexp.MustCompile(`(?i)realm="?([^",]+)`)
	links          = regexp.MustCompile(`<([^>]+)>; *rel="next"`)
	namedAddresses = regexp.MustCompile(`(?:https?:)?//[^\s"'<>;]+`)
)

// ask asks, and asks whatever the answer names, each once.
func (g *gullible) ask(t *testing.T, method, address string) {
	t.Helper()
	if g.went[method+address] || len(g.went) > 50 {
		return
	}
	g.went[method+address] = true
	request, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		return
	}
	request.SetBasicAuth("robot", planted)
	response, err := g.client.Do(request)
	if err != nil {
		return
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return
	}
	var next []string
	for _, challenge := range response.Header.Values("WWW-Authenticate") {
		for _, realm := range realms.FindAllStringSubmatch(challenge, -1) {
			next = append(next, realm[1])
		}
	}
	for _, link := range links.FindAllStringSubmatch(response.Header.Get("Link"), -1) {
		next = append(next, link[1])
	}
	for _, name := range []string{"Location", "Content-Location", "Refresh"} {
		next = append(next, namedAddresses.FindAllString(response.Header.Get(name), -1)...)
	}
	next = append(next, namedAddresses.FindAllString(string(body), -1)...)
	for _, to := range next {
		where, err := url.Parse(to)
		if err == nil && where.Host != "" {
			g.ask(t, http.MethodGet, response.Request.URL.ResolveReference(where).String())
		}
	}
}

// Each lure is one: a client without our guards that meets it goes to the canary.
// So that the canary stays silent in TestNobodyIsSentAway says something of the
// guards, and of each.
func TestEachLureIsOne(t *testing.T) {
	for name, answer := range lures {
		t.Run(name, func(t *testing.T) {
			away := newCanary(t)
			host, _ := hostile(t, false, func(w http.ResponseWriter, r *http.Request, self string) { answer(w, r, away, self) })
			g := newGullible(t)
			g.ask(t, http.MethodGet, host.URL+"/v2/toolforge/image-config/tags/list")
			g.ask(t, http.MethodGet, host.URL+"/v2/toolforge/image-config/manifests/1.0.0")
			g.ask(t, http.MethodPost, host.URL+"/v2/toolforge/image-config/blobs/uploads/")
			require.NotEmpty(t, away.notes())
		})
	}
}
