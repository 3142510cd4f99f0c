package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A file that is rewritten keeps its rights, and a link to it goes on to be one.
func TestRewriteFile(t *testing.T) {
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real.yaml"), filepath.Join(dir, "link.yaml")
	require.NoError(t, os.WriteFile(real, []byte("old"), 0o600))
	require.NoError(t, os.Symlink("real.yaml", link))
	require.NoError(t, rewriteFile(link, []byte("old"), []byte("new")))
	text, err := os.ReadFile(real)
	require.NoError(t, err)
	require.Equal(t, "new", string(text))
	info, err := os.Lstat(real)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	target, err := os.Readlink(link)
	require.NoError(t, err)
	require.Equal(t, "real.yaml", target)
	require.ErrorContains(t, rewriteFile(link, []byte("old"), []byte("newer")), "somebody else changed it meanwhile")
	text, err = os.ReadFile(real)
	require.NoError(t, err)
	require.Equal(t, "new", string(text), "what somebody else wrote stays")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 2, "nothing is left beside it")

	require.ErrorIs(t, rewriteFile(filepath.Join(dir, "none"), nil, nil), os.ErrNotExist)
}
