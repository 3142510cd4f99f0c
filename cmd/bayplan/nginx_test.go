package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

// pollEvery is how often a condition is looked at.
const pollEvery = 10 * time.Millisecond

// servedBy is the header by which the balancer of these tests tells which replica
// answered; prefix is what it has before Bayplan's routes, as a gateway has.
const (
	servedBy = "X-Served-By"
	prefix   = "/builds"
)

// balancer is nginx before a fleet.
type balancer struct {
	url    string
	log    string // a file: which replicas each request went to, and what they said
	client *http.Client
}

// nginxConfig is a gateway of the usual kind: it shows its certificate, keeps
// connections, asks in turns, and goes to the next replica if it cannot reach one
// or that has nothing to serve yet. It knows nothing of readiness.
const nginxConfig = `daemon off;
master_process off;
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 512; }
http {
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  log_format replicas '$status $upstream_addr $upstream_status';
  access_log access.log replicas;
  upstream replicas {
%s    keepalive 16;
  }
  server {
    listen %s;
    location %s/ {
      proxy_pass https://replicas/;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_ssl_certificate gateway.crt;
      proxy_ssl_certificate_key gateway.key;
      proxy_ssl_trusted_certificate ca.crt;
      proxy_ssl_verify on;
      proxy_ssl_name localhost;
      proxy_next_upstream error timeout http_503;
      add_header %s $upstream_addr always;
    }
  }
}
`

// balance starts nginx before a fleet.
func balance(t *testing.T, f *fleet) *balancer {
	t.Helper()
	program := registrytest.Tool(t, "nginx")
	dir, address := t.TempDir(), freeAddress(t)
	own := tlsFlags{cert: filepath.Join(dir, "gateway.crt"), key: filepath.Join(dir, "gateway.key")}
	own.writeServer(t, f.gateway)
	f.ours.write(t, filepath.Join(dir, "ca.crt"))
	var servers strings.Builder
	for _, m := range f.members {
		fmt.Fprintf(&servers, "    server %s max_fails=0;\n", m.address)
	}
	config := filepath.Join(dir, "nginx.conf")
	replace(t, config, fmt.Sprintf(nginxConfig, servers.String(), address, prefix, servedBy))
	s, err := start(exec.CommandContext(testContext(), program, "-e", "stderr", "-p", dir, "-c", config))
	require.NoError(t, err)
	t.Cleanup(s.kill)
	b := &balancer{url: "http://" + address + prefix, log: filepath.Join(dir, "access.log"), client: &http.Client{Timeout: patience, Transport: &http.Transport{}}}
	t.Cleanup(b.client.CloseIdleConnections)
	require.Eventually(t, func() bool {
		a, _, err := fetch(b.client, b.url, "/v1/healthz")
		return err == nil && a.status == http.StatusOK
	}, patience, pollEvery)
	return b
}

func (b *balancer) get(t *testing.T, path string, headers ...string) fleetAnswer {
	t.Helper()
	return get(t, b.client, b.url, path, headers...)
}

// passedOn counts the requests that went to more than one replica.
func (b *balancer) passedOn(t *testing.T) (n int) {
	t.Helper()
	text, err := os.ReadFile(b.log)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, ", ") {
			n++
		}
	}
	return n
}
