package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/harbortest"
)

// Commands are answered behind mutual TLS if they show a certificate, and by
// nobody whose authority they were not told.
func TestCommandsProveThemselves(t *testing.T) {
	ours, other := newAuthority(t), newAuthority(t)
	files, shown := pemFiles(t), pemFiles(t)
	files.writeServer(t, ours.issue(t))
	ours.write(t, files.clientCA)
	shown.writeServer(t, ours.issue(t))
	strangers := filepath.Join(t.TempDir(), "ca.pem")
	other.write(t, strangers)
	s := serveHere(t, &serveOptions{listen: "127.0.0.1:0", tls: files}, aHarbor(t, harbortest.Options{}))
	address := strings.Replace(s.said(t, mainLine), "127.0.0.1", "localhost", 1)
	s.said(t, isReady)

	list := func(args ...string) (code int, said string) {
		var out, err strings.Builder
		code = run(t.Context(), append([]string{"list", "--server", address, "--name", "bookworm"}, args...), streams{out: &out, err: &err})
		return code, out.String() + err.String()
	}
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"proved":            {[]string{"--server-ca", files.clientCA, "--client-cert", shown.cert, "--client-key", shown.key}, exitDone, "bookworm "},
		"no certificate":    {[]string{"--server-ca", files.clientCA}, exitFailure, "certificate required"},
		"no authority":      {[]string{"--client-cert", shown.cert, "--client-key", shown.key}, exitFailure, "certificate"},
		"another authority": {[]string{"--server-ca", strangers, "--client-cert", shown.cert, "--client-key", shown.key}, exitFailure, "certificate"},
		"no key":            {[]string{"--client-cert", shown.cert}, exitFailure, "go together"},
		"missing":           {[]string{"--client-cert", "nowhere.pem", "--client-key", shown.key}, exitFailure, "read --client-cert: nowhere.pem: no such file"},
		"missing key":       {[]string{"--client-cert", shown.cert, "--client-key", "nowhere.pem"}, exitFailure, "read --client-key"},
		"key of another":    {[]string{"--client-cert", shown.cert, "--client-key", files.key}, exitFailure, "does not match"},
		"missing authority": {[]string{"--server-ca", "nowhere.pem"}, exitFailure, "read --server-ca: nowhere.pem"},
		"authority, no PEM": {[]string{"--server-ca", os.DevNull}, exitFailure, "it holds no certificate in PEM"},
	} {
		code, said := list(c.args...)
		require.Equal(t, c.code, code, "%s: %s", name, said)
		require.Contains(t, said, c.says, name)
	}
}
