package main

import (
	"archive/tar"
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

// stranger is a user that nobody knows.
const stranger = "54321:54321"

// contained makes the command that runs the image's program in the image's file
// system: read-only, as somebody whom no file there names, with an environment of
// the image's alone, and without /proc, /dev and all else of the machine.
func contained(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	for _, name := range []string{"unshare", "chroot", "mount"} {
		registrytest.Tool(t, name)
	}
	if os.Geteuid() != 0 {
		if os.Getenv(registrytest.RequireTools) == "1" {
			t.Fatal("this needs to be root, to change the root")
		}
		t.Skip("only root can change the root")
	}
	image := built(t).native(t)
	root := t.TempDir()
	require.NoError(t, os.Chmod(root, 0o755))
	for name, f := range filesOf(t, image) {
		if f.Typeflag == tar.TypeDir {
			require.NoError(t, os.MkdirAll(filepath.Join(root, name), 0o755))
			continue
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), f.content, f.FileInfo().Mode()))
	}
	config, err := image.ConfigFile()
	require.NoError(t, err)
	const enter = `mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 99
! touch "$1/tmp/file" 2>/dev/null || exit 98
root=$1; shift
exec env -i "$@"`
	line := append([]string{"--mount", "sh", "-c", enter, "sh", root}, config.Config.Env...)
	line = append(line, "/usr/sbin/chroot", "--userspec="+stranger, root)
	return exec.CommandContext(t.Context(), "unshare", append(append(line, config.Config.Entrypoint...), args...)...)
}

func TestContainerServesTheDemo(t *testing.T) {
	cmd := contained(t, "serve", "--demo", "--listen", "127.0.0.1:0", "--log-level", "info")
	out, err := cmd.StderrPipe()
	require.NoError(t, err)
	cmd.Stdout = io.Discard
	require.NoError(t, cmd.Start())
	defer func() { _ = cmd.Process.Kill() }()
	var said strings.Builder
	address := ""
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if found := regexp.MustCompile(`msg=listening address=(\S+)`).FindStringSubmatch(lines.Text()); found != nil {
			address = found[1]
			break
		}
	}
	require.NotEmpty(t, address, said.String())
	go func() { _, _ = io.Copy(io.Discard, out) }()

	status, err := os.ReadFile("/proc/" + processOf(t, cmd) + "/status")
	require.NoError(t, err)
	require.Regexp(t, `(?m)^Uid:\t54321\t54321\t54321\t54321$`, string(status))
	require.Regexp(t, `(?m)^CapEff:\t0000000000000000$`, string(status))

	require.Eventually(t, func() bool { return get(t, address+"/v1/readyz", nil) == http.StatusOK }, 30*time.Second, 50*time.Millisecond)
	var list struct {
		Images []struct {
			Exists *bool `json:"exists"`
		} `json:"images"`
	}
	require.Equal(t, http.StatusOK, get(t, address+"/v1/images?type=standard", &list))
	require.Len(t, list.Images, 41)
	require.NotNil(t, list.Images[0].Exists)

	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait())
}

// processOf is the process that the command has become: each of the programs in
// between replaces itself.
func processOf(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	name, err := os.ReadFile("/proc/" + pid(cmd) + "/comm")
	require.NoError(t, err)
	require.Equal(t, "bayplan\n", string(name))
	return pid(cmd)
}

func pid(cmd *exec.Cmd) string { return jsonOf(cmd.Process.Pid) }

func jsonOf(value any) string {
	text, _ := json.Marshal(value) // numbers always are
	return string(text)
}

func get(t *testing.T, address string, into any) (status int) {
	t.Helper()
	response, err := (&http.Client{Timeout: 10 * time.Second}).Get(address)
	if err != nil {
		return 0
	}
	defer func() { _ = response.Body.Close() }()
	if into != nil {
		require.NoError(t, json.NewDecoder(response.Body).Decode(into))
	}
	return response.StatusCode
}

// What the program says of itself is what the image's labels say.
func TestContainerTellsItsVersion(t *testing.T) {
	cmd := contained(t, "version", "-o", "json")
	out, err := cmd.Output()
	require.NoError(t, err)
	var said struct {
		Version, Revision, Go, Platform string
		Modified                        bool
	}
	require.NoError(t, json.Unmarshal(out, &said))
	config, err := built(t).native(t).ConfigFile()
	require.NoError(t, err)
	require.Equal(t, config.Config.Labels["org.opencontainers.image.version"], said.Version)
	require.Equal(t, config.Config.Labels["org.opencontainers.image.revision"], said.Revision)
	require.False(t, said.Modified)
	require.Equal(t, nativePlatform, said.Platform)
	require.Equal(t, run(t, "go", "env", "GOVERSION"), said.Go)
}
