package endpoint

import (
	"bytes"
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/rotated"
)

// Docker's file may be written badly, emptied or taken away while it is used: what it
// said last counts, which is said once, and nothing of its content is.
func TestDockerCredentialsStayWithTheLastGoodFile(t *testing.T) {
	write := dockerHome(t)
	file := filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json")
	write("config.json", auths("a.example", "me:first"))
	var said bytes.Buffer
	find, changes, err := DockerCredentials(rotated.New(slog.New(slog.NewTextHandler(&said, nil))))
	require.NoError(t, err)
	shown := func() string {
		got, err := find(t.Context(), "a.example")
		require.NoError(t, err)
		return got.Username + ":" + got.Password
	}
	require.Equal(t, "me:first", shown())
	require.Zero(t, changes())
	for says, spoil := range map[string]func(){
		`error="it is empty"`:                                func() { write("config.json", "") },
		`error="no such file or directory"`:                  func() { require.NoError(t, os.Remove(file)) },
		`error="it is not in Docker's format"`:               func() { write("config.json", `{"auths": hunter2`) },
		`error="its entry for a.example cannot be read"`:     func() { write("config.json", auths("a.example", "hunter2-without-a-colon")) },
		`error="the file has more than 1048576 bytes"`:       func() { write("config.json", strings.Repeat(" ", maxDockerConfig)+"{}") },
		`error="its entry for hunter2.example cannot be rea`: func() { write("config.json", `{"auths":{"hunter2.example":{"auth":"%"}}}`) },
	} {
		spoil()
		require.Equal(t, "me:first", shown())
		require.Equal(t, "me:first", shown())
		require.Equal(t, 1, strings.Count(said.String(), says), "%s in\n%s", says, said.String())
	}
	require.NotContains(t, strings.ReplaceAll(said.String(), "hunter2.example", ""), "hunter2")
	require.Zero(t, changes())
	write("config.json", auths("a.example", "me:second"))
	require.Equal(t, "me:second", shown())
	require.EqualValues(t, 1, changes())
	write("config.json", `{"auths":{}}`) // as docker logout leaves it
	require.Equal(t, ":", shown())
}

// An authority that is replaced is believed no more, not even on connections that it
// vouched for; a file that is no good leaves the one before.
func TestAuthoritiesAreReplaced(t *testing.T) {
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	one, two := httptest.NewTLSServer(handler), httptest.NewUnstartedServer(handler)
	t.Cleanup(one.Close)
	two.TLS = ownCertificate(t)
	two.StartTLS()
	t.Cleanup(two.Close)
	first, second := pemOf(one), pemOf(two)

	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, first, 0o600))
	files := rotated.New(nil)
	d, err := New(map[string]Config{
		"one.example": {URL: one.URL, CAFile: file}, "two.example": {URL: two.URL, CAFile: file},
	}, Options{Files: files})
	require.NoError(t, err)
	t.Cleanup(d.CloseIdle)
	get := func(host string) error {
		e := d.For(host)
		response, err := client(e).Get(e.URL().String())
		if err == nil {
			require.NoError(t, response.Body.Close())
		}
		return err
	}
	require.NoError(t, get("one.example"))
	require.ErrorContains(t, get("two.example"), "unknown authority")

	for _, spoilt := range [][]byte{nil, first[:len(first)/2], append(bytes.Clone(second), first[:len(first)/2]...), []byte("no PEM")} {
		require.NoError(t, os.WriteFile(file, spoilt, 0o600))
		files.Look()
		require.NoError(t, get("one.example"))
		require.Equal(t, fault.Unreachable, fault.KindOf(get("two.example")))
	}
	require.NoError(t, os.WriteFile(file, second, 0o600))
	files.Look()
	require.ErrorContains(t, get("one.example"), "unknown authority", "it has a connection from before")
	require.NoError(t, get("two.example"))
}

func pemOf(server *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}
