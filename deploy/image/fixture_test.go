package main

import (
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/registrytest"
)

var (
	fresh     = flag.Bool("fresh", false, "compile each image from nothing, without what the go command has kept")
	platforms = flag.String("platforms", "linux/"+runtime.GOARCH, "platforms to build for, with commas between them")
)

// epoch is the time in every image of a test.
const epoch = "1785000000"

// first is the image that the tests look at. It takes a minute where nothing is
// compiled yet, and seconds otherwise. sources are two copies of what lies here,
// made at the same time.
var first struct {
	once    sync.Once
	sources [2]string
	product *product
	err     error
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, dir := range first.sources {
		_ = os.RemoveAll(dir) // it may never have been made
	}
	os.Exit(code)
}

// built gives the image of the source as it lies here.
func built(t *testing.T) *product {
	t.Helper()
	registrytest.Tool(t, "git")
	first.once.Do(func() {
		for i, name := range []string{"bayplan-source-", "bayplan-elsewhere-and-longer-"} {
			dir, err := os.MkdirTemp("", name)
			require.NoError(t, err)
			first.sources[i] = sourceIn(t, dir)
		}
		first.product, first.err = buildIn(t, first.sources[0])
	})
	require.NoError(t, first.err)
	return first.product
}

func buildIn(t *testing.T, source string) (*product, error) {
	t.Helper()
	t.Setenv("SOURCE_DATE_EPOCH", epoch)
	if *fresh {
		t.Setenv("GOCACHE", t.TempDir())
	}
	o := options{source: source, version: "1.2.3", platforms: strings.Split(*platforms, ",")}
	return o.build(t.Context())
}

// sourceIn makes a git clone of what lies here, whether it is committed or not:
// the same files have the same commit.
func sourceIn(t *testing.T, dir string) string {
	t.Helper()
	const here = "../.."
	require.NoError(t, filepath.WalkDir(here, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(here, path)
		switch {
		case err != nil:
			return err
		case entry.Name() == ".git" && entry.IsDir():
			return fs.SkipDir
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(dir, name), 0o755)
		case !entry.Type().IsRegular() || entry.Name() == ".git" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, name), content, 0o644)
	}))
	git(t, dir, "init", "--quiet", "--initial-branch=main")
	git(t, dir, "add", "--all", "--force")
	git(t, dir, "commit", "--quiet", "--message=as it lies here")
	return dir
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=test", "GIT_AUTHOR_EMAIL=test@example.org", "GIT_AUTHOR_DATE=1784000000 +0000",
		"GIT_COMMITTER_NAME=test", "GIT_COMMITTER_EMAIL=test@example.org", "GIT_COMMITTER_DATE=1784000000 +0000")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "git %v: %s", args, out)
	return strings.TrimSpace(string(out))
}

// native gives the image for this machine.
func (made *product) native(t *testing.T) v1.Image {
	t.Helper()
	manifest, err := made.index.IndexManifest()
	require.NoError(t, err)
	for _, m := range manifest.Manifests {
		if m.Platform.OS == "linux" && m.Platform.Architecture == runtime.GOARCH {
			image, err := made.index.Image(m.Digest)
			require.NoError(t, err)
			return image
		}
	}
	t.Fatalf("there is no image for linux/%s", runtime.GOARCH)
	return nil
}

func digestOf(t *testing.T, made *product) string {
	t.Helper()
	digest, err := made.index.Digest()
	require.NoError(t, err)
	return digest.String()
}

// run runs a program and gives what it prints.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	require.NoError(t, err, "%s %v: %s", name, args, out)
	return strings.TrimSpace(string(out))
}
