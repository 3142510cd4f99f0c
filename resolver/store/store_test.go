package store_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/opencontainers/go-digest"
	"github.com/stretchr/testify/require"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/content/oci"

	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/fault"
	"gitlab.wikimedia.org/repos/cloud/toolforge/bayplan/resolver/store"
)

// What was written is what the next process reads, all of it.
func TestWhatIsWrittenIsRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "by", "us")
	s := open(t, dir)
	state, passed := s.Load()
	require.Nil(t, state)
	require.Empty(t, passed)
	for number := range 4 {
		size, err := s.Write(stateOf(number, 20))
		require.NoError(t, err)
		require.Positive(t, size)
	}
	require.NoError(t, s.Close())
	state, passed = open(t, dir).Load()
	require.Empty(t, passed)
	requireState(t, stateOf(3, 20), state)
}

// Little is known at first, and that is kept too.
func TestAStateWithoutMuch(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	_, err := s.Write(&store.State{})
	require.NoError(t, err)
	state, passed := s.Load()
	require.Empty(t, passed)
	requireState(t, &store.State{}, state)
}

// Two generations are kept, and of the layout what they need.
func TestTwoGenerationsAreKept(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for number := range 5 {
		_, err := s.Write(stateOf(number, 1))
		require.NoError(t, err)
	}
	blob := func(number int, name string) string {
		state := stateOf(number, 1)
		d := digest.Digest(state.Catalog.Manifest)
		if name != "" {
			d = digest.FromString(name)
		}
		return "catalog/blobs/sha256/" + d.Encoded()
	}
	require.ElementsMatch(t, []string{
		"lock", "generation-00000000000000000004", "generation-00000000000000000005",
		"catalog/oci-layout", "catalog/index.json", blob(0, "{}"),
		blob(3, ""), blob(3, "the archive of state 3"), blob(4, ""), blob(4, "the archive of state 4"),
	}, files(t, dir))
}

// Tools read the catalog as an OCI image layout.
func TestTheCatalogIsAnImageLayout(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for number := range 2 {
		_, err := s.Write(stateOf(number, 1))
		require.NoError(t, err)
	}
	layout, err := oci.NewFromFS(t.Context(), os.DirFS(filepath.Join(dir, "catalog")))
	require.NoError(t, err)
	for number := range 2 {
		catalog := stateOf(number, 1).Catalog
		desc, err := layout.Resolve(t.Context(), catalog.Manifest)
		require.NoError(t, err)
		below, err := content.Successors(t.Context(), layout, desc)
		require.NoError(t, err)
		for _, one := range below {
			data, err := content.FetchAll(t.Context(), layout, one)
			require.NoError(t, err)
			require.Equal(t, catalog.Contents[one.Digest.String()], data)
		}
	}
	desc, err := layout.Resolve(t.Context(), "1.2.3")
	require.NoError(t, err)
	require.Equal(t, stateOf(1, 1).Catalog.Manifest, desc.Digest.String(), "the newest")
}

// A directory belongs to one process at a time, and the next may have it.
func TestOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	_, err := store.Open(dir, 0)
	require.EqualError(t, err, "open state: "+dir+": another process uses it")
	require.True(t, fault.Is(err, fault.Usage))
	require.NotEmpty(t, fault.HintOf(err))
	require.NoError(t, s.Close())
	open(t, dir)
}

func TestDirectoriesThatCannotBeUsed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := store.Open(file, 0)
	require.True(t, fault.Is(err, fault.Usage), "%v", err)
	_, err = store.Open(filepath.Join(file, "below"), 0)
	require.True(t, fault.Is(err, fault.Usage), "%v", err)
}

// It may tell of what is private: nobody else reads it.
func TestOthersReadNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s := open(t, dir)
	_, err := s.Write(stateOf(1, 1))
	require.NoError(t, err)
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := d.Info()
		require.NoError(t, err)
		if d.Name() != "lock" {
			require.Zero(t, info.Mode().Perm()&0o077, path)
		}
		return nil
	}))
}

// A state that is too large is not written, and what there was stays.
func TestTheSizeIsBounded(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(dir, 10_000)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	_, err = s.Write(stateOf(1, 1))
	require.NoError(t, err)
	before := files(t, dir)
	_, err = s.Write(stateOf(1, 1000))
	require.True(t, fault.Is(err, fault.TooLarge), "%v", err)
	require.Equal(t, before, files(t, dir), "nothing is left of it")
	state, passed := s.Load()
	require.Empty(t, passed)
	requireState(t, stateOf(1, 1), state)
}

