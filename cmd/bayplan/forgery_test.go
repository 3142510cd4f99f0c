package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/artifact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/endpoint"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fact"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbor"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registry"
)

// canary is a server that nobody has a reason to talk to. It notes whoever
// connects, whether or not a request comes of it.
type canary struct {
	*httptest.Server
	mu    sync.Mutex
	heard []string
}

func newCanary(t *testing.T) *canary {
	t.Helper()
	c := &canary{}
	c.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		c.note(r.Method + " " + r.URL.String() + " Authorization: " + r.Header.Get("Authorization"))
	}))
	c.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			c.note("a connection")
		}
	}
	c.Start()
	t.Cleanup(c.Close)
	return c
}

func (c *canary) note(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = append(c.heard, what)
}

func (c *canary) notes() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.heard...)
}

// host is the canary's address, and port the end of it.
func (c *canary) host() string { return strings.TrimPrefix(c.URL, "http://") }
func (c *canary) port() string { _, port, _ := net.SplitHostPort(c.host()); return port }

// planted is the registry's password, which is shown to that registry alone.
const planted = "planted-registry-password"

// lure is what a registry answers to whoever has shown the password.
type lure func(w http.ResponseWriter, r *http.Request, away *canary, self string)

// lures are the ways in which a registry could send us to the canary.
var lures = map[string]lure{
	"a redirect":                    sendTo(http.StatusFound, func(c *canary) string { return c.URL }),
	"a redirect that keeps methods": sendTo(http.StatusTemporaryRedirect, func(c *canary) string { return c.URL }),
	"a redirect for ever":           sendTo(http.StatusPermanentRedirect, func(c *canary) string { return c.URL }),
	"a redirect without a scheme":   sendTo(http.StatusFound, func(c *canary) string { return "//" + c.host() }),
	"a redirect with userinfo":      sendTo(http.StatusFound, func(c *canary) string { return "http://registry.example:443@" + c.host() }),
	"a redirect to a name of it":    sendTo(http.StatusFound, func(c *canary) string { return "http://LOCALHOST:" + c.port() }),
	"a redirect to IPv6 for IPv4":   sendTo(http.StatusFound, func(c *canary) string { return "http://[::ffff:127.0.0.1]:" + c.port() }),
	"a redirect to a number":        sendTo(http.StatusFound, func(c *canary) string { return "http://2130706433:" + c.port() }),
	"a redirect to a short address": sendTo(http.StatusFound, func(c *canary) string { return "http://127.1:" + c.port() }),
	"a redirect with zeros":         sendTo(http.StatusFound, func(c *canary) string { return "http://127.0.0.1:0" + c.port() }),
	"a redirect with a dot behind":  sendTo(http.StatusFound, func(c *canary) string { return "http://localhost.:" + c.port() }),
	"a redirect by way of itself": func(w http.ResponseWriter, r *http.Request, away *canary, self string) {
		if r.URL.Query().Has("again") {
			http.Redirect(w, r, away.URL+r.URL.Path, http.StatusFound)
			return
		}
		http.Redirect(w, r, self+r.URL.Path+"?again", http.StatusFound)
	},
	"a realm of tokens":            challenge(func(c *canary, _ string) string { return `Bearer realm="` + c.URL + `/token",service="x"` }),
	"a realm beside Basic":         challenge(func(c *canary, _ string) string { return `Basic realm="x", Bearer realm="` + c.URL + `/token"` }),
	"two realms":                   challenge(func(c *canary, self string) string { return `Bearer realm="` + self + `/t",realm="` + c.URL + `/t"` }),
	"a realm with userinfo":        challenge(func(c *canary, self string) string { return `Bearer realm="` + self + `@` + c.host() + `/t"` }),
	"a realm without a scheme":     challenge(func(c *canary, _ string) string { return `Bearer realm="//` + c.host() + `/t"` }),
	"a realm of another spelling":  challenge(func(c *canary, _ string) string { return `bEaReR rEaLm=http://localhost:` + c.port() + `/t` }),
	"a realm that redirects":       realmThatRedirects,
	"a next page":                  nextPage(func(c *canary) string { return c.URL }),
	"a next page without a scheme": nextPage(func(c *canary) string { return "//" + c.host() }),
	"a next page with userinfo":    nextPage(func(c *canary) string { return "http://x@" + c.host() }),
	"a place for an upload": func(w http.ResponseWriter, r *http.Request, away *canary, _ string) {
		w.Header().Set("Location", away.URL+r.URL.Path+"x")
		status := http.StatusNotFound // HEAD: it is missing, so it is uploaded
		if r.Method == http.MethodPost {
			status = http.StatusAccepted
		}
		w.WriteHeader(status)
	},
	"layers that lie elsewhere": inManifest(func(c *canary) string {
		layer := fmt.Sprintf(`"digest":"sha256:%064d","size":9,"urls":["%s/blob"]`, 1, c.URL)
		return `"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json",` + layer + `},` +
			`"layers":[{"mediaType":"application/vnd.cncf.helm.chart.content.v1.tar+gzip",` + layer + `}]`
	}),
	"a subject and its referrers": inManifest(func(c *canary) string {
		return fmt.Sprintf(`"subject":{"mediaType":"x/y","digest":"sha256:%064d","size":9,"urls":["%s/s"]},"annotations":{"org.opencontainers.image.url":"%s/a"}`, 2, c.URL, c.URL)
	}),
	"headers that name it": func(w http.ResponseWriter, _ *http.Request, away *canary, _ string) {
		for _, name := range []string{"Location", "Content-Location", "OCI-Subject", "Alt-Svc", "Docker-Upload-Location", "X-Harbor-Redirect"} {
			w.Header().Set(name, away.URL)
		}
		w.Header().Set("Alt-Svc", `h2="`+away.host()+`"`)
		w.Header().Set("Refresh", "0;url="+away.URL)
		_, _ = fmt.Fprintf(w, `<html><meta http-equiv="refresh" content="0;url=%s">`, away.URL)
	},
}

