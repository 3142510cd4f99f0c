package main

import (
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

var reloaded = regexp.MustCompile(`level=INFO msg="reloaded: .* flags and settings need a restart"`)

// SIGHUP ends nothing, however often it comes, and it is said what it did.
func TestHangup(t *testing.T) {
	s, address := demoServer(t, "--log-level", "info", "--interval", "1h")
	for range 3 {
		require.NoError(t, s.cmd.Process.Signal(syscall.SIGHUP))
		require.NotNil(t, s.await(regexp.MustCompile(`msg="reloading, because of SIGHUP"`)), s.output())
		require.NotNil(t, s.await(reloaded), s.output())
	}
	response, err := testClient.Get(address + "/v1/readyz")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	requireExit(t, s, exitDone)
}

// Certificates that were rotated are in use at once, though nobody has connected;
// those that are no good are told, and those before stay.
func TestHangupReadsCertificates(t *testing.T) {
	ours := newAuthority(t)
	files := pemFiles(t)
	files.writeServer(t, ours.issue(t))
	ours.write(t, files.clientCA)
	s := bayplan(t, nil, "serve", "--demo", "--listen", "127.0.0.1:0", "--log-level", "info",
		"--tls-cert", files.cert, "--tls-key", files.key, "--client-ca", files.clientCA)
	require.NotNil(t, s.await(regexp.MustCompile("Stop it with")), s.output())
	files.writeServer(t, ours.issue(t))
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGHUP))
	require.NotNil(t, s.await(regexp.MustCompile(`msg="new certificates are in use"`)), s.output())
	require.NotNil(t, s.await(reloaded), s.output())
	replace(t, files.key, "no key")
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGHUP))
	require.NotNil(t, s.await(regexp.MustCompile(`level=WARN msg="the certificates cannot be used as they are now; those before stay in use"`)), s.output())
	require.NotNil(t, s.await(reloaded), s.output())
	require.Equal(t, 1, strings.Count(s.output(), "new certificates are in use"))
}