// A file that grew beyond all bounds is not read.
func TestALargeFileIsNotRead(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	_, err := s.Write(stateOf(1, 1))
	require.NoError(t, err)
	require.NoError(t, os.Truncate(filepath.Join(dir, "generation-00000000000000000001"), store.DefaultLimit+1))
	state, passed := s.Load()
	require.Nil(t, state)
	require.Len(t, passed, 1)
	require.True(t, fault.Is(passed[0].Err, fault.TooLarge))
}

// What is damaged is said, and the generation before takes its place; the next
// one that is written goes beside that one.
func TestTheGenerationBefore(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for number := range 2 {
		_, err := s.Write(stateOf(number, 3))
		require.NoError(t, err)
	}
	newest := filepath.Join(dir, "generation-00000000000000000002")
	text, err := os.ReadFile(newest)
	require.NoError(t, err)
	text[len(text)/2] ^= 0x10
	require.NoError(t, os.WriteFile(newest, text, 0o600))

	require.NoError(t, s.Close())
	s = open(t, dir)
	state, passed := s.Load()
	requireState(t, stateOf(0, 3), state)
	require.Len(t, passed, 1)
	require.Equal(t, "generation-00000000000000000002", passed[0].File)
	require.True(t, fault.Is(passed[0].Err, fault.Invalid))

	_, err = s.Write(stateOf(7, 3))
	require.NoError(t, err)
	require.NoFileExists(t, newest)
	require.FileExists(t, filepath.Join(dir, "generation-00000000000000000001"))
	state, passed = s.Load()
	require.Empty(t, passed)
	requireState(t, stateOf(7, 3), state)
}

// A catalog that is damaged on disk is neither given nor left so.
func TestADamagedCatalogIsWrittenAnew(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	_, err := s.Write(stateOf(1, 1))
	require.NoError(t, err)
	blob := filepath.Join(dir, "catalog/blobs/sha256", digest.FromString("the archive of state 1").Encoded())
	require.NoError(t, os.WriteFile(blob, []byte("the archive of nobody"), 0o600))
	state, passed := s.Load()
	require.Nil(t, state)
	require.Len(t, passed, 1)
	_, err = s.Write(stateOf(1, 1))
	require.NoError(t, err)
	state, passed = s.Load()
	require.Empty(t, passed)
	requireState(t, stateOf(1, 1), state)
}

// Contents that are not what their digest says are not written.
func TestContentsThatAreSomethingElse(t *testing.T) {
	s := open(t, t.TempDir())
	state := stateOf(1, 1)
	state.Catalog.Contents[state.Catalog.Manifest] = []byte("{}")
	_, err := s.Write(state)
	require.Error(t, err)
	state.Catalog.Contents = map[string][]byte{"../../lock": nil}
	_, err = s.Write(state)
	require.Error(t, err)
}

// Another version's format is passed over, with a word on what it is.
func TestAnotherFormat(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	_, err := s.Write(stateOf(1, 1))
	require.NoError(t, err)
	newer := "bayplan-state 2\n" + string(make([]byte, 64))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "generation-00000000000000000002"), []byte(newer), 0o600))
	state, passed := s.Load()
	requireState(t, stateOf(1, 1), state)
	require.Len(t, passed, 1)
	require.True(t, fault.Is(passed[0].Err, fault.Unsupported))
	require.EqualError(t, passed[0].Err, "read state: generation-00000000000000000002: it is of format 2, and this Bayplan reads format 1")
}

// What a crash left is removed; what somebody else put there is not ours.
func TestLeftovers(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tmp-1234"), []byte("half"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "generation-7"), []byte("no number of ours"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "generation-00000000000000000009"), 0o700))
	s := open(t, dir)
	require.NoFileExists(t, filepath.Join(dir, "tmp-1234"))
	state, passed := s.Load()
	require.Nil(t, state)
	require.Len(t, passed, 1, "a directory is no file")
	_, err := s.Write(stateOf(1, 1))
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(dir, "generation-7"))
	state, _ = s.Load()
	requireState(t, stateOf(1, 1), state)
}
