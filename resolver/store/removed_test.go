package store_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/store"
)

// aDirectoryHere puts a directory that holds something in the place of a file.
func aDirectoryHere(t *testing.T, path string) {
	t.Helper()
	require.NoError(t, os.RemoveAll(path))
	require.NoError(t, os.MkdirAll(filepath.Join(path, "below"), 0o700))
}

// Whatever somebody does to the directory of a process that runs, the next write
// puts all of it in place again.
func TestWhatSomebodyRemovedIsWrittenAnew(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, dir string){
		"nothing": func(*testing.T, string) {},
		"all":     func(t *testing.T, dir string) { require.NoError(t, os.RemoveAll(dir)) },
		"all, and made anew": func(t *testing.T, dir string) {
			require.NoError(t, os.RemoveAll(dir))
			require.NoError(t, os.Mkdir(dir, 0o700))
		},
		"the layout": func(t *testing.T, dir string) { require.NoError(t, os.RemoveAll(filepath.Join(dir, "catalog"))) },
		"the blobs": func(t *testing.T, dir string) {
			require.NoError(t, os.RemoveAll(filepath.Join(dir, "catalog/blobs/sha256")))
		},
		"the lock":              func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "lock"))) },
		"a directory for index": func(t *testing.T, dir string) { aDirectoryHere(t, filepath.Join(dir, "catalog/index.json")) },
		"a directory for the newest generation": func(t *testing.T, dir string) {
			aDirectoryHere(t, filepath.Join(dir, "generation-00000000000000000002"))
		},
		"directories for the next generations": func(t *testing.T, dir string) {
			aDirectoryHere(t, filepath.Join(dir, "generation-00000000000000000003"))
			aDirectoryHere(t, filepath.Join(dir, "generation-00000000000000000004"))
		},
		"directories for blobs": func(t *testing.T, dir string) {
			blobs, err := filepath.Glob(filepath.Join(dir, "catalog/blobs/sha256/*"))
			require.NoError(t, err)
			require.NotEmpty(t, blobs)
			for _, blob := range blobs {
				aDirectoryHere(t, blob)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "state")
			s := open(t, dir)
			for range 2 {
				_, err := s.Write(stateOf(1, 1))
				require.NoError(t, err)
			}
			spoil(t, dir)
			for range 2 {
				_, err := s.Write(stateOf(1, 1))
				require.NoError(t, err)
			}
			_, err := store.Open(dir, 0)
			require.ErrorContains(t, err, "another process uses it")
			require.NoError(t, s.Close())
			state, passed := open(t, dir).Load()
			require.Empty(t, passed)
			requireState(t, stateOf(1, 1), state)
		})
	}
}

// Without the lock's file a second process may be started. The first one writes
// no more into what is the second one's now.
func TestADirectoryThatBecameAnothersIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir)
	_, err := first.Write(stateOf(1, 1))
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(dir, "lock")))
	second, err := store.Open(dir, 0)
	require.NoError(t, err)
	_, err = second.Write(stateOf(2, 1))
	require.NoError(t, err)
	before := files(t, dir)
	_, err = first.Write(stateOf(3, 1))
	require.ErrorContains(t, err, "another process uses it")
	require.Equal(t, before, files(t, dir))
	require.NoError(t, second.Close())
	_, err = first.Write(stateOf(3, 1))
	require.NoError(t, err, "the other one has ended")
}

// What stands in the way at the start is named; nobody waits for it.
func TestWhatStandsInTheWay(t *testing.T) {
	for what, c := range map[string]struct {
		put   func(path string) error
		path  string
		words string
	}{
		"a pipe for the lock":      {func(path string) error { return syscall.Mkfifo(path, 0o600) }, "lock", "what is called lock in it is no file"},
		"a directory for the lock": {func(path string) error { return os.Mkdir(path, 0o700) }, "lock", "what is called lock in it is no file"},
		"a link for the lock":      {func(path string) error { return os.Symlink("/dev/zero", path) }, "lock", "what is called lock in it is no file"},
		"a pipe for the layout":    {func(path string) error { return syscall.Mkfifo(path, 0o600) }, "catalog", "/catalog: not a directory"},
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, c.put(filepath.Join(dir, c.path)))
			_, err := store.Open(dir, 0)
			require.True(t, fault.Is(err, fault.Usage), "%v", err)
			require.ErrorContains(t, err, c.words)
		})
	}
}

// A directory is no leftover of ours, and no reason not to start; neither is a
// generation behind which none could come.
func TestNamesLikeOurs(t *testing.T) {
	dir := t.TempDir()
	aDirectoryHere(t, filepath.Join(dir, "tmp-mine"))
	last := "generation-09223372036854775807"
	s := open(t, dir)
	_, err := s.Write(stateOf(1, 1))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, last), nil, 0o600))
	require.NoError(t, s.Close())
	s = open(t, dir)
	_, err = s.Write(stateOf(2, 1))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	state, passed := open(t, dir).Load()
	require.Empty(t, passed)
	requireState(t, stateOf(2, 1), state)
	require.DirExists(t, filepath.Join(dir, "tmp-mine"))
}