func sendTo(status int, where func(*canary) string) lure {
	return func(w http.ResponseWriter, r *http.Request, away *canary, _ string) {
		w.Header().Set("Location", where(away)+r.URL.RequestURI())
		w.WriteHeader(status)
	}
}

func challenge(words func(away *canary, self string) string) lure {
	return func(w http.ResponseWriter, _ *http.Request, away *canary, self string) {
		w.Header().Set("WWW-Authenticate", words(away, self))
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func realmThatRedirects(w http.ResponseWriter, r *http.Request, away *canary, self string) {
	if r.URL.Path == "/token" {
		http.Redirect(w, r, away.URL+"/token?"+r.URL.RawQuery, http.StatusTemporaryRedirect)
		return
	}
	challenge(func(*canary, string) string { return `Bearer realm="` + self + `/token",service="x"` })(w, r, away, self)
}

func nextPage(where func(*canary) string) lure {
	return func(w http.ResponseWriter, r *http.Request, away *canary, _ string) {
		w.Header().Set("Link", `<`+where(away)+r.URL.Path+`?n=1&last=a&page=2>; rel="next"`)
		w.Header().Set("X-Total-Count", "200")
		switch {
		case strings.HasSuffix(r.URL.Path, "/tags/list"):
			_, _ = w.Write([]byte(`{"name":"toolforge/image-config","tags":["1.0.0"]}`))
		case strings.HasSuffix(r.URL.Path, "/_catalog"):
			_, _ = w.Write([]byte(`{"repositories":["a"]}`))
		default:
			_, _ = w.Write([]byte(`[{"name":"tool-x","project_id":1}]`))
		}
	}
}

func inManifest(fields func(*canary) string) lure {
	return func(w http.ResponseWriter, _ *http.Request, away *canary, _ string) {
		const manifest = "application/vnd.oci.image.manifest.v1+json"
		w.Header().Set("Content-Type", manifest)
		_, _ = fmt.Fprintf(w, `{"schemaVersion":2,"mediaType":%q,%s}`, manifest, fields(away))
	}
}

// Whatever a registry answers, nobody but that registry is asked, and nobody but
// it is shown its password. Each lure is held out to everything that asks
// registries, over TLS and without.
func TestNobodyIsSentAway(t *testing.T) {
	for name, answer := range lures {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, TLS %t", name, secure), func(t *testing.T) {
				away := newCanary(t)
				host, config := hostile(t, secure, func(w http.ResponseWriter, r *http.Request, self string) { answer(w, r, away, self) })
				askAll(t, host.Listener.Addr().String(), config)
				require.NotEmpty(t, host.shown(), "the registry never saw its own password: nothing was tried")
				require.Empty(t, away.notes())
			})
		}
	}
}

