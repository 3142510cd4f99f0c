package rotated_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/rotated"
)

// words takes a file of one line that ends, as a stand-in for whatever is followed.
func words(content []byte) (string, error) {
	if content == nil {
		return "none", nil
	}
	line, whole := strings.CutSuffix(string(content), "\n")
	if !whole {
		return "", errors.New("the line has no end")
	}
	return line, nil
}

// followed is a file that is followed, and what the log says of it.
type followed struct {
	t    *testing.T
	path string
	said bytes.Buffer
	all  *rotated.Files
	file *rotated.File[string]
}

func follow(t *testing.T, optional bool, first string) *followed {
	t.Helper()
	f := &followed{t: t, path: filepath.Join(t.TempDir(), "secret")}
	if first != "" {
		f.write(first)
	}
	f.all = rotated.New(slog.New(slog.NewTextHandler(&f.said, nil)))
	var err error
	f.file, err = rotated.Follow(f.all, f.source(optional), words)
	require.NoError(t, err)
	return f
}

func (f *followed) source(optional bool) rotated.Source {
	return rotated.Source{What: "--secret", Path: f.path, MaxBytes: 64, Optional: optional}
}

func (f *followed) write(text string) {
	require.NoError(f.t, os.WriteFile(f.path, []byte(text), 0o600))
}

func (f *followed) warned() int { return strings.Count(f.said.String(), "level=WARN") }

// A file is looked at again after a while, and not before; what is no good leaves
// what was there, and is said once for each way of being no good.
func TestAFileIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, false, "first\n")
		f.write("second\n")
		require.Equal(t, "first", f.file.Now(), "it was looked at a moment ago")
		require.Zero(t, f.file.Changes())
		time.Sleep(rotated.Every)
		require.Equal(t, "second", f.file.Now())
		require.EqualValues(t, 1, f.file.Changes())

		for n, spoil := range []func(){
			func() { f.write("half") },
			func() { f.write("") },
			func() { require.NoError(t, os.Remove(f.path)) },
			func() { require.NoError(t, os.Mkdir(f.path, 0o700)) },
			func() { require.NoError(t, os.Remove(f.path)); f.write(strings.Repeat("x", 64) + "\n") },
		} {
			spoil()
			for range 3 {
				time.Sleep(rotated.Every)
				require.Equal(t, "second", f.file.Now())
			}
			require.Equal(t, n+1, f.warned(), f.said.String())
		}
		require.EqualValues(t, 1, f.file.Changes())
		require.NotContains(t, f.said.String(), "half")

		f.write("second\n") // as it was: no change, and what comes after it is said again
		time.Sleep(rotated.Every)
		require.Equal(t, "second", f.file.Now())
		require.EqualValues(t, 1, f.file.Changes())
		f.write("half")
		time.Sleep(rotated.Every)
		require.Equal(t, "second", f.file.Now())
		require.Equal(t, 6, f.warned())

		f.write("third\n")
		f.all.Look()
		require.Equal(t, "third", f.file.Now(), "at once")
		require.EqualValues(t, 2, f.file.Changes())
		require.Contains(t, f.said.String(), `level=INFO msg="a file was replaced, and is in use" what=--secret file=`+f.path)
	})
}

// A file that may be missing is taken when it comes, and is not missing again.
func TestAFileThatComes(t *testing.T) {
	f := follow(t, true, "")
	require.Equal(t, "none", f.file.Now())
	f.all.Look()
	require.Zero(t, f.file.Changes(), "it is still missing")
	f.write("first\n")
	f.all.Look()
	require.Equal(t, "first", f.file.Now())
	require.NoError(t, os.Remove(f.path))
	f.all.Look()
	require.Equal(t, "first", f.file.Now())
	require.Contains(t, f.said.String(), `level=WARN msg="a file cannot be used as it is now; what it held before stays in use" what=--secret file=`+f.path+` error="no such file or directory"`)
}

// At first there is nothing to stay with.
func TestAFileThatIsNoGoodAtFirst(t *testing.T) {
	f := &followed{t: t, path: filepath.Join(t.TempDir(), "secret")}
	for says, spoil := range map[string]func(){
		"no such file":       func() {},
		"the line has":       func() { f.write("half") },
		"more than 64 bytes": func() { f.write(strings.Repeat("x", 65)) },
		"it is no file":      func() { require.NoError(t, os.Mkdir(f.path, 0o700)) },
	} {
		_ = os.Remove(f.path)
		spoil()
		_, err := rotated.Follow(nil, f.source(false), words)
		require.ErrorContains(t, err, says)
	}
}

// A pipe, as a shell's <(…) is one, can be read once.
func TestAPipeIsReadOnce(t *testing.T) {
	f := &followed{t: t, path: filepath.Join(t.TempDir(), "pipe")}
	require.NoError(t, syscall.Mkfifo(f.path, 0o600))
	go func() { _ = os.WriteFile(f.path, []byte("first\n"), 0o600) }() // ends when it was read
	all := rotated.New(nil)
	file, err := rotated.Follow(all, f.source(false), words)
	require.NoError(t, err)
	all.Look()
	require.Equal(t, "first", file.Now())
	require.Zero(t, file.Changes())

	// One that comes in a file's place is not waited for.
	g := follow(t, false, "first\n")
	require.NoError(t, os.Remove(g.path))
	require.NoError(t, syscall.Mkfifo(g.path, 0o600))
	g.all.Look()
	require.Equal(t, "first", g.file.Now())
	require.Contains(t, g.said.String(), "it is no file")
}
