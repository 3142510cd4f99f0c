package main

import (
	"context"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

const (
	harborHost   = "harbor.example"
	robotSecret  = "s3cret-of-a-robot"
	userSecret   = "s3cret-of-a-user"
	otherHost    = "docker-registry.tools.wmflabs.org"
	anotherHost  = "docker-registry.svc.toolforge.org"
	nobodyListen = "http://127.0.0.1:1"
)

// aHarbor starts a Harbor with a public tool, alpha, and a private one, gamma.
func aHarbor(t *testing.T, opts harbortest.Options) *harbortest.Server {
	t.Helper()
	h := harbortest.Start(t, harbortest.StartOptions{Options: opts})
	fillHarbor(t.Fatalf, h.Harbor)
	return h
}

func fillHarbor(fatalf func(string, ...any), h *harbortest.Harbor) {
	h.AddProject("tool-alpha", harbortest.Public)
	h.AddProject("tool-gamma", harbortest.Private)
	h.AddRobot("bayplan", robotSecret, harbortest.ReaderPermissions()...)
	h.AddUser("ann", userSecret, "tool-alpha", "tool-gamma")
	for _, repository := range []string{"tool-alpha/alpha", "tool-alpha/worker", "tool-gamma/gamma"} {
		if _, err := h.Push(repository, "latest", harbortest.Profile{}); err != nil {
			fatalf("push %s: %v", repository, err)
		}
	}
}

// as is the credential of an account.
func as(name, password string) endpoint.CredentialFunc {
	return func(context.Context, string) (endpoint.Credential, error) {
		return endpoint.Credential{Username: name, Password: password}, nil
	}
}

// serveHere runs "bayplan serve" in this process until the test ends, with the
// bundled catalog, of whose registries none answers, and this Harbor.
func serveHere(t *testing.T, o *serveOptions, h *harbortest.Server) *service {
	t.Helper()
	if o.source.catalog == "" {
		o.source.catalog = "bundled"
	}
	if o.source.credentials == nil {
		o.source.credentials = as("robot$bayplan", robotSecret)
	}
	o.source.interval = 50 * time.Millisecond
	hosts := map[string]endpoint.Config{otherHost: {URL: nobodyListen}, anotherHost: {URL: nobodyListen}}
	if h != nil {
		hosts[harborHost] = endpoint.Config{URL: h.URL, Kind: endpoint.Harbor}
	}
	return serveOf(t, o, hosts)
}

// serveOf runs "bayplan serve" in this process until the test ends, with these
// registries.
func serveOf(t *testing.T, o *serveOptions, hosts map[string]endpoint.Config) *service {
	t.Helper()
	read, write, err := os.Pipe()
	require.NoError(t, err)
	o.std = streams{out: write, err: write}
	o.grace = time.Second
	ctx, cancel := context.WithCancel(withRegistries(t.Context(), hosts))
	s := &service{ended: make(chan struct{}), more: make(chan struct{})}
	go s.read(read)
	failed := make(chan error, 1)
	go func() {
		failed <- o.run(ctx)
		_ = write.Close() // s.read ends with it
	}()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-failed)
		<-s.ended
	})
	return s
}

var (
	mainLine  = regexp.MustCompile(`msg=listening address=(https?://\S+) routes=all`)
	otherLine = regexp.MustCompile(`msg=listening address=(https?://\S+) routes=operations`)
	isReady   = regexp.MustCompile(`msg=ready`)
)

// said waits for a line, and gives its first group.
func (s *service) said(t *testing.T, pattern *regexp.Regexp) string {
	t.Helper()
	found := s.await(pattern)
	require.NotNil(t, found, "it does not say %s:\n%s", pattern, s.output())
	return found[len(found)-1]
}