// suspect is a registry that means no good. It asks for the password first, as
// any does.
type suspect struct {
	*httptest.Server
	mu    sync.Mutex
	creds []string
}

func (s *suspect) shown() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.creds...)
}

func hostile(t *testing.T, secure bool, answer func(w http.ResponseWriter, r *http.Request, self string)) (*suspect, endpoint.Config) {
	t.Helper()
	s := &suspect{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, ok := r.BasicAuth()
		if !ok && r.URL.Path != "/token" {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		s.mu.Lock()
		s.creds = append(s.creds, password)
		s.mu.Unlock()
		answer(w, r, s.URL)
	}))
	config := endpoint.Config{}
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // connections that nobody needed
	if secure {
		s.StartTLS()
		config.CAFile = caFile(t, s.Certificate())
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	config.URL = s.URL
	return s, config
}

func caFile(t *testing.T, certificate *x509.Certificate) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
	return path
}

// askAll asks a registry all that Bayplan asks any, for as long as that takes;
// that it fails is no matter here.
func askAll(t *testing.T, address string, config endpoint.Config) {
	t.Helper()
	const name = "registry.example"
	hosts, err := endpoint.New(map[string]endpoint.Config{name: config}, endpoint.Options{
		Credentials: func(_ context.Context, host string) (endpoint.Credential, error) {
			if host != address {
				t.Errorf("the credential of %s is looked up", host)
			}
			return endpoint.Credential{Username: "robot", Password: planted}, nil
		},
	})
	require.NoError(t, err)
	defer hosts.CloseIdle()
	ctx, at := t.Context(), hosts.For(name)

	charts := artifact.New(hosts, artifact.Options{Attempts: 1, Provenance: true})
	chart := artifact.Reference{Host: name, Path: "toolforge/image-config"}
	_, _ = charts.Tags(ctx, chart)
	_, _ = charts.Resolve(ctx, chart, artifact.Selection{Constraint: "*"})
	_, _ = charts.Pull(ctx, chart, artifact.Selection{Version: "1.0.0"})
	_, _ = charts.Publish(ctx, chart, artifact.Package{Archive: packagedSample(t)})

	soon := func(context.Context, time.Duration) error { return nil }
	images := registry.New(at, registry.Options{Wait: soon})
	images.Ask(ctx, []fact.Reference{{Host: name, Repository: "toolforge/image", Tag: "latest"}})
	_, _ = images.Repositories(ctx, []string{"toolforge"})

	tools := harbor.New(at, harbor.Options{Wait: soon})
	_, _ = tools.SystemInfo(ctx)
	_, _ = tools.Prove(ctx)
	_, _ = tools.Projects(ctx, harbor.ProjectFilter{})
	_, _ = tools.AllRepositories(ctx)
	_, _ = tools.ProjectArtifacts(ctx, "tool-x")
	_, _ = tools.RepositoryArtifacts(ctx, "tool-x/web")
}
