package endpoint

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
)

// dockerHome makes an empty DOCKER_CONFIG, which is also all of the PATH beside
// the system's, and gives a function that writes files there.
func dockerHome(t *testing.T) (write func(name, content string)) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return func(name, content string) {
		t.Helper()
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file+".new", []byte(content), 0o700))
		require.NoError(t, os.Rename(file+".new", file)) // as a mounted secret changes
	}
}

func auths(host, login string) string {
	return `{"auths":{"` + host + `":{"auth":"` + base64.StdEncoding.EncodeToString([]byte(login)) + `"}}}`
}

func TestDockerCredentialsFollowTheFile(t *testing.T) {
	write := dockerHome(t)
	find, _, err := DockerCredentials(nil)
	require.NoError(t, err)
	for _, step := range []struct {
		content string
		want    Credential
	}{
		{"", Credential{}},
		{auths("a.example", "me:first"), Credential{Username: "me", Password: "first"}},
		{auths("a.example", "me:second"), Credential{Username: "me", Password: "second"}},
		{auths("b.example", "me:first"), Credential{}},
		{`{"auths":{"a.example":{"identitytoken":"idt"}}}`, Credential{IdentityToken: "idt"}},
		{`{"auths":{"a.example":{"registrytoken":"rt"}}}`, Credential{RegistryToken: "rt"}},
		{auths("https://a.example/", "me:legacy"), Credential{Username: "me", Password: "legacy"}},
	} {
		if step.content != "" {
			write("config.json", step.content)
		}
		got, err := find(t.Context(), "a.example")
		require.NoError(t, err)
		require.Equal(t, step.want, got)
	}
}

func TestDockerCredentialsRefuseABrokenFile(t *testing.T) {
	write := dockerHome(t)
	write("config.json", `{"auths": hunter2`)
	_, _, err := DockerCredentials(nil)
	require.Equal(t, fault.Usage, fault.KindOf(err))
	require.ErrorContains(t, err, "config.json")
	require.NotContains(t, err.Error(), "hunter2")
}

// oras-go's own message shows the decoded login.
func TestDockerCredentialsNeverShowABrokenEntry(t *testing.T) {
	write := dockerHome(t)
	write("config.json", auths("a.example", "hunter2-without-a-colon"))
	find, _, err := DockerCredentials(nil)
	require.NoError(t, err)
	_, err = find(t.Context(), "a.example")
	require.Equal(t, fault.Usage, fault.KindOf(err))
	require.ErrorContains(t, err, "its entry for a.example cannot be read")
	require.NotContains(t, err.Error(), "hunter2")
}

func TestDockerCredentialsRunHelpers(t *testing.T) {
	write := dockerHome(t)
	write("config.json", `{"credHelpers":{"a.example":"good","b.example":"bad","c.example":"gone"}}`)
	write("docker-credential-good", "#!/bin/sh\necho '{\"Username\":\"me\",\"Secret\":\"hunter2\"}'\n")
	write("docker-credential-bad", "#!/bin/sh\necho 'cannot unlock hunter2'\nexit 1\n")
	find, _, err := DockerCredentials(nil)
	require.NoError(t, err)

	got, err := find(t.Context(), "a.example")
	require.NoError(t, err)
	require.Equal(t, Credential{Username: "me", Password: "hunter2"}, got)

	for addr, helper := range map[string]string{"b.example": "docker-credential-bad", "c.example": "docker-credential-gone"} {
		_, err = find(t.Context(), addr)
		require.Equal(t, fault.Denied, fault.KindOf(err))
		require.ErrorContains(t, err, helper)
		require.NotContains(t, err.Error(), "hunter2")
	}

	got, err = find(t.Context(), "d.example")
	require.NoError(t, err)
	require.Equal(t, Credential{}, got)
}

// A helper's child that keeps its output open must not keep us.
func TestDockerCredentialsDoNotWaitForAHungHelper(t *testing.T) {
	write := dockerHome(t)
	fifo := filepath.Join(t.TempDir(), "never")
	write("config.json", `{"credsStore":"hung"}`)
	write("docker-credential-hung", "#!/bin/sh\nmkfifo '"+fifo+"'\n(read line < '"+fifo+"')\n")
	find, _, err := DockerCredentials(nil)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = find(ctx, "a.example")
	require.Equal(t, fault.Unreachable, fault.KindOf(err))
	// Lets the helper's child go.
	require.Eventually(t, func() bool {
		f, err := os.OpenFile(fifo, os.O_RDWR, 0)
		if err == nil {
			f.WriteString("\n")
			f.Close()
		}
		return err == nil
	}, 5*time.Second, 10*time.Millisecond)
}

func TestEndpointLooksUpByAddress(t *testing.T) {
	write := dockerHome(t)
	write("config.json", auths("mirror.example:5000", "me:pw"))
	find, _, err := DockerCredentials(nil)
	require.NoError(t, err)
	d, err := New(map[string]Config{"a.example": {URL: "https://mirror.example:5000"}}, Options{Credentials: find})
	require.NoError(t, err)

	got, err := d.For("a.example").Credential(t.Context())
	require.NoError(t, err)
	require.Equal(t, "me", got.Username)
	got, err = d.For("b.example").Credential(t.Context())
	require.NoError(t, err)
	require.Equal(t, Credential{}, got)
}
