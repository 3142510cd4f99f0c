package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The same source gives the same digest in another folder, and in an environment
// that would change what Go makes.
func TestSameSourceSameDigest(t *testing.T) {
	before := built(t)
	t.Setenv("GOFLAGS", "-tags=other -buildvcs=false")
	t.Setenv("GOAMD64", "v3")
	t.Setenv("CGO_ENABLED", "1")
	t.Setenv("TZ", "Asia/Kathmandu")
	again, err := buildIn(t, first.sources[1])
	require.NoError(t, err)
	require.Equal(t, digestOf(t, before), digestOf(t, again))
	for i := range before.referrers {
		want, err := before.referrers[i].Digest()
		require.NoError(t, err)
		got, err := again.referrers[i].Digest()
		require.NoError(t, err)
		require.Equal(t, want, got)
	}

	// The archive is the same, too.
	dir := t.TempDir()
	one, other := filepath.Join(dir, "one.tar"), filepath.Join(dir, "other.tar")
	require.NoError(t, before.write(one))
	require.NoError(t, again.write(other))
	want, err := os.ReadFile(one)
	require.NoError(t, err)
	got, err := os.ReadFile(other)
	require.NoError(t, err)
	require.True(t, string(want) == string(got), "the archives differ")
	require.ErrorIs(t, before.write(one), os.ErrExist)
}

// Another source has another digest, and says that it was changed.
func TestChangedSourceIsNotBuiltUnawares(t *testing.T) {
	before := built(t)
	source := sourceIn(t, t.TempDir())
	require.NoError(t, os.WriteFile(filepath.Join(source, "LICENSE"), []byte("another one"), 0o644))
	_, err := buildIn(t, source)
	require.ErrorContains(t, err, "changes that are not committed")

	t.Setenv("SOURCE_DATE_EPOCH", "")
	o := options{source: source, platforms: []string{nativePlatform}, anyRevision: true}
	made, err := o.build(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, digestOf(t, before), digestOf(t, made))
	config, err := made.native(t).ConfigFile()
	require.NoError(t, err)
	said := config.Config.Labels
	require.Equal(t, git(t, source, "rev-parse", "HEAD")+"+dirty", said["org.opencontainers.image.revision"])
	require.Regexp(t, `^v0\.0\.0-20260714\d{6}-[0-9a-f]{12}\+dirty$`, said["org.opencontainers.image.version"])
	require.Equal(t, "2026-07-14T03:33:20Z", said["org.opencontainers.image.created"])

	require.NoError(t, os.RemoveAll(filepath.Join(source, ".git")))
	o.anyRevision = false
	_, err = o.build(t.Context())
	require.ErrorContains(t, err, "no commit")
}

func TestWhatCannotBeBuiltIsSaid(t *testing.T) {
	for says, o := range map[string]options{
		"nothing is wanted":               {source: "../.."},
		"not written like linux/amd64":    {source: "../..", output: t.TempDir() + "/x", platforms: []string{"linux"}},
		"the source of bayplan is not":    {source: t.TempDir(), output: t.TempDir() + "/x"},
		"not written like harbor.example": {source: "../..", push: []string{"bayplan"}},
	} {
		_, err := o.run(t.Context())
		require.ErrorContains(t, err, says)
	}
	t.Setenv("SOURCE_DATE_EPOCH", "yesterday")
	_, err := timeOf(&program{})
	require.ErrorContains(t, err, "SOURCE_DATE_EPOCH")
}
